#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <set>
#include <string>

namespace torchferry {

/// What may return some of the elements, or of the axes, as they lie.
extern const std::set<std::string> kSlicing;
/// What returns the axes in another order.
extern const std::set<std::string> kTransposing;
/// All that may return a view of its first input: the above, and what returns the elements with other axes.
extern const std::set<std::string> kViews;

/// Whether a node adds, subtracts, multiplies or divides.
[[nodiscard]] bool is_arithmetic(const torch::jit::Node& node);

/// Whether it multiplies matrices.
[[nodiscard]] bool is_product(const torch::jit::Node& node);

/// Whether it pools pictures.
[[nodiscard]] bool is_pool(const torch::jit::Node& node);

/// Whether a kernel of oneDNN Graph may compute it into an input: no element is read after it was written.
[[nodiscard]] bool is_pointwise(const torch::jit::Node& node);

/// Whether it is a softmax or its logarithm: pointwise, and contiguous whatever the input.
[[nodiscard]] bool is_softmax(const torch::jit::Node& node);

/// Whether it returns at least as many channels, and samples, as any of its inputs has.
[[nodiscard]] bool keeps_channels(const torch::jit::Node& node);

/// Whether it is a convolution; of a traced one, `aten::_convolution`, only the node tells whether it is
/// transposed.
[[nodiscard]] bool is_convolution(const torch::jit::Node& node);

/// Whether it changes its first operand in place, such as `aten::add_`.
[[nodiscard]] bool is_in_place(const torch::jit::Node& node);

/// Whether a node is of one of these kinds.
[[nodiscard]] bool is_among(const torch::jit::Node& node, const std::set<std::string>& kinds);

}  // namespace torchferry
