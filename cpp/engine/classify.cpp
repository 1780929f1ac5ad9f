#include "engine/classify.h"

#include <ATen/ops/gather.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>

#include <algorithm>
#include <tuple>

namespace torchferry {

std::vector<Ranking> classify(const at::Tensor& output, std::int64_t k) {
  const auto type = output.scalar_type();
  const bool scores = type == at::kFloat || type == at::kDouble || type == at::kHalf || type == at::kBFloat16;
  if (!scores || output.layout() != at::kStrided || output.dim() != 2 || output.numel() == 0) return {};
  // By logits: in half precision, different ones share a probability.
  const auto labels = std::get<1>(at::topk(output, std::min(k, output.size(1)), /*dim=*/1));
  const auto values = at::gather(at::softmax(output, /*dim=*/1), /*dim=*/1, labels);

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
