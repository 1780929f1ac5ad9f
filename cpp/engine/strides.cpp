#include "engine/strides.h"

#include <torch/csrc/jit/ir/irparser.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "engine/graph_edit.h"
#include "engine/kinds.h"

namespace torchferry {

namespace {

using torch::jit::Node;

/// Makes a view with usual strides, where PyTorch has one. Of a batch of one that is not contiguous, it would
/// make the first stride as small as that of another axis. It ends in an operator, for the fuser looks for
/// the input of what has made an operand.
constexpr auto kUsual = R"(
graph(%x : Tensor):
  %zero : int = prim::Constant[value=0]()
  %one : int = prim::Constant[value=1]()
  %contiguous : bool = aten::is_contiguous(%x)
  %batch : int = aten::size(%x, %zero)
  %several : bool = aten::ne(%batch, %one)
  %has_usual : bool = aten::__or__(%contiguous, %several)
  %y : Tensor = prim::If(%has_usual)
    block0():
      %view : Tensor = aten::view_as(%x, %x)
      -> (%view)
    block1():
      -> (%x)
  %made : Tensor = aten::detach(%y)
  return (%made)
)";

/// Whether it makes a view in which axes have changed places.
bool is_transposed(Node* node) {
  const auto* origin = behind(node, [](const Node& one) { return is_among(one, kSlicing); });
  return is_among(*origin, kTransposing);
}

void make_usual(Node& node, std::size_t place) {
  static const auto usual = [] {
    auto graph = std::make_shared<torch::jit::Graph>();
    torch::jit::parseIR(kUsual, graph.get());
    return graph;
  }();
  const torch::jit::WithInsertPoint guard(&node);
  const auto made = torch::jit::insertGraph(*node.owningGraph(), *usual, {node.input(place)});
  node.replaceInput(place, made.front());
}

}  // namespace

void make_strides_usual(torch::jit::Block& block) {
  const std::vector<Node*> nodes(block.nodes().begin(), block.nodes().end());
  for (auto* node : nodes) {
    for (auto* inner : node->blocks()) make_strides_usual(*inner);
    if (!is_pointwise(*node) && !is_pool(*node)) continue;
    for (std::size_t place = 0; place < node->inputs().size(); ++place) {
      auto* value = node->input(place);
      if (is_tensor(*value) && is_transposed(value->node())) make_usual(*node, place);
    }
  }
}

}  // namespace torchferry
