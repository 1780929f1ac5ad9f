#include "app/report.h"

#include <cmath>
#include <memory>
#include <sstream>
#include <string>

#include "tests/testing.h"

namespace torchferry::report_test {

namespace {

const Metadata kNamed{
    .inputs = {}, .categories = {"cat", "dog \"Rex\""}, .notice = {}, .form = {}, .record = {}, .about = {}};

/// What a report says of a result.
std::string said(decltype(text_report)& report, const Subject& subject, const Result& result,
                 const Metadata& metadata = kNamed) {
  std::ostringstream out;
  report(out, metadata)->show(subject, result);
  return out.str();
}

std::string failed(decltype(text_report)& report, const Subject& subject, const std::string& why) {
  std::ostringstream out;
  report(out, kNamed)->show_failure(subject, why);
  return out.str();
}

Result ranked(std::vector<Ranking> rankings) { return {"float32[1, 4]", std::move(rankings), nullptr}; }

}  // namespace

TEST_SUITE_BEGIN("report");

TEST_CASE("for people a picture is its name and a line for each class") {
  CHECK(said(text_report, {0, "cat.jpg"}, ranked({{{1, 0.75}, {0, 0.25}}})) ==
        "cat.jpg\n  0.7500     1  dog \"Rex\"\n  0.2500     0  cat\n");
}

TEST_CASE("for people a class without a name is its number") {
  CHECK(said(text_report, {0, "a"}, ranked({{{2, 1}}})) == "a\n  1.0000     2  class 2\n");
  CHECK(said(text_report, {0, "a"}, ranked({{{12345, 0.00004}}}), {}) == "a\n  0.0000  12345  class 12345\n");
}

TEST_CASE("for people a sample is its place, and several rows are counted") {
  CHECK(said(text_report, {3, ""}, ranked({{{0, 1}}, {{1, 0.5}}})) ==
        "sample 3\n  row 0\n  1.0000     0  cat\n  row 1\n  0.5000     1  dog \"Rex\"\n");
}

TEST_CASE("for people what holds no scores is told by its form") {
  CHECK(said(text_report, {0, ""}, {"tuple", {}, nullptr}) ==
        "sample 0\n  tuple, no class scores: write it with --outputs\n");
}

TEST_CASE("for people a failure is said elsewhere") {
  CHECK(failed(text_report, {0, "a.png"}, "it is gone").empty());
}

TEST_CASE("for programs a picture is a line of JSON") {
  CHECK(
      said(json_report, {2, "a \"b\".jpg"}, ranked({{{1, 0.75}, {0, 0.25}}})) ==
      R"({"sample":2,"source":"a \"b\".jpg","output":"float32[1, 4]","rows":[[)"
      R"({"label":1,"name":"dog \"Rex\"","probability":0.75},{"label":0,"name":"cat","probability":0.25}]]})"
      "\n");
}

TEST_CASE("for programs a sample has no source, and a class perhaps no name") {
  CHECK(said(json_report, {0, ""}, ranked({{{2, 1}}, {{-1, 0.5}}})) ==
        R"({"sample":0,"source":null,"output":"float32[1, 4]","rows":[[)"
        R"({"label":2,"name":null,"probability":1}],[{"label":-1,"name":null,"probability":0.5}]]})"
        "\n");
}

TEST_CASE("for programs what is no number is null, and no row an empty list") {
  CHECK(said(json_report, {0, ""}, ranked({{{0, std::nan("")}}})).find(R"("probability":null)") !=
        std::string::npos);
  CHECK(said(json_report, {0, ""}, {"tuple", {}, nullptr}) ==
        "{\"sample\":0,\"source\":null,\"output\":\"tuple\",\"rows\":[]}\n");
}

TEST_CASE("for programs a failure stands in place of the result") {
  CHECK(failed(json_report, {1, "gr\xF6\xDF.png"}, "it is \"gone\"") ==
        "{\"sample\":1,\"source\":\"gr\xEF\xBF\xBD\xEF\xBF\xBD.png\",\"error\":\"it is \\\"gone\\\"\"}\n");
}

TEST_SUITE_END();

}  // namespace torchferry::report_test
