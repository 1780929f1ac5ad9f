#pragma once

#include <cstdint>
#include <span>

namespace torchferry {

/// What a PNG's chunks say beside its pixels. libpng is not asked, because it believes a chunk's length
/// before it has seen that much, and unfolds every text.
struct Notes {
  bool whole = false;     ///< every chunk lies within the file, up to the one that ends it
  bool animated = false;  ///< it holds several pictures
  int orientation = 1;    ///< as EXIF numbers it
};

/// Reads a PNG's chunks, their checksums unseen. Takes no more memory than the file, and a megabyte.
[[nodiscard]] Notes read_notes(std::span<const std::uint8_t> png);

}  // namespace torchferry
