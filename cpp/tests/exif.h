#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bytes.h"

namespace torchferry {

inline constexpr std::uint32_t kOrientationTag = 0x0112;

/// The types of a TIFF value that the tests use.
enum class Type : std::uint8_t {
  byte = 1,
  ascii = 2,
  u16 = 3,
  u32 = 4,
  fraction = 5,
  i16 = 8,
  i32 = 9,
  ifd = 13
};

/// An entry of a TIFF directory.
struct Entry {
  std::uint32_t value = 1;
  Type type = Type::u16;
  std::uint32_t count = 1;
  std::uint32_t tag = kOrientationTag;
};

/// A TIFF block whose first directory has these entries.
[[nodiscard]] inline std::string tiff(const std::vector<Entry>& entries, bool little = true,
                                      std::uint32_t directory = 8) {
  std::string block = little ? "II" : "MM";
  block += number(42, 2, little) + number(directory, 4, little);
  block += number(static_cast<std::uint32_t>(entries.size()), 2, little);
  for (const auto& [value, type, count, tag] : entries) {
    block += number(tag, 2, little) + number(static_cast<std::uint32_t>(type), 2, little);
    block += number(count, 4, little);
    // Two bytes come first, whatever the order of bytes.
    const bool narrow = (type == Type::u16 || type == Type::i16) && count == 1;
    block += narrow ? number(value, 2, little) + number(0, 2, little) : number(value, 4, little);
  }
  return block + number(0, 4, little);
}

/// A TIFF block that says this orientation, and nothing else.
[[nodiscard]] inline std::string tiff_of(std::uint32_t orientation) { return tiff({{orientation}}); }

}  // namespace torchferry
