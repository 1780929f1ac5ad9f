#include "app/options.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "tests/testing.h"

namespace torchferry::options_test {

namespace {

using Words = std::vector<std::string>;

Options parsed(Words words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size());
  for (auto& word : words) pointers.push_back(word.data());
  return parse_options(pointers);
}

/// How these words are refused, without the hint at --help that every refusal ends with.
std::string refused(const Words& words) {
  constexpr std::string_view kHint = "; see ts-infer --help";
  auto text = refusal([&] { return parsed(words); });
  CHECK(text.ends_with(kHint));
  return text.substr(0, text.size() - std::min(kHint.size(), text.size()));
}

/// An option that takes a number, and the most that it may be.
struct Counted {
  std::string name;
  std::string most;
  std::string beyond;
};

const std::array kCounted{
    Counted{"--top-k", "1000000", "1000001"},
    Counted{"--batch", "1000000", "1000001"},
    Counted{"--threads", "1024", "1025"},
    Counted{"--benchmark", "1000000", "1000001"},
};

}  // namespace

TEST_SUITE_BEGIN("options");

TEST_CASE("an archive alone leaves everything at its default") {
  const auto options = parsed({"net.pt"});
  CHECK(options.archive == "net.pt");
  CHECK(options.pictures.empty());
  CHECK(options.inputs.empty());
  CHECK(options.order.empty());
  CHECK(options.outputs.empty());
  CHECK_FALSE(options.benchmark.has_value());
  CHECK(options.top_k == 5);
  CHECK(options.batch == 1);
  CHECK(options.threads == 0);
  CHECK(options.precision == Precision::float32);
  CHECK_FALSE(options.form.has_value());
  CHECK(options.method == "forward");
  for (const bool on : {options.json, options.taps, options.info, options.help, options.version})
    CHECK_FALSE(on);
}

TEST_CASE("what follows the archive are pictures, in their order") {
  CHECK(parsed({"net.pt", "b.png", "-", "a.jpg", "b.png"}).pictures == Words{"b.png", "-", "a.jpg", "b.png"});
}

TEST_CASE("options may stand anywhere") {
  const auto options = parsed({"--json", "net.pt", "--top-k", "2", "a.png", "--batch=3", "b.png"});
  CHECK(options.json);
  CHECK(options.top_k == 2);
  CHECK(options.batch == 3);
  CHECK(options.archive == "net.pt");
  CHECK(options.pictures == Words{"a.png", "b.png"});
}

TEST_CASE("a value is the next word or what follows =") {
  for (const bool joined : {false, true}) {
    CAPTURE(joined);
    const auto with = [&](const std::string& name, const std::string& value) {
      return joined ? Words{name + "=" + value} : Words{name, value};
    };
    const auto read = [&](const std::string& name, const std::string& value, Words others = {}) {
      Words words{"net.pt"};
      std::ranges::copy(others, std::back_inserter(words));
      std::ranges::copy(with(name, value), std::back_inserter(words));
      return parsed(words);
    };
    CHECK(read("--top-k", "7").top_k == 7);
    CHECK(read("--batch", "8", {"a.png"}).batch == 8);
    CHECK(read("--threads", "9").threads == 9);
    CHECK(read("--benchmark", "10").benchmark == 10);
    CHECK(read("--precision", "bfloat16").precision == Precision::bfloat16);
    CHECK(read("--precision", "float32").precision == Precision::float32);
    CHECK(read("--form", "fused").form == Form::fused);
    CHECK(read("--form", "frozen").form == Form::frozen);
    CHECK(read("--form", "plain").form == Form::plain);
    CHECK(read("--device", "cpu").archive == "net.pt");
    CHECK(read("--inputs", "in=1.pt").inputs == "in=1.pt");
    CHECK(read("--method", "embed", {"--inputs", "in.pt"}).method == "embed");
    CHECK(read("--outputs", "out.pt", {"--inputs", "in.pt"}).outputs == "out.pt");
    CHECK(read("--order", "2,0", {"--inputs", "in.pt"}).order == std::vector<std::size_t>{2, 0});
  }
}

TEST_CASE("each switch turns on its own") {
  CHECK(parsed({"net.pt", "--json"}).json);
  CHECK(parsed({"net.pt", "--info"}).info);
  CHECK(parsed({"net.pt", "--inputs", "in.pt", "--outputs", "out.pt", "--taps"}).taps);
  const auto options = parsed({"net.pt", "--json"});
  CHECK_FALSE(options.info);
  CHECK_FALSE(options.taps);
}

