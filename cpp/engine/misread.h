#pragma once

#include <torch/csrc/jit/ir/ir.h>

namespace torchferry {

/// Spells operators that oneDNN Graph misreads in another way. To be called before a frozen graph is fused.
///
/// The fuser maps an operator by its name, and not by all of its arguments: it takes GELU by tanh for GELU by
/// erf, a division that rounds for one that does not, and fails where a pooling has no stride or a layer norm
/// no weight. Each has another name in PyTorch, or another way to say the same, which the fuser reads right
/// or leaves alone.
void respell(torch::jit::Block& block);

}  // namespace torchferry
