#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace torchferry {

inline constexpr std::string_view kJpeg = "a JPEG";
inline constexpr std::string_view kPng = "a PNG";
inline constexpr std::string_view kWebPage = "a web page";

/// What a file is by its first bytes, with its article: "a JPEG", "a GIF", "empty"; "" for what is not known.
[[nodiscard]] std::string_view kind_of(std::span<const std::uint8_t> bytes);

}  // namespace torchferry
