#include "engine/optimised.h"

#include <ATen/core/function_schema.h>
#include <torch/csrc/jit/codegen/onednn/interface.h>
#include <torch/csrc/jit/passes/fold_conv_bn.h>
#include <torch/csrc/jit/passes/frozen_conv_folding.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/passes/remove_mutation.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include "engine/archive.h"
#include "engine/in_place.h"
#include "engine/misread.h"
#include "engine/post_ops.h"
#include "engine/strides.h"
#include "engine/values.h"

namespace torchferry {

namespace {

constexpr std::size_t kMostExecutors = 16;  // each holds the weights once more, as oneDNN packs them
constexpr int kWarmUp = 2;  // the first run observes the extents, the second compiles for them
constexpr std::int64_t kImageDims = 4;

/// The extents and dtypes of all tensors, by which graphs are compiled.
std::string extents_of(const std::vector<c10::IValue>& inputs) {
  std::ostringstream extents;
  const auto tell = [&](const c10::IValue& leaf) {
    if (leaf.isTensor()) extents << leaf.toTensor().scalar_type() << leaf.toTensor().sizes();
    extents << ' ';
    return leaf;
  };
  for (const auto& input : inputs) (void)mapped(input, tell);
  return extents.str();
}

bool is_image(const at::Tensor& tensor) { return tensor.dim() == kImageDims && tensor.is_floating_point(); }

/// The weights of layers alone: a bias of positions, [1, heads, n, m], is misread by oneDNN if it lies so.
void to_channels_last(const torch::jit::Module& module) {
  for (const auto& [name, parameter] : module.named_parameters()) {
    if (name.ends_with("weight") && is_image(parameter))
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
  }
}

bool any_node(const torch::jit::Block& block, const std::set<std::string>& kinds) {
  return std::ranges::any_of(block.nodes(), [&](const torch::jit::Node* node) {
    return kinds.contains(node->kind().toQualString()) ||
           std::ranges::any_of(node->blocks(), [&](const auto* inner) { return any_node(*inner, kinds); });
  });
}

/// Whether a method asks how its tensors lie in memory, and so would answer otherwise if they lay otherwise.
bool sees_layout(const torch::jit::Module& module, const std::string& method) {
  const auto graph = module.get_method(method).graph()->copy();
  torch::jit::Inline(*graph);
  return any_node(*graph->block(),
                  {"aten::as_strided", "aten::as_strided_", "aten::stride", "aten::is_contiguous",
                   "aten::set_", "aten::storage_offset", "aten::resize_", "aten::unfold"});
}

/// Whether a method reads or writes what one call leaves for the next: of all else, freezing makes constants.
bool keeps_state(const torch::jit::Module& frozen, const std::string& name) {
  const auto method = frozen.find_method(name);
  return method && any_node(*method->graph()->block(), {"prim::GetAttr", "prim::SetAttr"});
}

/// What freezing does by itself, except that it also folds batch norms into linear layers: without a look at
/// who else reads the layer, and at which of its axes are the channels. Returns whether there was anything to
/// fold.
bool fold_into_convolutions(std::shared_ptr<torch::jit::Graph>& graph) {
  bool changed = torch::jit::FoldFrozenConvBatchnorm(graph);
  changed |= torch::jit::FoldFrozenConvAddOrSub(graph);
  changed |= torch::jit::FoldFrozenConvMulOrDiv(graph);
  return changed;
}

torch::jit::Module frozen(torch::jit::Module module, Precision precision, bool channels_last,
                          const std::string& method) {
  // A batch norm that is folded for `forward` would be applied again by another method.
  if (precision == Precision::bfloat16) module = to_bfloat16(std::move(module), method == kForward);
  if (channels_last) to_channels_last(module);
  std::vector<std::string> kept;
  if (module.find_method(kPreprocess)) kept.emplace_back(kPreprocess);
  if (method != kForward && method != kPreprocess) kept.push_back(method);
  auto made = torch::jit::freeze(module, kept, /*optimize_numerics=*/false);
  auto graph = made.get_method(kForward).graph();
  while (fold_into_convolutions(graph)) {
  }
  return made;
}

/// Keeps oneDNN Graph from what it does wrongly.
void make_fusible(std::shared_ptr<torch::jit::Graph>& graph) {
  torch::jit::RemoveTensorMutation(graph);  // as the fuser would, but before views are put in
  torch::jit::RemoveListMutation(graph);
  respell(*graph->block());
  make_strides_usual(*graph->block());
  separate_post_ops(*graph->block());
  guard_in_place(*graph->block());
}

/// As the model takes it: of the precision, and pictures channels-last where it does not mind.
c10::IValue as_taken(const c10::IValue& input, Precision precision, bool channels_last) {
  return mapped(in_precision(input, precision), [&](const c10::IValue& leaf) -> c10::IValue {
    if (!leaf.isTensor() || !channels_last || !is_image(leaf.toTensor())) return leaf;
    return leaf.toTensor().contiguous(at::MemoryFormat::ChannelsLast);
  });
}

}  // namespace

torch::jit::Module to_bfloat16(torch::jit::Module module, bool fold) {
  try {
    if (fold) module = torch::jit::FoldConvBatchNorm(module);
  } catch (const std::exception&) {  // it knows fewer forms than freezing does; those keep their batch norms
  }
  const auto convert = [](const at::Tensor& tensor) {  // not module.to, which would convert integers as well
    if (tensor.scalar_type() == at::kFloat) tensor.set_data(tensor.to(at::kBFloat16));
  };
  for (const auto& parameter : module.parameters()) convert(parameter);
  for (const auto& buffer : module.buffers()) convert(buffer);
  return module;
}

c10::IValue in_precision(const c10::IValue& input, Precision precision) {
  return mapped(input, [&](const c10::IValue& leaf) -> c10::IValue {
    const bool converts =
        precision == Precision::bfloat16 && leaf.isTensor() && leaf.toTensor().scalar_type() == at::kFloat;
    return converts ? leaf.toTensor().to(at::kBFloat16) : leaf;
  });
}

/// The method's graph, compiled for one set of extents.
struct Optimised::Executor {
  explicit Executor(std::shared_ptr<torch::jit::Graph> of_method, const std::string& method)
      : graph(std::move(of_method), method) {}

