#pragma once

#include <ATen/core/ivalue.h>

#include <functional>

namespace torchferry {

/// The value with everything in it that is no tuple, list or dict replaced by what `change` makes of it.
[[nodiscard]] c10::IValue mapped(const c10::IValue& value,
                                 const std::function<c10::IValue(const c10::IValue&)>& change);

/// What came out in bfloat16 as float32, in whatever it is held.
[[nodiscard]] c10::IValue as_float32(const c10::IValue& value);

/// What a pickle can hold of a value, in memory of its own: tensors contiguous, and of what is no plain data
/// (an object, a future) what kind it is.
[[nodiscard]] c10::IValue kept(const c10::IValue& value);

}  // namespace torchferry
