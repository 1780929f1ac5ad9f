#include "engine/attention.h"

#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

#include "engine/graph_edit.h"

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

/// Reshapes a contiguous copy instead.
void reshape_copy(Node& node) {
  static const std::set<std::string> views{"aten::permute",    "aten::transpose", "aten::t",
                                           "prim::ListUnpack", "aten::unbind",    "aten::chunk",
                                           "aten::split",      "aten::select"};
  static const std::set<std::string> reshapes{"aten::reshape", "aten::view", "aten::unflatten"};
  auto* producer = behind(node.input(1)->node(), views);
  if (!reshapes.contains(producer->kind().toQualString())) return;
  const auto contiguous = static_cast<std::int64_t>(at::MemoryFormat::Contiguous);
  put_between(*producer, 0, "aten::contiguous", {constant_before(*producer, contiguous)});
}

}  // namespace

void spell_matmul(Node& node) {
  separate_from_bias(node);
  reshape_copy(node);
}

}  // namespace torchferry
