#include "engine/taps.h"

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/custom_operator.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/values.h"

namespace torchferry {

namespace {

constexpr auto kTap = "torchferry::tap";

std::mutex one_at_a_time;
Taps* recorded = nullptr;  // by the one whose turn it is

/// The operator, which a graph calls.
void tell(torch::jit::Stack& stack) {
  const auto value = torch::jit::pop(stack);
  const auto path = torch::jit::pop(stack);
  if (recorded != nullptr) recorded->push_back({path.toStringRef(), kept(value)});
}

void register_tap() {
  // Conservative: it may do anything to anything, so that no pass removes it, moves it or fuses across it.
  static const torch::jit::RegisterOperators registered({torch::jit::Operator(
      std::string(kTap) + "(str path, Any value) -> ()", tell, c10::AliasAnalysisKind::CONSERVATIVE)});
}

/// A submodule and where it was found.
struct Found {
  std::string path;
  c10::IValue object;
};

/// What a value is where it is reached from the module by attributes alone; else nothing.
std::optional<Found> find(const torch::jit::Value* value, const torch::jit::Value* self,
                          const torch::jit::Module& module) {
  if (value == self) return Found{"", module._ivalue()};
  if (value->node()->kind() != torch::jit::prim::GetAttr) return std::nullopt;
  const auto parent = find(value->node()->input(), self, module);
  if (!parent) return std::nullopt;
  const auto& name = value->node()->s(torch::jit::attr::name);
  return Found{parent->path.empty() ? name : parent->path + '.' + name,
               parent->object.toObjectRef().getAttr(name)};
}

/// A trace knows each call of a submodule as a method of its own: forward, forward1, forward2, …
bool is_forward(std::string_view name) {
  constexpr std::string_view kForward = "forward";
  return name.starts_with(kForward) && name.find_first_not_of("0123456789", kForward.size()) == name.npos;
}

void tap_after(torch::jit::Node* call, const std::string& path) {
  auto& graph = *call->owningGraph();
  const torch::jit::WithInsertPoint after(call->next());
  auto* const told = graph.insertConstant(path);
  graph.insertNode(graph.create(c10::Symbol::fromQualString(kTap), {told, call->output()}, 0));
}

/// Puts what is called in the place of the call, as libtorch itself would later on: here a submodule may
/// share its graph with others of its class, there each call has one, and its path from the top is known.
void tap_calls(torch::jit::Block* block, const torch::jit::Value* self, const torch::jit::Module& module) {
  const auto* const end = block->return_node();
  for (auto* node = end->next(); node != end; node = node->next()) {
    for (auto* inner : node->blocks()) tap_calls(inner, self, module);
    if (node->kind() != torch::jit::prim::CallMethod) continue;
    const auto called = find(node->input(0), self, module);
    if (!called || !called->object.isModule()) continue;
    const auto type = called->object.toModule().type();
    const auto& method = node->s(torch::jit::attr::name);
    if (!called->path.empty() && is_forward(method)) tap_after(node, called->path);
    node->input(0)->inferTypeFrom(called->object.toObject());  // instead of an interface
    auto* const before = node->prev();
    torch::jit::inlineCallTo(node, &torch::jit::toGraphFunction(type->getMethod(method)), false);
    node = before;  // to go on with what took its place
  }
}

}  // namespace

void tap(const torch::jit::Module& module) {
  register_tap();
  const auto forward = module.find_method("forward");
  if (!forward) return;
  const auto graph = forward->graph();
  tap_calls(graph->block(), graph->inputs().front(), module);
}

Recording::Recording(Taps* into) {
  if (into == nullptr) return;
  alone_ = std::unique_lock(one_at_a_time);
  into->clear();
  recorded = into;
}

Recording::~Recording() {
  if (alone_) recorded = nullptr;
}

}  // namespace torchferry
