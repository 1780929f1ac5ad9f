#include "engine/post_ops.h"

#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <cstddef>
#include <unordered_set>
#include <vector>

#include "engine/graph_edit.h"
#include "engine/kinds.h"

namespace torchferry {

namespace {

using torch::jit::Node;
using torch::jit::Value;

/// Whether an operand is a constant, an argument or a view of one: what is computed has a row for each
/// sample.
bool is_given(Value& operand) {
  const auto inputs = behind(operand.node(), kViews)->inputs();
  return is_tensor(operand) && std::ranges::none_of(inputs, [](const Value* one) { return is_tensor(*one); });
}

bool may_be_one_per_channel(const Value& operand) {
  const auto constant = torch::jit::toIValue(&operand);
  if (!constant || !constant->isTensor()) return true;
  const auto& tensor = constant->toTensor();
  return tensor.dim() > 1 && tensor.size(-1) == 1 && tensor.numel() > 1;
}

/// Whether the kernel that makes a value would get a node with this other operand wrong, or fail.
bool is_misread_after(const Node& node, const Node& producer, Value& operand) {
  const bool is_sum = node.kind() == torch::jit::aten::add;
  if (producer.kind() == torch::jit::aten::layer_norm) return is_sum;
  if (!(is_pointwise(producer) || is_product(producer)) || !is_given(operand)) return false;
  return (is_product(producer) && (is_sum || node.kind() == torch::jit::aten::mul)) ||
         may_be_one_per_channel(operand);
}

/// Whether arithmetic among the pointwise operators that end in `producer` reads the value.
bool is_read_by(const Node* producer, const Value* value) {
  std::vector<const Node*> waiting{producer};
  std::unordered_set<const Node*> seen;
  while (!waiting.empty()) {
    const auto* node = waiting.back();
    waiting.pop_back();
    if (!is_pointwise(*node) || !seen.insert(node).second) continue;
    const auto count = std::min<std::size_t>(node->inputs().size(), 2);
    for (const auto* operand : node->inputs().slice(0, count)) {
      if (operand == value && is_arithmetic(*node)) return true;
      if (is_tensor(*operand)) waiting.push_back(operand->node());
    }
  }
  return false;
}

}  // namespace

void separate_post_ops(torch::jit::Block& block) {
  const std::vector<Node*> nodes(block.nodes().begin(), block.nodes().end());
  for (auto* node : nodes) {
    for (auto* inner : node->blocks()) separate_post_ops(*inner);
    if (!is_arithmetic(*node)) continue;
    for (const std::size_t place : {std::size_t{0}, std::size_t{1}}) {
      const auto* value = node->input(place);
      auto* operand = node->input(1 - place);
      if (is_tensor(*value) &&
          (is_misread_after(*node, *value->node(), *operand) || is_read_by(operand->node(), value)))
        put_between(*node, place);
    }
  }
}

}  // namespace torchferry
