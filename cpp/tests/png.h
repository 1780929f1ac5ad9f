#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/bytes.h"

namespace torchferry {

inline constexpr std::string_view kSignature = "\x89PNG\r\n\x1A\n";

/// The colour types of PNG.
enum class Colour : std::uint8_t { grey = 0, rgb = 2, indexed = 3, grey_alpha = 4, rgb_alpha = 6 };

/// A chunk with its checksum.
[[nodiscard]] inline std::string chunk(std::string_view type, std::string_view content = "") {
  const auto body = std::string(type) + std::string(content);
  const auto sum = crc32(0, bytes_of(body).data(), static_cast<uInt>(body.size()));
  return number(static_cast<std::uint32_t>(content.size()), 4) + body +
         number(static_cast<std::uint32_t>(sum), 4);
}

/// A text as zlib packs it.
[[nodiscard]] inline std::string packed(std::string_view text) {
  auto length = compressBound(static_cast<uLong>(text.size()));
  std::string result(length, '\0');
  compress(reinterpret_cast<Bytef*>(result.data()), &length, bytes_of(text).data(),
           static_cast<uLong>(text.size()));
  result.resize(length);
  return result;
}

/// A PNG's header chunk.
[[nodiscard]] inline std::string header(std::uint32_t width, std::uint32_t height, std::uint32_t depth = 8,
                                        Colour colour = Colour::rgb) {
  return chunk("IHDR", number(width, 4) + number(height, 4) + number(depth, 1) +
                           number(static_cast<std::uint32_t>(colour), 1) + number(0, 3));
}

/// A PNG of two pixels side by side, red-green-blue 1 2 3 and 4 5 6, with more chunks before and after them.
[[nodiscard]] inline std::string two_pixels(std::string_view before = "", std::string_view after = "") {
  return std::string(kSignature) + header(2, 1) + std::string(before) +
         chunk("IDAT", packed(std::string("\0\1\2\3\4\5\6", 7))) + std::string(after) + chunk("IEND");
}

}  // namespace torchferry
