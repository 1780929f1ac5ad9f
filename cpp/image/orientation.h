#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "image/image.h"

namespace torchferry {

/// How a picture must be turned to be upright: 1 (not at all) to 8, as EXIF numbers it. Read from its EXIF
/// block, which may begin with "Exif\0\0", else from its XMP packet; either may be empty. What is unreadable
/// or of no known number turns nothing: a picture is not lost for its notes.
[[nodiscard]] int orientation(std::span<const std::uint8_t> exif, std::string_view xmp);

/// The picture, turned. Orientations 5 to 8 swap width and height.
[[nodiscard]] Image turned(Image picture, int orientation);

}  // namespace torchferry
