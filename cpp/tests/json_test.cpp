#include "app/json.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "tests/testing.h"

namespace torchferry::json_test {

namespace {

using namespace std::string_literals;

const auto kReplacement = "\xEF\xBF\xBD"s;

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

}  // namespace

TEST_SUITE_BEGIN("json");

TEST_CASE("plain text is put into quotes") {
  CHECK(json_string("") == "\"\"");
  CHECK(json_string("tabby, tabby cat") == "\"tabby, tabby cat\"");
  CHECK(json_string("/a/b's <c>&d") == "\"/a/b's <c>&d\"");
}

TEST_CASE("quotes and backslashes are escaped") {
  CHECK(json_string("a\"b") == R"("a\"b")");
  CHECK(json_string(R"(C:\d)") == R"("C:\\d")");
  CHECK(json_string(R"(\")") == R"("\\\"")");
}

TEST_CASE("control characters are escaped by their number") {
  for (int number = 0; number < 0x20; ++number) {
    const auto high = number / 16;
    const auto low = "0123456789abcdef"[number % 16];
    CHECK(json_string(std::string(1, static_cast<char>(number))) ==
          quoted("\\u00" + std::to_string(high) + low));
  }
  CHECK(json_string("a\0b"s) == R"("a\u0000b")");
  CHECK(json_string("\x7F") == quoted("\x7F"));
}

TEST_CASE("UTF-8 stays as it is, up to the ends of each length") {
  for (const auto& text :
       {"größe"s, "試験"s, "🐈"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s,
        "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s}) {
    CHECK(json_string(text) == quoted(text));
    CHECK(json_string("a" + text + text + "b") == quoted("a" + text + text + "b"));
  }
}

TEST_CASE("a byte that begins no character is replaced") {
  for (const auto& byte : {"\x80"s, "\xBF"s, "\xC0"s, "\xC1"s, "\xF5"s, "\xF8"s, "\xFE"s, "\xFF"s}) {
    CHECK(json_string("a" + byte + "b") == quoted("a" + kReplacement + "b"));
  }
}

TEST_CASE("a character in more bytes than it needs is replaced, byte by byte") {
  CHECK(json_string("\xC0\x80") == quoted(kReplacement + kReplacement));
  CHECK(json_string("\xC1\xBF") == quoted(kReplacement + kReplacement));
  CHECK(json_string("\xE0\x9F\xBF") == quoted(kReplacement + kReplacement + kReplacement));
  CHECK(json_string("\xF0\x8F\xBF\xBF") == quoted(kReplacement + kReplacement + kReplacement + kReplacement));
}

TEST_CASE("surrogates and what lies beyond the last character are replaced") {
  CHECK(json_string("\xED\xA0\x80") == quoted(kReplacement + kReplacement + kReplacement));
  CHECK(json_string("\xED\xBF\xBF") == quoted(kReplacement + kReplacement + kReplacement));
  CHECK(json_string("\xF4\x90\x80\x80") == quoted(kReplacement + kReplacement + kReplacement + kReplacement));
}

TEST_CASE("a character that is cut is replaced, and what follows is kept") {
  CHECK(json_string("\xC3") == quoted(kReplacement));
  CHECK(json_string("\xE2\x82") == quoted(kReplacement + kReplacement));
  CHECK(json_string("\xF0\x9F\x90") == quoted(kReplacement + kReplacement + kReplacement));
  CHECK(json_string("\xC3"
                    "a") == quoted(kReplacement + "a"));
  CHECK(json_string("\xE2\x82\"") == quoted(kReplacement + kReplacement + "\\\""));
  CHECK(json_string("\xF0\x9F\xC3\xA4") == quoted(kReplacement + kReplacement + "\xC3\xA4"));
}

TEST_CASE("only the given part of a text is read") {
  const std::string text = "gr\xC3\xB6\xC3\x9F";
  CHECK(json_string(std::string_view(text).substr(0, 3)) == quoted("gr" + kReplacement));
}

TEST_CASE("numbers are written as short as they can be read back") {
  CHECK(json_number(0) == "0");
  CHECK(json_number(5) == "5");
  CHECK(json_number(-1.5) == "-1.5");
  CHECK(json_number(0.1) == "0.1");
  CHECK(json_number(1e300) == "1e+300");
}

TEST_CASE("a number that is read back is the same") {
  for (const double value : {1.0 / 3, 0.1F + 0.0, 5e-324, std::numeric_limits<double>::max(), -123456.789,
                             std::nextafter(1.0, 2.0), 2.2250738585072014e-308, -0.0}) {
    const auto text = json_number(value);
    CAPTURE(text);
    CHECK(std::strtod(text.c_str(), nullptr) == value);
  }
}

TEST_CASE("what is no finite number is null") {
  CHECK(json_number(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(json_number(std::numeric_limits<double>::infinity()) == "null");
  CHECK(json_number(-std::numeric_limits<double>::infinity()) == "null");
}

TEST_SUITE_END();

}  // namespace torchferry::json_test
