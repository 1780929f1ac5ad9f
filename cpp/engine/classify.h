#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace torchferry {

/// The best classes of a batch, best first.
struct TopK {
  at::Tensor probabilities;  ///< float [batch, k]: the softmax of the logits
  at::Tensor labels;         ///< int64 [batch, k]
};

/// Ranks logits [batch, classes]; nothing where the output is not of that form. `k` is cut to the number
/// of classes.
[[nodiscard]] std::optional<TopK> classify(const at::Tensor& output, std::int64_t k);

}  // namespace torchferry