TEST_CASE("--plain is the plain form, and of several the last counts") {
  CHECK(parsed({"net.pt", "--plain"}).form == Form::plain);
  CHECK(parsed({"net.pt", "--plain", "--form", "fused"}).form == Form::fused);
  CHECK(parsed({"net.pt", "--form=fused", "--plain"}).form == Form::plain);
  CHECK(parsed({"net.pt", "--top-k=1", "--top-k=2"}).top_k == 2);
}

TEST_CASE("after -- every word is a name") {
  const auto options = parsed({"--json", "--", "--archive.pt", "-x", "--json=1", "-", "--"});
  CHECK(options.json);
  CHECK(options.archive == "--archive.pt");
  CHECK(options.pictures == Words{"-x", "--json=1", "-", "--"});
}

TEST_CASE("the word after an option is its value, whatever it looks like") {
  CHECK(parsed({"net.pt", "--inputs", "--"}).inputs == "--");
  CHECK(parsed({"net.pt", "--inputs", "--json"}).inputs == "--json");
  CHECK_FALSE(parsed({"net.pt", "--inputs", "--json"}).json);
}

TEST_CASE("--help and --version need nothing else and end the reading") {
  CHECK(parsed({"--help"}).help);
  CHECK(parsed({"-h"}).help);
  CHECK(parsed({"--version"}).version);
  CHECK(parsed({"--help", "--nonsense"}).help);
  CHECK(parsed({"--version", "--top-k"}).version);
  CHECK(refused({"--nonsense", "--help"}) == "2: unknown option '--nonsense'");
}

TEST_CASE("a number has bounds, which it may reach") {
  for (const auto& [name, most, beyond] : kCounted) {
    CAPTURE(name);
    CHECK_NOTHROW(parsed({"net.pt", name, "1", name == "--batch" ? "a.png" : "--json"}));
    CHECK_NOTHROW(parsed({"net.pt", name, most, name == "--batch" ? "a.png" : "--json"}));
    for (const auto& value : {std::string("0"), beyond, std::string("18446744073709551616")}) {
      CHECK(refused({"net.pt", name, value}) ==
            "2: " + name + " is '" + value + "', expected a number from 1 to " + most);
    }
  }
}

TEST_CASE("a number is digits and no more") {
  for (const auto& counted : kCounted) {
    for (const std::string value :
         {"-1", "+1", " 1", "1 ", "1x", "x", "1.0", "0x10", "1,2", "1e3", "\xC2\xB2"}) {
      CAPTURE(counted.name);
      CHECK(refused({"net.pt", counted.name + "=" + value}) ==
            "2: " + counted.name + " is '" + value + "', expected a number from 1 to " + counted.most);
    }
  }
}

TEST_CASE("an order is numbers from 0 with commas between") {
  using Order = std::vector<std::size_t>;
  const auto order = [](const std::string& text) {
    return parsed({"net.pt", "--inputs=in.pt", "--order=" + text}).order;
  };
  CHECK(order("0") == Order{0});
  CHECK(order("2,0,1") == Order{2, 0, 1});
  CHECK(order("3,3,3") == Order{3, 3, 3});
  CHECK(order("007,18446744073709551615") == Order{7, 18446744073709551615U});
}

TEST_CASE("an order that is something else is refused") {
  for (const std::string text :
       {",", "1,", ",1", "1,,2", "-1", "1;2", "1, 2", " 1", "a", "1-3", "18446744073709551616", "1,2x"}) {
    CHECK(refused({"net.pt", "--inputs=in.pt", "--order", text}) ==
          "2: --order is '" + text + "', expected numbers with commas between, such as 2,0,1");
  }
}

TEST_CASE("a word that is none of those expected is refused") {
  for (const std::string word : {"float16", "FLOAT32", "bfloat", "float32 "}) {
    CHECK(refused({"net.pt", "--precision", word}) ==
          "2: --precision is '" + word + "', expected float32 or bfloat16");
  }
  for (const std::string word : {"once", "Fused", "fuse", "plain,fused"}) {
    CHECK(refused({"net.pt", "--form", word}) ==
          "2: --form is '" + word + "', expected fused, frozen or plain");
  }
  for (const std::string word : {"cuda", "CPU", "cpu:0"}) {
    CHECK(refused({"net.pt", "--device", word}) ==
          "2: --device is '" + word + "'; this ts-infer runs on the cpu alone");
  }
}

