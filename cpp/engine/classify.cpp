#include "engine/classify.h"

#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>

#include <algorithm>

namespace torchferry {

std::vector<Ranking> classify(const at::Tensor& output, std::int64_t k) {
  if (output.dim() != 2 || output.numel() == 0 || !output.is_floating_point()) return {};
  const auto probabilities = at::softmax(output, /*dim=*/1);
  const auto [values, labels] = at::topk(probabilities, std::min(k, output.size(1)), /*dim=*/1);

  std::vector<Ranking> rankings;
  for (std::int64_t row = 0; row < output.size(0); ++row) {
    auto& ranking = rankings.emplace_back();
    for (std::int64_t rank = 0; rank < values.size(1); ++rank) {
      ranking.push_back({labels[row][rank].item<std::int64_t>(), values[row][rank].item<double>()});
    }
  }
  return rankings;
}

}  // namespace torchferry
