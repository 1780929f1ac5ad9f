#include "image/orientation.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace torchferry {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr int kUpright = 1;
constexpr std::uint32_t kOrientationTag = 0x0112;
constexpr std::size_t kEntry = 12;

/// Numbers of a TIFF block, in the byte order that it says.
class Tiff {
 public:
  /// Nothing where the block does not begin as TIFF does.
  static std::optional<Tiff> open(Bytes block) {
    if (block.size() < 8) return std::nullopt;
    const bool little = block[0] == 'I' && block[1] == 'I';
    const bool big = block[0] == 'M' && block[1] == 'M';
    const Tiff tiff(block, little);
    const bool tiff_number = tiff.u16(2) == 42 || tiff.u16(2) == 42 << 8;
    return (little || big) && tiff_number ? std::optional(tiff) : std::nullopt;
  }

  [[nodiscard]] std::size_t size() const { return block_.size(); }
  [[nodiscard]] bool has(std::size_t at, std::size_t count) const {
    return at <= size() && count <= size() - at;
  }
  [[nodiscard]] std::uint32_t u16(std::size_t at) const {
    const std::uint32_t first = block_[at];
    const std::uint32_t second = block_[at + 1];
    return little_ ? first | second << 8 : first << 8 | second;
  }
  [[nodiscard]] std::uint32_t u32(std::size_t at) const {
    const std::uint32_t first = u16(at);
    const std::uint32_t second = u16(at + 2);
    return little_ ? first | second << 16 : first << 16 | second;
  }

 private:
  Tiff(Bytes block, bool little) : block_(block), little_(little) {}
  Bytes block_;
  bool little_;
};

/// The bytes of one value of a TIFF type, 0 for what is no type.
std::size_t size_of(std::uint32_t type) {
  constexpr std::array<std::size_t, 17> kSizes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8};
  return type < kSizes.size() ? kSizes[type] : 0;
}

/// The first value of that type, 0 for what is no whole number of two or four bytes.
std::uint32_t value_at(const Tiff& tiff, std::size_t at, std::uint32_t type) {
  switch (type) {
    case 3:
    case 8:
      return tiff.u16(at);
    case 4:
    case 9:
    case 13:
      return tiff.u32(at);
    default:
      return 0;
  }
}

/// What the first directory says; nothing where it has no such tag. Reading ends at the first entry that
/// points out of the block, as Pillow's does.
std::optional<std::uint32_t> read_orientation(const Tiff& tiff) {
  std::size_t at = tiff.u32(4);
  if (!tiff.has(at, 2)) return std::nullopt;
  const std::size_t entries = tiff.u16(at);
  std::uint64_t pointed_to = 0;
  at += 2;
  for (std::size_t i = 0; i < entries && tiff.has(at, kEntry); ++i, at += kEntry) {
    const auto type = tiff.u16(at + 2);
    const std::uint64_t bytes = std::uint64_t{tiff.u32(at + 4)} * size_of(type);
    if (bytes == 0) continue;
    std::size_t value = at + 8;
    if (bytes > 4) {
      pointed_to += bytes;
      if (pointed_to > tiff.size()) continue;
      value = tiff.u32(at + 8);
      if (!tiff.has(value, bytes)) return std::nullopt;
    }
    if (tiff.u16(at) == kOrientationTag) return value_at(tiff, value, type);
  }
  return std::nullopt;
}

/// What an XMP packet says, as an attribute or as an element.
int read_xmp(std::string_view xmp) {
  constexpr std::string_view kKey = "tiff:Orientation";
  for (auto at = xmp.find(kKey); at != std::string_view::npos; at = xmp.find(kKey, at)) {
    at += kKey.size();
    auto rest = xmp.substr(at);
    if (rest.starts_with("=\"")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with('>')) {
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') return rest[0] - '0';
  }
  return kUpright;
}

/// Where a pixel of the turned picture comes from: `first` and a step along each of its two axes, in pixels.
struct Walk {
  std::ptrdiff_t first;
  std::ptrdiff_t right;
  std::ptrdiff_t down;
};

Walk walk(int orientation, std::ptrdiff_t width, std::ptrdiff_t height) {
  const auto last_row = (height - 1) * width;
  switch (orientation) {
    case 2:
      return {width - 1, -1, width};
    case 3:
      return {last_row + width - 1, -1, -width};
    case 4:
      return {last_row, 1, -width};
    case 5:
      return {0, width, 1};
    case 6:
      return {last_row, -width, 1};
    case 7:
      return {last_row + width - 1, -width, -1};
    default:
      return {width - 1, width, -1};
  }
}

}  // namespace

int orientation(Bytes exif, std::string_view xmp) {
  constexpr std::array<std::uint8_t, 6> kPrefix{'E', 'x', 'i', 'f', 0, 0};
  for (int i = 0; i < 2 && exif.size() >= kPrefix.size(); ++i) {
    if (std::equal(kPrefix.begin(), kPrefix.end(), exif.begin())) exif = exif.subspan(kPrefix.size());
  }
  std::optional<std::uint32_t> found;
  if (!exif.empty()) {
    const auto tiff = Tiff::open(exif);
    if (!tiff) return kUpright;
    found = read_orientation(*tiff);
  }
  const auto number = found ? *found : static_cast<std::uint32_t>(read_xmp(xmp));
  return number >= 1 && number <= 8 ? static_cast<int>(number) : kUpright;
}

Image turned(Image picture, int orientation) {
  if (orientation < 2 || orientation > 8) return picture;
  // A tile of both pictures fits into the first cache, whichever way the walk goes.
  constexpr std::size_t kTile = 32;
  const bool swapped = orientation >= 5;
  Image upright{swapped ? picture.height : picture.width, swapped ? picture.width : picture.height,
                Pixels(picture.pixels.size())};
  const auto [first, right, down] = walk(orientation, static_cast<std::ptrdiff_t>(picture.width),
                                         static_cast<std::ptrdiff_t>(picture.height));
  for (std::size_t top = 0; top < upright.height; top += kTile) {
    for (std::size_t left = 0; left < upright.width; left += kTile) {
      const auto bottom = std::min(top + kTile, upright.height);
      const auto end = std::min(left + kTile, upright.width);
      for (auto y = top; y < bottom; ++y) {
        auto* to = upright.pixels.data() + (y * upright.width + left) * kChannels;
        auto at = first + static_cast<std::ptrdiff_t>(y) * down + static_cast<std::ptrdiff_t>(left) * right;
        for (auto x = left; x < end; ++x, to += kChannels, at += right) {
          std::memcpy(to, picture.pixels.data() + at * std::ptrdiff_t{kChannels}, kChannels);
        }
      }
    }
  }
  return upright;
}

}  // namespace torchferry
