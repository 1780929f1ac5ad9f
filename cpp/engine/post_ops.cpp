#include "engine/post_ops.h"

#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "engine/graph_edit.h"
#include "engine/kinds.h"

namespace torchferry {

namespace {

using torch::jit::Node;
using torch::jit::Value;

/// Which input of `aten::_convolution` says whether it is transposed.
constexpr std::size_t kTransposed = 6;

/// Returns the nodes that one kernel may compute to make a value: pointwise ones, and what makes
/// their operands.
std::vector<const Node*> kernel_of(const Value& value) { return reached(value.node(), is_pointwise); }

/// Whether it is arithmetic with the value, or a convolution of it.
bool reads(const Node& node, const Value& value) {
  return (is_arithmetic(node) || is_convolution(node)) &&
         std::ranges::count(node.inputs().slice(0, 2), &value) > 0;
}

bool is_number(const Value& operand) {
  const auto constant = torch::jit::toIValue(&operand);
  return constant && constant->isTensor() && constant->toTensor().numel() == 1;
}

/// Whether it is a convolution of several channels, which are the first axis of its weight if not transposed.
bool makes_channels(const Node& node) {
  if (!is_convolution(node)) return false;
  const auto weight = torch::jit::toIValue(node.input(1));
  if (!weight || !weight->isTensor() || weight->toTensor().size(0) == 1) return false;
  return node.kind() != torch::jit::aten::_convolution ||
         torch::jit::constant_as<bool>(node.input(kTransposed)) == false;
}

/// Whether an operand is known to have several channels, and a row for each sample.
bool has_channels(const Value& operand) {
  return std::ranges::any_of(reached(operand.node(), keeps_channels),
                             [](const Node* node) { return makes_channels(*node); });
}

/// Whether an operand is computed from a value.
bool depends(const Value& operand, const Value& value) {
  const auto* origin = value.node();
  return std::ranges::count(reached(operand.node(), [&](const Node& node) { return node.isAfter(origin); }),
                            origin) > 0;
}

/// Whether the kernel that makes a value would read the other operand wrongly, or fail.
bool is_misread(const Value& operand, const Value& value) {
  if (!is_tensor(operand)) return false;
  if (std::ranges::any_of(kernel_of(operand), [&](const Node* node) { return reads(*node, value); }))
    return true;
  if (depends(operand, value)) return false;  // it is computed after the kernel has ended
  if (std::ranges::any_of(kernel_of(value), [](const Node* node) { return is_product(*node); })) return true;
  return is_pointwise(*value.node()) && !is_number(operand) && !has_channels(operand);
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
      const auto& value = *node->input(place);
      if (is_tensor(value) && (is_dropped(*node, value) || is_misread(*node->input(1 - place), value)))
        put_between(*node, place);
    }
  }
}

}  // namespace torchferry
