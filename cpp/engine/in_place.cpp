#include "engine/in_place.h"

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <vector>

#include "engine/graph_edit.h"
#include "engine/kinds.h"

namespace torchferry {

namespace {

using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Use;
using torch::jit::Value;

/// The nodes of one block in order, and which of them each node needs to have run.
class Order {
 public:
  explicit Order(const Block& block) : block_(&block) {
    for (auto* node : block.nodes()) {
      const auto index = ancestors_.size();
      index_.emplace(node, index);
      auto& mine = ancestors_.emplace_back();
      add_inputs(*node, mine);
    }
  }

  /// The node of this block that a node is, or is inside of; null where there is none.
  [[nodiscard]] const Node* owner(const Node* node) const {
    while (node != nullptr && node->owningBlock() != block_) node = node->owningBlock()->owningNode();
    return node;
  }

  /// Whether `node` cannot run before `other` has.
  [[nodiscard]] bool needs(const Node* node, const Node* other) const {
    const auto place = index_.find(other);
    if (place == index_.end()) return false;  // what the block returns is read last
    const auto& mine = ancestors_[index_.at(node)];
    return place->second < mine.size() && mine[place->second];
  }

 private:
  void add_inputs(const Node& node, std::vector<bool>& mine) const {
    for (const auto* input : node.inputs()) {
      const auto place = index_.find(input->node());
      if (place == index_.end()) continue;
      const auto& theirs = ancestors_[place->second];
      mine.resize(std::max({mine.size(), theirs.size(), place->second + 1}));
      for (std::size_t i = 0; i < theirs.size(); ++i) mine[i] = mine[i] || theirs[i];
      mine[place->second] = true;
    }
    for (const auto* inner : node.blocks()) {
      for (const auto* one : inner->nodes()) add_inputs(*one, mine);
      add_inputs(*inner->return_node(), mine);
    }
  }

  const Block* block_;
  std::unordered_map<const Node*, std::size_t> index_;
  std::vector<std::vector<bool>> ancestors_;
};

/// Whether a kernel may have computed it; a constant or an argument of the graph is never overwritten.
bool is_computed(const Value& value) {
  const auto kind = value.node()->kind();
  return is_tensor(value) && kind != torch::jit::prim::Constant && kind != torch::jit::prim::Param;
}

/// Whether a reader of a value may come after `node`, which may be computed into it.
bool is_read_later(const Use& use, const Node* node, std::size_t operand, const Order& order) {
  const auto* reader = order.owner(use.user);
  if (reader == nullptr) return true;
  if (reader == node) return use.user != node || use.offset != operand;
  // What is changed in place is another value from then on.
  if (is_in_place(*node) && operand == 0 && reader->isAfter(node)) return false;
  return !order.needs(node, reader);
}

bool is_view(const Use& use) { return use.user->kind() == c10::Symbol::fromQualString(kView); }

void guard(Node* node, const Order& order) {
  if (!is_pointwise(*node)) return;
  for (std::size_t i = 0; i < node->inputs().size(); ++i) {
    const auto* value = node->input(i);
    if (!is_computed(*value) || value->uses().size() < 2) continue;
    if (std::ranges::any_of(value->uses(), is_view)) continue;
    const auto later = [&](const Use& use) { return is_read_later(use, node, i, order); };
    if (std::ranges::none_of(value->uses(), later)) continue;
    put_between(*node, i);
  }
}

}  // namespace

void guard_in_place(Block& block) {
  const Order order(block);
  const std::vector<Node*> nodes(block.nodes().begin(), block.nodes().end());
  for (auto* node : nodes) {
    guard(node, order);
    for (auto* inner : node->blocks()) guard_in_place(*inner);
  }
}

}  // namespace torchferry
