#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "image/image.h"

namespace torchferry {

/// Decodes what begins as a PNG. A wrong checksum of any chunk is an error.
/// @throws Error (bad_file) when it is damaged, too large or animated.
/// @throws Error (environment) when this build has no libpng.
[[nodiscard]] Image decode_png(std::span<const std::uint8_t> bytes, const std::string& name);

/// "libpng 1.6.39", or "no PNG".
[[nodiscard]] std::string png_library();

}  // namespace torchferry
