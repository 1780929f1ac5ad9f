#include "engine/kinds.h"

#include <string_view>

namespace torchferry {

namespace {

using torch::jit::Node;

const std::set<std::string> kArithmetic{"aten::add", "aten::div", "aten::mul", "aten::sub"};
const std::set<std::string> kProducts{"aten::addmm", "aten::bmm", "aten::linear", "aten::matmul", "aten::mm"};
const std::set<std::string> kPools{"aten::avg_pool2d", "aten::max_pool2d"};
const std::set<std::string> kSoftmax{"aten::softmax", "aten::log_softmax"};
/// Besides arithmetic. Each of them also has a form that changes its first operand in place.
const std::set<std::string> kPointwise{
    "aten::abs",         "aten::batch_norm", "aten::clamp", "aten::elu",   "aten::exp",
    "aten::gelu",        "aten::hardswish",  "aten::log",   "aten::relu",  "aten::hardtanh",
    "aten::leaky_relu",  "aten::sigmoid",    "aten::silu",  "aten::relu6", "aten::round",
    "aten::log_softmax", "aten::softmax",    "aten::sqrt",  "aten::tanh",  "aten::square"};

/// Besides pointwise operators and pools.
const std::set<std::string> kKeepsChannels{"aten::_upsample_nearest_exact2d",
                                           "aten::adaptive_avg_pool2d",
                                           "aten::adaptive_max_pool2d",
                                           "aten::cat",
                                           "aten::dropout",
                                           "aten::hardsigmoid",
                                           "aten::mish",
                                           "aten::softplus",
                                           "aten::upsample_bicubic2d",
                                           "aten::upsample_bilinear2d",
                                           "aten::upsample_nearest2d",
                                           "prim::ListConstruct"};
const std::set<std::string> kConvolutions{"aten::_convolution", "aten::conv1d", "aten::conv2d",
                                          "aten::conv3d"};

std::set<std::string> united(std::set<std::string> all, const std::set<std::string>& more) {
  all.insert(more.begin(), more.end());
  return all;
}

}  // namespace

const std::set<std::string> kSlicing{
    "aten::__getitem__", "aten::chunk",  "aten::contiguous",   "aten::detach",    "aten::diagonal",
    "aten::narrow",      "aten::select", "aten::slice",        "aten::split",     "aten::split_with_sizes",
    "aten::squeeze",     "aten::unbind", "aten::tensor_split", "prim::ListUnpack"};
const std::set<std::string> kTransposing{"aten::movedim",  "aten::permute", "aten::swapaxes",
                                         "aten::swapdims", "aten::t",       "aten::transpose"};
const std::set<std::string> kViews =
    united(united(kSlicing, kTransposing),
           {"aten::expand", "aten::expand_as", "aten::flatten", "aten::reshape", "aten::reshape_as",
            "aten::unflatten", "aten::unsqueeze", "aten::view", "aten::view_as"});

bool is_among(const Node& node, const std::set<std::string>& kinds) {
  return kinds.contains(node.kind().toQualString());
}

bool is_arithmetic(const Node& node) { return is_among(node, kArithmetic); }

bool is_product(const Node& node) { return is_among(node, kProducts); }

bool is_pool(const Node& node) { return is_among(node, kPools); }

bool is_softmax(const Node& node) { return is_among(node, kSoftmax); }

bool is_in_place(const Node& node) { return std::string_view(node.kind().toQualString()).ends_with('_'); }

bool is_pointwise(const Node& node) {
  std::string kind = node.kind().toQualString();
  if (kind.ends_with('_')) kind.pop_back();
  return kPointwise.contains(kind) || kArithmetic.contains(kind);
}

bool keeps_channels(const Node& node) {
  return is_pointwise(node) || is_pool(node) || is_among(node, kKeepsChannels);
}

bool is_convolution(const Node& node) { return is_among(node, kConvolutions); }

}  // namespace torchferry
