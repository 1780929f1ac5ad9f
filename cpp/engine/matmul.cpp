#include "engine/matmul.h"

#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>

#include "engine/graph_edit.h"
#include "engine/kinds.h"

namespace torchferry {

namespace {

using torch::jit::Node;
using torch::jit::Value;

/// Whether a sum has a product of matrices, times a number, for one of its operands.
bool is_biased_product(const Node& sum) {
  if (sum.kind() != torch::jit::aten::add) return false;
  return std::ranges::any_of(sum.inputs().slice(0, 2), [](const Value* operand) {
    const auto& scaled = *operand->node();
    const bool is_scaled = scaled.kind() == torch::jit::aten::mul || scaled.kind() == torch::jit::aten::div;
    return (is_scaled && scaled.input(0)->node()->kind() == torch::jit::aten::matmul) ||
           is_biased_product(scaled);
  });
}

/// Keeps the product with softmax's result out of the pattern that oneDNN has a kernel for.
void separate_from_bias(Node& node) {
  const auto& weights = *node.input(0)->node();
  if (weights.kind() == torch::jit::aten::softmax && is_biased_product(*weights.input(0)->node()))
    put_between(node, 0);
}

/// Whether it returns matrices transposed.
bool swaps_last_two(const Node& node) {
  if (node.kind() != torch::jit::aten::transpose) return false;
  const auto first = torch::jit::toIValue(node.input(1));
  const auto second = torch::jit::toIValue(node.input(2));
  if (!first || !second) return false;
  const std::set<std::int64_t> swapped{first->toInt(), second->toInt()};
  return swapped == std::set<std::int64_t>{-2, -1} || swapped == std::set<std::int64_t>{2, 3};
}

/// Copies an operand that is a view, or has the strides of one, unless it is contiguous when the graph runs.
void make_contiguous(Node* node, std::size_t place) {
  auto* producer = node->input(place)->node();
  const auto keeps_strides = [](const Node& one) { return is_pointwise(one) && !is_softmax(one); };
  if (!is_among(*behind(producer, keeps_strides), kViews)) return;
  if (swaps_last_two(*producer)) {
    node = producer;  // a transposed matrix is read as it is
    place = 0;
  }
  const auto contiguous = static_cast<std::int64_t>(at::MemoryFormat::Contiguous);
  put_between(*node, place, "aten::contiguous", {constant_before(*node, contiguous)});
}

}  // namespace

void spell_matmul(Node& node) {
  separate_from_bias(node);
  for (const std::size_t place : {0U, 1U}) make_contiguous(&node, place);
}

}  // namespace torchferry
