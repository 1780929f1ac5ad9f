#pragma once

#include <torch/csrc/jit/ir/ir.h>

namespace torchferry {

/// Whether a value is a tensor of floating point, as far as its graph shows.
[[nodiscard]] bool is_floating(const torch::jit::Value& value);

}  // namespace torchferry
