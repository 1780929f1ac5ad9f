#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "engine/ranking.h"

namespace torchferry {

/// Ranks logits [batch, classes] by their softmax: the `k` best of each batch element, or all classes where
/// there are fewer. Nothing where the output is not of that form.
[[nodiscard]] std::vector<Ranking> classify(const at::Tensor& output, std::int64_t k);

}  // namespace torchferry
