#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "image/image.h"

namespace torchferry {

/// Decodes what begins as a JPEG. A warning of libjpeg's that its data are corrupt is an error.
/// @throws Error (bad_file) when it is damaged, too large, or of a kind that libjpeg does not decode.
/// @throws Error (environment) when this build has no libjpeg.
[[nodiscard]] Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& name);

/// "libjpeg-turbo 2.1.5", or "no JPEG".
[[nodiscard]] std::string jpeg_library();

}  // namespace torchferry
