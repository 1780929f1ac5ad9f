#pragma once

#include <torch/csrc/jit/ir/ir.h>

namespace torchferry {

/// Has pointwise operators and pools read views in which axes of extent 1 have their usual strides. Such an
/// axis has whatever stride it had before other axes changed places: for a tensor of [1, 1, 2, 8],
/// `x.transpose(1, 2)` has the strides (16, 8, 16, 1). PyTorch never uses that stride, but oneDNN's kernels
/// for sums, products, quotients and pools take such a tensor for one of another layout, and read an operand
/// that is broadcast, a number even, from another place.
void make_strides_usual(torch::jit::Block& block);

}  // namespace torchferry
