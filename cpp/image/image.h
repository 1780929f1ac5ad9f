#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace torchferry {

/// The standard allocator, but a vector that grows is left with whatever the memory holds: for bytes that are
/// all written anyway, and for pictures that turn out to be damaged before the memory is ever touched.
template <typename T>
struct LeftAsItIs : std::allocator<T> {
  template <typename U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
};

using Pixels = std::vector<std::uint8_t, LeftAsItIs<std::uint8_t>>;

/// A picture.
struct Image {
  std::size_t width = 0;
  std::size_t height = 0;
  Pixels pixels;  ///< red, green and blue of each pixel in turn, row by row
};

inline constexpr std::size_t kChannels = 3;

/// The largest picture that is decoded. As in Pillow, which refuses more as a decompression bomb.
inline constexpr std::size_t kMaxPixels = 178'956'970;
inline constexpr std::size_t kMaxSide = 1'000'000;

/// An image of that size, whose pixels are yet to be written. `name` begins the message.
/// @throws Error (bad_file) as check_size does.
[[nodiscard]] Image unwritten(std::size_t width, std::size_t height, const std::string& name);

/// To be called before anything is allocated that grows with the picture.
/// @throws Error (bad_file) when it is larger than the limits allow.
void check_size(std::size_t width, std::size_t height, const std::string& name);

}  // namespace torchferry
