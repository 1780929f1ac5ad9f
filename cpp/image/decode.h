#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "image/image.h"

namespace torchferry {

/// Decodes a JPEG or PNG, whatever its file is called, to the very pixels that
/// `pipeline.model.pictures.decode` gives: upright as its EXIF says; grey becomes three equal channels, alpha
/// is dropped, of 16 bits the high byte stays, and colour profiles and gamma are ignored.
/// @param name begins every message.
/// @throws Error (bad_file) when it is something else, damaged, truncated, animated or too large; a picture
/// that
///   is damaged in part is refused as a whole.
/// @throws Error (environment) when this build lacks the library, or the memory does not suffice.
[[nodiscard]] Image decode(std::span<const std::uint8_t> bytes, const std::string& name);

/// The libraries that decode, such as "libjpeg-turbo 2.1.5, libpng 1.6.39" or "no JPEG, libpng 1.6.39".
[[nodiscard]] std::string_view codecs();

}  // namespace torchferry
