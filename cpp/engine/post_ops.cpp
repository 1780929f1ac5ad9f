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

/// The tensors that a pointwise operator combines.
Values operands_of(Node& node) {
  auto operands = first(node, std::min<std::size_t>(node.inputs().size(), 2));
  std::erase_if(operands, [](const Value* one) { return !is_tensor(*one); });
  return operands;
}

/// Whether an operand is a constant or an argument, or made of one pointwise: other results have a row for
/// each sample.
bool is_given(const Value& operand) {
  const auto* origin = operand.node();
  while (is_among(*origin, kViews) || is_pointwise(*origin)) origin = origin->input(0)->node();
  return std::ranges::none_of(origin->inputs(), [](const Value* one) { return is_tensor(*one); });
}

bool may_be_one_per_channel(const Value& operand) {
  const auto constant = torch::jit::toIValue(&operand);
  if (!constant || !constant->isTensor()) return true;
  const auto& tensor = constant->toTensor();
  return tensor.dim() > 1 && tensor.size(-1) == 1 && tensor.numel() > 1;
}

/// Whether it multiplies by a matrix that is the same for all samples.
bool is_linear(const Node& node) {
  return node.kind() == torch::jit::aten::linear ||
         (node.kind() == torch::jit::aten::matmul && is_given(*node.input(1)));
}

/// The nodes that one kernel may compute together: pointwise operators, and what makes their operands.
std::vector<Node*> kernel_of(Node* producer) {
  std::vector<Node*> found;
  std::vector<Node*> waiting{producer};
  std::unordered_set<const Node*> seen;
  while (!waiting.empty()) {
    auto* node = waiting.back();
    waiting.pop_back();
    if (!seen.insert(node).second) continue;
    found.push_back(node);
    if (!is_pointwise(*node)) continue;
    for (auto* operand : operands_of(*node)) waiting.push_back(operand->node());
  }
  return found;
}

/// Whether the kernel that makes a value would read the other operand wrongly, or fail.
bool is_misread(Value& operand, Value* value) {
  if (!is_tensor(operand)) return false;
  auto* producer = value->node();
  const auto reads = [&](Node* node) {
    return is_arithmetic(*node) && std::ranges::count(operands_of(*node), value) > 0;
  };
  if (std::ranges::any_of(kernel_of(producer), [](const Node* node) { return is_linear(*node); }))
    return true;
  if (std::ranges::any_of(kernel_of(operand.node()), reads)) return true;
  const bool is_computed = is_pointwise(*producer) && may_be_one_per_channel(operand);
  return is_given(operand) && (is_computed || is_product(*producer));
}

bool is_dropped(const Node& node, const Value& value) {
  return node.kind() == torch::jit::aten::add && value.node()->kind() == torch::jit::aten::layer_norm;
}

}  // namespace

void separate_post_ops(torch::jit::Block& block) {
  const std::vector<Node*> nodes(block.nodes().begin(), block.nodes().end());
  for (auto* node : nodes) {
    for (auto* inner : node->blocks()) separate_post_ops(*inner);
    if (!is_arithmetic(*node) || node->kind() == torch::jit::aten::sub) continue;
    for (const std::size_t place : {std::size_t{0}, std::size_t{1}}) {
      auto* value = node->input(place);
      if (is_tensor(*value) && (is_dropped(*node, *value) || is_misread(*node->input(1 - place), value)))
        put_between(*node, place);
    }
  }
}

}  // namespace torchferry
