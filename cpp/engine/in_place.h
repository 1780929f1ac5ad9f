#pragma once

#include <torch/csrc/jit/ir/ir.h>

namespace torchferry {

/// Keeps oneDNN Graph from computing into a tensor that is read again. To be called before the graph is
/// fused.
///
/// The fuser lets a fused kernel, such as a convolution and the addition after it, overwrite one of its
/// inputs, and does not ask who else reads that input. It does so only to a tensor that is passed between
/// fused kernels and nothing else, in a layout of oneDNN's own. So for each tensor that may be overwritten
/// too early, one of its readers gets it through `aten::detach`: a view, which copies nothing, and which is
/// no kernel of oneDNN's.
void guard_in_place(torch::jit::Block& block);

}  // namespace torchferry
