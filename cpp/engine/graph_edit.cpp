#include "engine/graph_edit.h"

#include <cstddef>
#include <unordered_set>

namespace torchferry {

using torch::jit::Node;
using torch::jit::Value;

Values first(Node& node, std::size_t count) {
  const auto inputs = node.inputs();
  return {inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(count)};
}

Values all(Node& node) { return first(node, node.inputs().size()); }

const Node* behind(const Node* node, const Test& passes) {
  while (passes(*node)) node = node->input(0)->node();
  return node;
}

std::vector<const Node*> reached(const Node* node, const Test& passes) {
  std::vector<const Node*> found;
  std::vector<const Node*> waiting{node};
  std::unordered_set<const Node*> seen;
  while (!waiting.empty()) {
    const auto* next = waiting.back();
    waiting.pop_back();
    if (!seen.insert(next).second) continue;
    found.push_back(next);
    if (!passes(*next)) continue;
    for (const auto* value : next->inputs()) waiting.push_back(value->node());
  }
  return found;
}

Value* constant_before(Node& node, const c10::IValue& value) {
  const torch::jit::WithInsertPoint here(&node);
  return node.owningGraph()->insertConstant(value);
}

void replace(Node& node, const std::string& kind, const Values& inputs, std::size_t results) {
  auto* other = node.owningGraph()->create(c10::Symbol::fromQualString("aten::" + kind), inputs, results);
  other->insertBefore(&node);
  node.output()->replaceAllUsesWith(other->outputs()[0]);
  node.destroy();
}

bool is_none(const Value& value) { return value.type()->kind() == c10::TypeKind::NoneType; }

void put_between(Node& node, std::size_t place, const char* kind, const Values& more) {
  auto* value = node.input(place);
  Values inputs{value};
  inputs.insert(inputs.end(), more.begin(), more.end());
  auto* view = node.owningGraph()->create(c10::Symbol::fromQualString(kind), inputs);
  view->insertBefore(&node);
  node.replaceInput(place, view->output());
}

bool is_tensor(const Value& value) { return value.type()->isSubtypeOf(*c10::TensorType::get()); }

}  // namespace torchferry
