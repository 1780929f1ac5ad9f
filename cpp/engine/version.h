#pragma once

#include <string>

namespace torchferry {

/// The version of libtorch that was built against.
[[nodiscard]] std::string torch_version();

}  // namespace torchferry
