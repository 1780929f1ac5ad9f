#include "engine/floating.h"

#include <torch/csrc/jit/ir/constants.h>

#include <set>
#include <string>
#include <vector>

namespace torchferry {

namespace {

using torch::jit::Node;
using torch::jit::Value;

/// Operators whose result is of floating point, whatever it is made of.
const std::set<std::string> kFloating{"linear",
                                      "matmul",
                                      "mm",
                                      "bmm",
                                      "addmm",
                                      "conv1d",
                                      "conv2d",
                                      "conv3d",
                                      "_convolution",
                                      "convolution",
                                      "baddbmm",
                                      "batch_norm",
                                      "layer_norm",
                                      "group_norm",
                                      "instance_norm",
                                      "softmax",
                                      "log_softmax",
                                      "sigmoid",
                                      "tanh",
                                      "gelu",
                                      "silu",
                                      "hardswish",
                                      "exp",
                                      "sqrt",
                                      "log",
                                      "mean",
                                      "native_layer_norm",
                                      "native_batch_norm",
                                      "_convolution_mode",
                                      "divide",
                                      "div",
                                      "elu"};

/// Operators whose result is of floating point if one of their inputs is.
const std::set<std::string> kOfAny{"add",
                                   "sub",
                                   "mul",
                                   "subtract",
                                   "multiply",
                                   "relu",
                                   "relu6",
                                   "hardtanh",
                                   "clamp",
                                   "abs",
                                   "square",
                                   "neg",
                                   "pow",
                                   "view",
                                   "reshape",
                                   "flatten",
                                   "permute",
                                   "transpose",
                                   "contiguous",
                                   "clone",
                                   "detach",
                                   "slice",
                                   "select",
                                   "expand",
                                   "unsqueeze",
                                   "squeeze",
                                   "max_pool2d",
                                   "avg_pool2d",
                                   "adaptive_avg_pool2d",
                                   "dropout",
                                   "pad",
                                   "leaky_relu",
                                   "roll",
                                   "embedding",
                                   "upsample_nearest2d",
                                   "upsample_bilinear2d",
                                   "index_select",
                                   "masked_fill",
                                   "t",
                                   "chunk",
                                   "split"};

/// Without "aten::", and without the underscore of a change in place.
std::string name_of(const Node& node) {
  const std::string kind = node.kind().toUnqualString();
  return kind.ends_with('_') ? kind.substr(0, kind.size() - 1) : kind;
}

bool is_floating_constant(const Value& value) {
  const auto constant = torch::jit::toIValue(&value);
  return constant && constant->isTensor() && constant->toTensor().is_floating_point();
}

}  // namespace

bool is_floating(const Value& value) {
  std::vector<const Value*> waiting{&value};
  std::set<const Value*> seen;
  while (!waiting.empty()) {
    const auto* one = waiting.back();
    waiting.pop_back();
    if (!one->type()->isSubtypeOf(*c10::TensorType::get()) || !seen.insert(one).second) continue;
    const auto name = name_of(*one->node());
    if (kFloating.contains(name) || is_floating_constant(*one)) return true;
    if (!kOfAny.contains(name)) continue;
    for (const auto* input : one->node()->inputs()) waiting.push_back(input);
  }
  return false;
}

}  // namespace torchferry
