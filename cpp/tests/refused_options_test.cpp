#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/parsed.h"
#include "tests/testing.h"

namespace torchferry::refused_options_test {

namespace {

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

TEST_SUITE_BEGIN("refused options");

TEST_CASE("a number has bounds, which it may reach") {
  for (const auto& counted : kCounted) {
    const auto& [name, most, beyond] = counted;
    CAPTURE(counted.name);
    const auto then = name == "--batch" ? "a.png" : "--json";
    CHECK_NOTHROW(static_cast<void>(parsed({"net.pt", name, "1", then})));
    CHECK_NOTHROW(static_cast<void>(parsed({"net.pt", name, most, then})));
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

TEST_CASE("what stands before --help must be right") {
  CHECK(refused({"--nonsense", "--help"}) == "2: unknown option '--nonsense'");
}

TEST_SUITE_END();

}  // namespace torchferry::refused_options_test
