#include "engine/version.h"

#include <torch/headeronly/version.h>

namespace torchferry {

std::string torch_version() { return TORCH_VERSION; }

}  // namespace torchferry
