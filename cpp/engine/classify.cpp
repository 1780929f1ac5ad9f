#include "engine/classify.h"

#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>

#include <algorithm>
#include <tuple>

namespace torchferry {

std::optional<TopK> classify(const at::Tensor& output, std::int64_t k) {
  if (output.dim() != 2 || output.numel() == 0 || !output.is_floating_point()) return std::nullopt;
  const auto probabilities = at::softmax(output, /*dim=*/1);
  auto [values, labels] = at::topk(probabilities, std::min(k, output.size(1)), /*dim=*/1);
  return TopK{std::move(values), std::move(labels)};
}

}  // namespace torchferry
