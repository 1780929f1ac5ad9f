#pragma once

#include <torch/csrc/jit/ir/ir.h>

namespace torchferry {

/// Spells a sum, a product or a quotient so that oneDNN Graph leaves alone what it would get wrong. A number
/// beside a tensor of integers it rounds first, and 0.5 becomes 0. A sum with 0, and a product with 1, it
/// takes for the tensor itself, though that may be changed in place later.
void spell_sum(torch::jit::Node& node);
void spell_product(torch::jit::Node& node);
void spell_quotient(torch::jit::Node& node);

}  // namespace torchferry
