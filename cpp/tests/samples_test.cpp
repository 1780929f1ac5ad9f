#include "engine/samples.h"

#include <ATen/core/List.h>
#include <ATen/ops/zeros.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "tests/testing.h"

namespace torchferry::samples_test {

namespace {

using c10::IValue;

IValue list(const std::vector<at::Tensor>& tensors) { return c10::List<at::Tensor>(tensors); }

/// How a sample is refused that is held against lines of inputs.txt.
std::string refused(const Sample& sample, const std::string& inputs) {
  return refusal([&] {
    check_sample(sample, 7, parse_inputs(inputs));
    return 0;
  });
}

}  // namespace

TEST_SUITE_BEGIN("samples");

TEST_CASE("a tensor is told by its type and its extents") {
  CHECK(describe(at::zeros({1, 1000})) == "float32[1, 1000]");
  CHECK(describe(at::zeros({})) == "float32[]");
  CHECK(describe(at::zeros({0, 2}, at::kLong)) == "int64[0, 2]");
  const std::vector<std::pair<at::ScalarType, std::string>> types{
      {at::kDouble, "float64[1]"},    {at::kHalf, "float16[1]"},
      {at::kBFloat16, "bfloat16[1]"}, {at::kByte, "uint8[1]"},
      {at::kChar, "int8[1]"},         {at::kInt, "int32[1]"},
      {at::kBool, "bool[1]"},         {at::kComplexFloat, "ComplexFloat[1]"}};
  for (const auto& [type, expected] : types) CHECK(describe(at::zeros({1}, type)) == expected);
}

TEST_CASE("a list is told by its tensors, and what is neither by its kind") {
  CHECK(describe(list({at::zeros({1}), at::zeros({2}, at::kLong)})) == "[float32[1], int64[2]]");
  CHECK(describe(list({})) == "[]");
  CHECK(describe(IValue(3)) == "Int");
  CHECK(describe(IValue("text")) == "String");
  CHECK(describe(IValue()) == "None");
  CHECK(describe(c10::ivalue::Tuple::create(at::zeros({1}), 2)) == "Tuple");
}

TEST_CASE("a sample that is what the model takes is taken") {
  CHECK(refused({at::zeros({5, 3, 8, 8})}, "float32 batch 3 8 8").empty());
  CHECK(refused({at::zeros({3, 99, 1})}, "float32 3 height:8 width:8").empty());
  CHECK(refused({at::zeros({}, at::kBool)}, "bool").empty());
  CHECK(refused({at::zeros({2}), at::zeros({1}, at::kLong)}, "float32 2\nint64 1").empty());
}

TEST_CASE("where the archive is silent everything is taken") {
  CHECK(refused({}, "").empty());
  CHECK(refused({IValue(3), IValue("text")}, "").empty());
  CHECK(refused({IValue(3)}, "any").empty());
}

TEST_CASE("another number of arguments is refused") {
  CHECK(refused({}, "float32 1") == "3: sample 7 has 0 inputs, the model takes 1");
  CHECK(refused({at::zeros({1}), at::zeros({1})}, "float32 1") ==
        "3: sample 7 has 2 inputs, the model takes 1");
}

TEST_CASE("an argument of another type, rank or extent is refused, and told") {
  CHECK(refused({at::zeros({1, 3}, at::kDouble)}, "float32 batch 3") ==
        "3: sample 7, input 0 is float64[1, 3], the model takes float32[batch, 3]");
  CHECK(refused({at::zeros({1, 4})}, "float32 batch 3") ==
        "3: sample 7, input 0 is float32[1, 4], the model takes float32[batch, 3]");
  CHECK(refused({at::zeros({3})}, "float32 batch 3") ==
        "3: sample 7, input 0 is float32[3], the model takes float32[batch, 3]");
  CHECK(refused({at::zeros({1, 3, 1})}, "float32 batch 3") ==
        "3: sample 7, input 0 is float32[1, 3, 1], the model takes float32[batch, 3]");
  CHECK(refused({at::zeros({1}), IValue(3)}, "float32 1\nint64") ==
        "3: sample 7, input 1 is Int, the model takes int64[]");
}

TEST_CASE("each tensor of a list is held against what the list takes") {
  const std::string images = "list float32 3 height:8 width:8";
  CHECK(refused({list({})}, images).empty());
  CHECK(refused({list({at::zeros({3, 1, 2}), at::zeros({3, 9, 9})})}, images).empty());
  CHECK(refused({list({at::zeros({3, 1, 2}), at::zeros({4, 9, 9})})}, images) ==
        "3: sample 7, input 0 is [float32[3, 1, 2], float32[4, 9, 9]], the model takes list of float32[3, "
        "height, "
        "width]");
  CHECK(refused({at::zeros({3, 1, 2})}, images).starts_with("3: sample 7, input 0 is float32[3, 1, 2], "));
  CHECK(refused({list({at::zeros({1})})}, "float32 1").starts_with("3: sample 7, input 0 is [float32[1]], "));
}

TEST_CASE("a sample of ones has the archive's form, with a batch of one") {
  const auto sample = dummy_sample(parse_inputs("float32 batch 3 height:4 5\nlist int64 2\nany\nbool"));
  REQUIRE(sample.size() == 4);
  CHECK(describe(sample[0]) == "float32[1, 3, 4, 5]");
  CHECK(sample[0].toTensor().sum().item<double>() == 60);
  CHECK(describe(sample[1]) == "[int64[2]]");
  CHECK(sample[2].isNone());
  CHECK(describe(sample[3]) == "bool[]");
}

TEST_CASE("ones of each type that can be said are made") {
  for (const std::string type :
       {"float32", "float64", "float16", "bfloat16", "uint8", "int8", "int32", "int64", "bool"}) {
    CHECK(describe(dummy_sample(parse_inputs(type + " 2")).at(0)) == type + "[2]");
  }
}

TEST_CASE("ones of what is not known, or larger than memory, are refused") {
  CHECK(
      refusal([] { return dummy_sample(parse_inputs("float8 2")); }) ==
      "3: the archive takes dtype 'float8', which this program does not know; rebuild it with `doit build`");
  CHECK(refusal([] { return dummy_sample(parse_inputs("float32 1000000000 1000000000")); }) ==
        "3: there is no memory for the input that the archive takes, float32[1000000000, 1000000000]; export "
        "the "
        "model again");
}

TEST_CASE("samples are named by their place, and one that is not there is refused") {
  const Samples samples{"inputs.pt", {{IValue(1)}, {IValue(2)}}};
  CHECK(count(samples) == 2);
  CHECK(samples.at(1).at(0).toInt() == 2);
  CHECK(refusal([&] { return samples.at(2); }) ==
        "2: --order names sample 2, inputs.pt holds 2 (counted from 0)");
}

TEST_SUITE_END();

}  // namespace torchferry::samples_test