  c10::IValue run(torch::jit::Stack stack) {
    // Until it is compiled, one thread at a time.
    std::unique_lock lock(mutex, std::defer_lock);
    if (runs.load() < kWarmUp) lock.lock();
    graph.run(stack);
    runs.fetch_add(1);
    return stack.back();
  }

  torch::jit::GraphExecutor graph;
  std::mutex mutex;
  std::atomic<int> runs = 0;
};

Optimised::Optimised(torch::jit::Module module, Precision precision, bool fused, const std::string& method)
    : method_(method),
      precision_(precision),
      channels_last_(!sees_layout(module, kForward) && !sees_layout(module, method)),
      module_(frozen(std::move(module), precision, channels_last_, method)),
      graph_(module_.get_method(method).graph()->copy()),
      has_state_(keeps_state(module_, kForward) || keeps_state(module_, kPreprocess) ||
                 keeps_state(module_, method)) {
  if (fused) make_fusible(graph_);
  torch::jit::RegisterLlgaFuseGraph::setEnabled(fused);
}

Optimised::~Optimised() = default;

Optimised::Executor& Optimised::executor_for(const std::vector<c10::IValue>& inputs) {
  const auto make = [&] { return std::make_unique<Executor>(graph_->copy(), method_); };
  const auto extents = extents_of(inputs);
  const std::scoped_lock lock(mutex_);
  const auto known = executors_.find(extents);
  if (known != executors_.end()) return *known->second;
  if (executors_.size() < kMostExecutors) return *executors_.emplace(extents, make()).first->second;
  if (!others_) others_ = make();
  return *others_;
}

c10::IValue Optimised::run(const std::vector<c10::IValue>& inputs) {
  torch::jit::Stack stack{module_._ivalue()};
  for (const auto& input : inputs) stack.push_back(as_taken(input, precision_, channels_last_));
  module_.get_method(method_).function().getSchema().checkAndNormalizeInputs(stack);
  const auto output = executor_for(inputs).run(std::move(stack));
  return precision_ == Precision::bfloat16 ? as_float32(output) : output;
}

}  // namespace torchferry
