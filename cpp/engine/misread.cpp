#include "engine/misread.h"

#include <torch/csrc/jit/ir/constants.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/arithmetic.h"
#include "engine/graph_edit.h"
#include "engine/matmul.h"

namespace torchferry {

namespace {

using torch::jit::Block;
using torch::jit::Node;

using Spell = void (*)(Node&);

/// Of all extents: the fuser asks each other reader of the tensor what it is, and fails if that is a list.
void size(Node& node) {
  if (node.inputs().size() == 1) put_between(node, 0);
}

/// Of every other element: copied first, for oneDNN takes no tensor with holes.
void strided(Node& node) {
  static const auto slice = c10::Symbol::fromQualString("aten::slice");
  for (const auto* producer = node.input(0)->node(); producer->kind() == slice;
       producer = producer->input(0)->node()) {
    const auto step = torch::jit::toIValue(producer->input(4));
    if (step && step->isInt() && step->toInt() == 1) continue;
    put_between(node, 0, "aten::clone", {constant_before(node, {})});
    return;
  }
}

/// Without a stride: it is the size of the kernel.
void pool(Node& node) {
  const auto* stride = node.input(2);
  const auto known = torch::jit::toIValue(stride);
  const bool is_empty =
      known ? known->isIntList() && known->toIntVector().empty()
            : stride->node()->kind() == torch::jit::prim::ListConstruct && stride->node()->inputs().empty();
  if (is_empty) node.replaceInput(2, node.input(1));
}

/// With a padding in words.
void conv2d(Node& node) {
  if (node.input(4)->type()->kind() == c10::TypeKind::StringType) {
    replace(node, "_convolution_mode", all(node));
  } else {
    strided(node);
  }
}

/// Without a weight, or of extents that the graph works out.
void layer_norm(Node& node) {
  if (!torch::jit::toIValue(node.input(1)) || is_none(*node.input(2)) || is_none(*node.input(3)))
    replace(node, "native_layer_norm", first(node, 5), 3);
}

/// Without a weight.
void batch_norm(Node& node) {
  if (is_none(*node.input(1)) || is_none(*node.input(2)))
    replace(node, "native_batch_norm", first(node, 8), 3);
}

/// With whole numbers for its factors.
void addmm(Node& node) {
  for (const std::size_t place : {3U, 4U}) {
    const auto factor = torch::jit::toIValue(node.input(place));
    if (!factor || !factor->isInt()) continue;
    node.replaceInput(place, constant_before(node, static_cast<double>(factor->toInt())));
  }
}

/// To a number of decimals.
void round(Node& node) {
  if (node.inputs().size() > 1) replace(node, "special_round", all(node));
}

/// By tensors.
void clamp(Node& node) {
  for (std::size_t i = 1; i < node.inputs().size(); ++i) {
    if (is_tensor(*node.input(i))) return replace(node, "clip", all(node));
  }
}

/// In another dtype.
void softmax(Node& node) {
  if (!is_none(*node.input(2))) replace(node, "special_softmax", all(node));
}

/// By tanh: in place on a copy behind a view, which the fuser cannot turn into the operator that it knows.
void gelu(Node& node) {
  const auto approximate = torch::jit::toIValue(node.input(1));
  if (approximate && approximate->isString() && approximate->toStringRef() == "none") return;
  put_between(node, 0, "aten::clone", {constant_before(node, {})});
  put_between(node, 0);
  replace(node, "gelu_", all(node));
}

const std::unordered_map<std::string, Spell>& spellings() {
  static const std::unordered_map<std::string, Spell> found{{"aten::max_pool2d", pool},
                                                            {"aten::avg_pool2d", pool},
                                                            {"aten::conv2d", conv2d},
                                                            {"aten::layer_norm", layer_norm},
                                                            {"aten::batch_norm", batch_norm},
                                                            {"aten::addmm", addmm},
                                                            {"aten::matmul", spell_matmul},
                                                            {"aten::div", spell_quotient},
                                                            {"aten::add", spell_sum},
                                                            {"aten::mul", spell_product},
                                                            {"aten::size", size},
                                                            {"aten::_convolution", strided},
                                                            {"aten::round", round},
                                                            {"aten::clamp", clamp},
                                                            {"aten::softmax", softmax},
                                                            {"aten::gelu", gelu}};
  return found;
}

}  // namespace

void respell(Block& block) {
  const std::vector<Node*> nodes(block.nodes().begin(), block.nodes().end());
  for (auto* node : nodes) {
    for (auto* inner : node->blocks()) respell(*inner);
    // Sums and products of numbers have the same names.
    if (node->inputs().empty() || !is_tensor(*node->input(0))) continue;
    if (const auto found = spellings().find(node->kind().toQualString()); found != spellings().end())
      found->second(*node);
  }
}

}  // namespace torchferry
