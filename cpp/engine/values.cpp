#include "engine/values.h"

#include <ATen/core/Dict.h>
#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

namespace torchferry {

c10::IValue mapped(const c10::IValue& value, const std::function<c10::IValue(const c10::IValue&)>& change) {
  if (value.isTuple()) {
    std::vector<c10::IValue> elements;
    for (const auto& element : value.toTupleRef().elements()) elements.push_back(mapped(element, change));
    return c10::ivalue::Tuple::create(std::move(elements));
  }
  if (value.isList()) {
    c10::impl::GenericList list(value.toList().elementType());
    for (const c10::IValue& element : value.toListRef()) list.push_back(mapped(element, change));
    return list;
  }
  if (value.isGenericDict()) {
    const auto dict = value.toGenericDict();
    c10::impl::GenericDict changed(dict.keyType(), dict.valueType());
    for (const auto& entry : dict) changed.insert(entry.key(), mapped(entry.value(), change));
    return changed;
  }
  return change(value);
}

c10::IValue as_float32(const c10::IValue& value) {
  return mapped(value, [](const c10::IValue& leaf) {
    const bool narrow = leaf.isTensor() && leaf.toTensor().scalar_type() == at::kBFloat16;
    return narrow ? c10::IValue(leaf.toTensor().to(at::kFloat)) : leaf;
  });
}

c10::IValue kept(const c10::IValue& value) {
  return mapped(value, [](const c10::IValue& leaf) -> c10::IValue {
    if (leaf.isTensor() && leaf.toTensor().defined()) {
      const auto copy = leaf.toTensor().clone();
      return copy.layout() == at::kStrided ? copy.contiguous() : copy;
    }
    const bool plain = leaf.isTensor() || leaf.isScalar() || leaf.isString() || leaf.isNone();
    return plain ? leaf : c10::IValue(leaf.tagKind());
  });
}

}  // namespace torchferry
