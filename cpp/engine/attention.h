#pragma once

#include <torch/csrc/jit/ir/ir.h>

namespace torchferry {

/// Spells a product of matrices so that oneDNN Graph reads the operands of attention right. Of a bias with
/// three axes, one for each head, its kernel takes another part. If a reshape has made an operand of a single
/// picture in channels-last, the stride along the batch is as small as along another axis, and the kernel
/// takes the operand for one of another layout.
void spell_matmul(torch::jit::Node& node);

}  // namespace torchferry
