#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace torchferry {

/// The bytes of a text, which must outlive them.
[[nodiscard]] inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The low bytes of a number, the last one first or last.
[[nodiscard]] inline std::string number(std::uint32_t value, std::size_t bytes, bool little = false) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) {
    const auto shift = 8 * (little ? i : bytes - 1 - i);
    text += static_cast<char>(value >> shift & 0xFFU);
  }
  return text;
}

}  // namespace torchferry
