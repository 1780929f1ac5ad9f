#pragma once

namespace torchferry {

/// The type that a model's floating-point weights and values have while it runs. What goes in and comes out
/// is as the archive says.
enum class Precision { float32, bfloat16 };

}  // namespace torchferry