TEST_CASE("an option that has a value is refused without one") {
  for (const std::string name : {"--top-k", "--batch", "--threads", "--precision", "--form", "--method",
                                 "--device", "--inputs", "--order", "--outputs", "--benchmark"}) {
    CAPTURE(name);
    CHECK(refused({"net.pt", name}) == "2: " + name + " needs a value");
    CHECK(refused({"net.pt", name, ""}) == "2: " + name + " needs a value");
    CHECK(refused({"net.pt", name + "="}) == "2: " + name + " needs a value");
  }
}

TEST_CASE("an option that is not known is refused by its whole word") {
  for (const std::string word : {"--nonsense", "-x", "-k5", "--top", "--Json", "--json=1", "--plain=yes",
                                 "--=", "--=1", "---", "--nonsense=5", "-json"}) {
    CHECK(refused({"net.pt", word}) == "2: unknown option '" + word + "'");
  }
}

TEST_CASE("an empty word is no name") {
  CHECK(refused({""}) == "2: an empty word given, expected an archive or a picture");
  CHECK(refused({"net.pt", ""}) == "2: an empty word given, expected an archive or a picture");
  CHECK(refused({"--", ""}) == "2: an empty word given, expected an archive or a picture");
}

TEST_CASE("without an archive there is nothing to do") {
  CHECK(refused({}) == "2: no archive given");
  CHECK(refused({"--json", "--threads", "2"}) == "2: no archive given");
  CHECK(refused({"--"}) == "2: no archive given");
}

TEST_CASE("options that exclude each other are refused by name") {
  const std::vector<std::pair<Words, std::string>> cases{
      {{"--inputs", "i", "a.png", "b.png"}, "--inputs and pictures exclude each other: 'a.png'"},
      {{"--order", "1"}, "--order needs --inputs"},
      {{"--order", "1", "a.png"}, "--order needs --inputs"},
      {{"--outputs", "o"}, "--outputs needs --inputs or pictures"},
      {{"--taps"}, "--taps needs --inputs and --outputs"},
      {{"--taps", "--inputs", "i"}, "--taps needs --inputs and --outputs"},
      {{"--taps", "--outputs", "o", "a.png"}, "--taps needs --inputs and --outputs"},
      {{"--batch", "2"}, "--batch needs pictures; a sample's batch is its own"},
      {{"--batch", "2", "--inputs", "i"}, "--batch needs pictures; a sample's batch is its own"},
      {{"--benchmark", "3", "a.png"}, "--benchmark takes --inputs, or ones, and no pictures"},
      {{"--benchmark", "3", "--inputs", "i", "--outputs", "o"},
       "--benchmark and --outputs exclude each other"},
      {{"--method", "embed"}, "--method needs --inputs"},
      {{"--method", "embed", "a.png"}, "--method needs --inputs"},
      {{"--method", "embed", "--inputs", "i", "--outputs", "o", "--taps"},
       "--taps looks into forward alone: give no --method"},
      {{"--info", "a.png"}, "--info runs nothing: give the archive alone"},
      {{"--info", "--inputs", "i"}, "--info runs nothing: give the archive alone"},
      {{"--info", "--benchmark", "3"}, "--info runs nothing: give the archive alone"},
  };
  for (const auto& [others, expected] : cases) {
    Words words{"net.pt"};
    std::ranges::copy(others, std::back_inserter(words));
    CHECK(refused(words) == "2: " + expected);
  }
}

TEST_CASE("options that go together are taken") {
  CHECK(parsed({"net.pt", "a.png", "--outputs", "o"}).outputs == "o");
  CHECK(parsed({"net.pt", "--batch", "1"}).batch == 1);
  CHECK(parsed({"net.pt", "--method", "forward"}).method == "forward");
  CHECK(parsed({"net.pt", "--benchmark", "3", "--inputs", "i", "--method", "embed"}).benchmark == 3);
  CHECK(parsed({"net.pt", "--info", "--json"}).info);
}

TEST_CASE("--help tells of every option") {
  for (const std::string_view name :
       {"--top-k K", "--json", "--batch N", "--threads N", "--precision P", "--device D", "--form F",
        "--plain", "--inputs FILE", "--method M", "--order I", "--outputs FILE", "--taps", "--benchmark N",
        "--info", "--help", "--version"}) {
    CAPTURE(name);
    CHECK(kUsage.find(name) != std::string_view::npos);
  }
}

TEST_SUITE_END();

}  // namespace torchferry::options_test
