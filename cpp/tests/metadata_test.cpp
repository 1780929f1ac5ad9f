#include "engine/metadata.h"

#include <string>
#include <vector>

#include "tests/testing.h"

namespace torchferry::metadata_test {

namespace {

/// What a line of inputs.txt stands for, in words.
std::string words(const std::string& line) {
  const auto specs = parse_inputs(line);
  REQUIRE(specs.size() == 1);
  return to_string(specs.front());
}

}  // namespace

TEST_SUITE_BEGIN("metadata");

TEST_CASE("a line of the inputs is a type and its extents") {
  const auto specs = parse_inputs("float32 batch 3 height:192 0\n");
  REQUIRE(specs.size() == 1);
  const auto& [dtype, shape, listed] = specs.front();
  CHECK(dtype == "float32");
  CHECK_FALSE(listed);
  REQUIRE(shape.size() == 4);
  CHECK(shape[0].name == "batch");
  CHECK(shape[0].size == 1);
  CHECK(shape[1].name.empty());
  CHECK(shape[1].size == 3);
  CHECK(shape[2].name == "height");
  CHECK(shape[2].size == 192);
  CHECK(shape[3].size == 0);
}

TEST_CASE("each line is an argument, whether or not the last one ends") {
  CHECK(parse_inputs("").empty());
  CHECK(parse_inputs("float32 1\nint64 2\n").size() == 2);
  CHECK(parse_inputs("float32 1\nint64 2").size() == 2);
  CHECK(parse_inputs("float32 1\nany\nbool\n")[1].dtype == "any");
}

TEST_CASE("inputs are told in a reader's words") {
  CHECK(words("float32 batch 3 224 224") == "float32[batch, 3, 224, 224]");
  CHECK(words("list float32 3 height:192 width:256") == "list of float32[3, height, width]");
  CHECK(words("int64") == "int64[]");
  CHECK(words("list int64") == "list of int64[]");
  CHECK(words("any") == "any[]");
}

TEST_CASE("blanks between the words may be of any number and kind") {
  CHECK(words("  float32\t 1   2 \r") == "float32[1, 2]");
}

TEST_CASE("an extent that is neither a number nor the batch is refused") {
  for (const std::string word : {"x", "-1", "3x", "height:", ":", "height:-1", "height:x", "1.5", "Batch",
                                 "batch2", "9223372036854775808", "+1", "a:b:3"}) {
    const auto line = "float32 1 " + word;
    CHECK(refusal([&] { return parse_inputs(line); }) ==
          "3: the archive's inputs.txt says '" + line + "', where '" + word +
              "' is neither an extent nor 'batch'; export the model again");
  }
}

TEST_CASE("the line that is refused is the one that is named") {
  CHECK(refusal([] { return parse_inputs("float32 1\nint64 y\n"); }).find("says 'int64 y'") !=
        std::string::npos);
}

TEST_CASE("the form is the first line, and need not be said") {
  CHECK(parse_form("fused\n") == Form::fused);
  CHECK(parse_form("frozen") == Form::frozen);
  CHECK(parse_form("plain\nanything") == Form::plain);
  CHECK_FALSE(parse_form("").has_value());
}

TEST_CASE("a form that nobody verifies is refused") {
  for (const std::string word : {"once", "Fused", "fused ", "", "frozen\r"}) {
    CHECK(refusal([&] { return parse_form(word + "\n"); }) ==
          "3: the archive's form.txt says '" + word +
              "', expected fused, frozen or plain; export the model again");
  }
}

TEST_CASE("each form has the name by which it is asked for") {
  for (const auto form : {Form::fused, Form::frozen, Form::plain}) CHECK(form_named(name_of(form)) == form);
  CHECK(name_of(Form::once) == "once");
  CHECK_FALSE(form_named("once").has_value());
  CHECK_FALSE(form_named("").has_value());
}

TEST_CASE("lines are told apart by their ends alone") {
  using Lines = std::vector<std::string>;
  CHECK(lines("") == Lines{});
  CHECK(lines("a") == Lines{"a"});
  CHECK(lines("a\n") == Lines{"a"});
  CHECK(lines("a\n\nb, c\n") == Lines{"a", "", "b, c"});
  CHECK(lines("\n") == Lines{""});
}

TEST_SUITE_END();

}  // namespace torchferry::metadata_test
