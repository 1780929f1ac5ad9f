#include "engine/values.h"

#include <ATen/core/Dict.h>
#include <ATen/core/List.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <string>

#include "tests/testing.h"

namespace torchferry::values_test {

namespace {

using c10::IValue;

/// A tuple of a number, a list of tensors and a dict that holds one.
IValue nested(const at::Tensor& tensor) {
  c10::impl::GenericDict dict(c10::StringType::get(), c10::AnyType::get());
  dict.insert("inner", tensor);
  return c10::ivalue::Tuple::create(3, c10::List<at::Tensor>({tensor}), dict);
}

/// The tensors of such a tuple.
std::vector<at::Tensor> tensors(const IValue& value) {
  const auto& elements = value.toTupleRef().elements();
  return {elements[1].toListRef()[0].toTensor(), elements[2].toGenericDict().at("inner").toTensor()};
}

}  // namespace

TEST_SUITE_BEGIN("values");

TEST_CASE("a change reaches every value, however deep, and leaves what holds it") {
  int seen = 0;
  const auto changed = mapped(nested(at::zeros({2})), [&](const IValue& leaf) {
    ++seen;
    return leaf.isTensor() ? IValue(at::ones({2})) : leaf;
  });
  CHECK(seen == 3);
  CHECK(changed.toTupleRef().elements()[0].toInt() == 3);
  CHECK(changed.toTupleRef().elements()[1].isTensorList());
  for (const auto& tensor : tensors(changed)) CHECK(tensor.sum().item<double>() == 2);
}

TEST_CASE("what came out in bfloat16 becomes float32, and nothing else changes") {
  for (const auto& tensor : tensors(as_float32(nested(at::ones({2}, at::kBFloat16))))) {
    CHECK(tensor.dtype() == at::kFloat);
    CHECK(tensor.sum().item<double>() == 2);
  }
  for (const auto type : {at::kHalf, at::kDouble, at::kLong, at::kBool}) {
    CHECK(as_float32(at::ones({2}, type)).toTensor().dtype() == type);
  }
  CHECK(as_float32(IValue("text")).toStringRef() == "text");
}

TEST_CASE("what is kept has memory of its own, side by side") {
  const auto original = at::zeros({2, 3}).t();
  const auto copy = kept(IValue(original)).toTensor();
  CHECK(copy.is_contiguous());
  CHECK(copy.sizes() == original.sizes());
  original.fill_(1);
  CHECK(copy.sum().item<double>() == 0);
}

TEST_CASE("what is kept is plain data, else only its kind") {
  CHECK(kept(IValue(3)).toInt() == 3);
  CHECK(kept(IValue(true)).toBool());
  CHECK(kept(IValue("text")).toStringRef() == "text");
  CHECK(kept(IValue()).isNone());
  CHECK(kept(IValue(at::Tensor())).isTensor());
  CHECK(kept(IValue(at::Device(at::kCPU))).toStringRef() == "Device");
}

TEST_SUITE_END();

}  // namespace torchferry::values_test
