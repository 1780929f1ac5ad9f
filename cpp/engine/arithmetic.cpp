#include "engine/arithmetic.h"

#include <torch/csrc/jit/ir/constants.h>

#include <optional>

#include "engine/floating.h"
#include "engine/graph_edit.h"

namespace torchferry {

namespace {

using torch::jit::Node;
using torch::jit::Value;

/// The number that it is, where that is known. A trace holds a number as a tensor of float64 without axes.
std::optional<c10::Scalar> number_of(const Value& value) {
  const auto constant = torch::jit::toIValue(&value);
  if (!constant) return std::nullopt;
  if (constant->isInt() || constant->isDouble()) return constant->toScalar();
  if (!constant->isTensor()) return std::nullopt;
  const auto tensor = constant->toTensor();
  const bool is_number = tensor.dim() == 0 && tensor.scalar_type() == at::kDouble;
  return is_number ? std::optional(tensor.item()) : std::nullopt;
}

/// Whether it is a number, or a tensor that counts as one where dtypes meet.
bool is_scalar(const Value& value) {
  if (!is_tensor(value)) return true;
  const auto constant = torch::jit::toIValue(&value);
  return constant && constant->isTensor() && constant->toTensor().dim() == 0 &&
         constant->toTensor().is_floating_point();
}

/// Whether the second operand is a number, and nothing says that the first is not of integers.
bool may_round_number(Node& node) { return is_scalar(*node.input(1)) && !is_floating(*node.input(0)); }

bool is_number(const Node& node, double wanted) {
  const auto number = number_of(*node.input(1));
  return number && number->toDouble() == wanted;
}

/// Has the second operand be a number where a trace holds it as a tensor, whose dtype would else count.
void unwrap(Node& node) {
  const auto number = number_of(*node.input(1));
  if (number && is_tensor(*node.input(1))) node.replaceInput(1, constant_before(node, *number));
}

}  // namespace

void spell_sum(Node& node) {
  const auto constant = torch::jit::toIValue(node.input(1));
  const auto factor = torch::jit::toIValue(node.input(2));
  const bool is_whole = constant && constant->isInt();
  const bool is_changed = may_round_number(node) && !is_whole;
  if (!constant || !factor || !factor->isScalar() || !(is_changed || is_number(node, 0))) return;
  unwrap(node);
  const auto added = *torch::jit::toIValue(node.input(1));
  const auto opposite = added.isTensor() ? c10::IValue(-added.toTensor()) : c10::IValue(-added.toScalar());
  replace(node, "subtract", {node.input(0), constant_before(node, opposite), node.input(2)});
}

void spell_product(Node& node) {
  if (!may_round_number(node) && !is_number(node, 1)) return;
  unwrap(node);
  replace(node, "multiply", all(node));
}

void spell_quotient(Node& node) {
  if (node.inputs().size() == 2 && !may_round_number(node)) return;
  unwrap(node);
  replace(node, "divide", all(node));
}

}  // namespace torchferry
