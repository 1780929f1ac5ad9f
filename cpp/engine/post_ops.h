#pragma once

#include <torch/csrc/jit/ir/ir.h>

namespace torchferry {

/// Keeps arithmetic out of the kernel before it where oneDNN gets that wrong. To be called before the graph
/// is fused.
///
/// oneDNN computes a sum, product or quotient in the kernel that has made one of its operands, as a post-op.
/// There,
/// - after a linear layer, it reads most operands that are broadcast, such as a gate of [n, 1, 1, channels],
///   wrongly;
/// - where a sample has nothing but channels, as in [n, channels, 1, 1], it reads an operand of
///   [channels, 1, 1] as if that went on from sample to sample;
/// - what is added to a layer norm's result, it drops;
/// - it crashes where the kernel has read the other operand before, and that is broadcast;
/// - it fails to compile a product of matrices times a constant.
void separate_post_ops(torch::jit::Block& block);

}  // namespace torchferry
