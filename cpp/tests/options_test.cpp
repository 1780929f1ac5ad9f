#include "app/options.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "tests/parsed.h"
#include "tests/testing.h"

namespace torchferry::options_test {

namespace {}  // namespace

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
