#pragma once

namespace torchferry {

/// Whether this processor multiplies bfloat16 by instructions of its own, as AVX-512 BF16 and AMX do.
[[nodiscard]] bool has_bfloat16_instructions();

}  // namespace torchferry
