#include "image/kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace torchferry {

namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t at;
  std::string_view bytes;
  std::string_view kind;
};

// The first that fits. Of the files with `ftyp` the brand tells.
constexpr std::array kMagics{
    Magic{0, "\xff\xd8\xff"sv, kJpeg},
    Magic{0, "\x89PNG\r\n\x1a\n"sv, kPng},
    Magic{0, "GIF8"sv, "a GIF"},
    Magic{8, "WEBP"sv, "a WebP"},
    Magic{0, "BM"sv, "a BMP"},
    Magic{0, "II*\0"sv, "a TIFF"},
    Magic{0, "MM\0*"sv, "a TIFF"},
    Magic{4, "ftypavif"sv, "an AVIF"},
    Magic{4, "ftypavis"sv, "an AVIF"},
    Magic{4, "ftyphei"sv, "a HEIC"},
    Magic{4, "ftyphev"sv, "a HEIC"},
    Magic{4, "ftypmif1"sv, "a HEIC"},
    Magic{4, "ftypmsf1"sv, "a HEIC"},
    Magic{4, "ftyp"sv, "a video"},
    Magic{0, "\0\0\0\x0cjP  "sv, "a JPEG 2000"},
    Magic{0, "\xff\x4f\xff\x51"sv, "a JPEG 2000"},
    Magic{0, "\0\0\0\x0cJXL "sv, "a JPEG XL"},
    Magic{0, "\xff\x0a"sv, "a JPEG XL"},
    Magic{0, "8BPS"sv, "a Photoshop file"},
    Magic{0, "%PDF"sv, "a PDF"},
    Magic{0, "PK\x03\x04"sv, "a ZIP archive"},
    Magic{0, "version https://git-lfs"sv, "a Git LFS pointer, not what it points to"},
};

/// The first words of a text, in small letters and without what may stand before them.
std::string beginning(std::string_view text) {
  constexpr std::size_t kEnough = 16;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  std::string words(text.substr(0, kEnough));
  std::ranges::transform(words, words.begin(),
                         [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return words;
}

}  // namespace

std::string_view kind_of(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return "empty";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const auto& magic : kMagics) {
    if (text.size() >= magic.at && text.substr(magic.at).starts_with(magic.bytes)) return magic.kind;
  }
  const auto words = beginning(text);
  if (words.starts_with("<!doctype html") || words.starts_with("<html")) return kWebPage;
  if (words.starts_with("<svg") || words.starts_with("<?xml")) return "an SVG or other XML";
  return "";
}

}  // namespace torchferry
