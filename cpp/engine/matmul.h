#pragma once

#include <torch/csrc/jit/ir/ir.h>

namespace torchferry {

/// Spells a product of matrices so that oneDNN Graph gets it right. Of two operands with four axes, its
/// kernels read other elements than those of some views: of `x[:, :8]`, where a sample is followed by a gap;
/// of a view with an axis of extent 1 whose stride is not the usual one; of pixels in channels-last. They are
/// right where the matrices of each operand, transposed or not, lie one after another. Of a bias with three
/// axes, one for each head, the kernel for attention takes another part.
void spell_matmul(torch::jit::Node& node);

}  // namespace torchferry
