#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "engine/ranking.h"

namespace torchferry {

/// Ranks logits [batch, classes]: the `k` largest of each batch element, or all where there are fewer, each
/// with its softmax as the probability. Nothing where the output is not of that form.
[[nodiscard]] std::vector<Ranking> classify(const at::Tensor& output, std::int64_t k);

}  // namespace torchferry
