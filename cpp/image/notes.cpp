#include "image/notes.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/orientation.h"

namespace torchferry {

namespace {

constexpr std::size_t kSignature = 8;
constexpr std::size_t kAround = 12;  // a chunk's length, type and checksum
constexpr uLongf kMaxText = 1 << 20;
constexpr std::string_view kXmp = "XML:com.adobe.xmp";
constexpr std::string_view kProfile = "Raw profile type exif";

/// The part of a text before the next zero, which is taken from it with the zero.
std::string_view take_word(std::string_view& text) {
  const auto end = std::min(text.find('\0'), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

/// Empty where it is damaged, or too long for a note.
std::string unfolded(std::string_view packed) {
  std::string text(kMaxText, '\0');
  uLongf length = kMaxText;
  const auto* from = reinterpret_cast<const Bytef*>(packed.data());
  if (uncompress(reinterpret_cast<Bytef*>(text.data()), &length, from, packed.size()) != Z_OK) return {};
  text.resize(length);
  return text;
}

/// The text of a tEXt, zTXt or iTXt chunk, where it is of that key.
std::optional<std::string> text_of(std::string_view type, std::string_view content, std::string_view wanted) {
  if (take_word(content) != wanted) return std::nullopt;
  if (type == "tEXt") return std::string(content);
  const bool international = type == "iTXt";
  if (content.size() < (international ? 2U : 1U)) return std::nullopt;
  const bool packed = !international || content[0] != 0;
  const bool deflated = content[international ? 1 : 0] == 0;
  content.remove_prefix(international ? 2 : 1);
  if (international) {
    take_word(content);  // the language
    take_word(content);  // the key in that language
  }
  if (!packed) return std::string(content);
  return deflated ? unfolded(content) : std::string();
}

/// The EXIF block that ImageMagick writes as text: two lines before it, then in hexadecimal
/// digits. Where these are damaged, what comes is no EXIF block either.
std::vector<std::uint8_t> from_hex(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    if (text.empty()) return {};
  }
  std::string digits(text);
  std::erase_if(digits, [](char c) { return c == '\n' || c == ' '; });
  std::vector<std::uint8_t> bytes;
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    std::uint8_t byte = 0;
    const auto* const pair = digits.data() + at;
    const auto* const end = digits.data() + digits.size();
    if (end - pair < 2 || std::from_chars(pair, pair + 2, byte, 16).ptr != pair + 2) return {0};
    bytes.push_back(byte);
  }
  return bytes;
}

}  // namespace

Notes read_notes(std::span<const std::uint8_t> png) {
  Notes notes;
  std::span<const std::uint8_t> exif;
  std::vector<std::uint8_t> profile;
  std::string xmp;
  for (std::size_t at = kSignature; !notes.whole && at <= png.size() && png.size() - at >= kAround;) {
    std::size_t length = 0;
    for (const auto byte : png.subspan(at, 4)) length = length << 8 | byte;
    if (length > png.size() - at - kAround) break;
    const std::string_view type(reinterpret_cast<const char*>(png.data() + at + 4), 4);
    const auto content = png.subspan(at + 8, length);
    if (type == "IEND") notes.whole = true;
    if (type == "acTL") notes.animated = true;
    if (type == "eXIf") exif = content;
    if (type == "tEXt" || type == "zTXt" || type == "iTXt") {
      const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
      if (auto found = text_of(type, text, kXmp)) xmp = std::move(*found);
      if (auto found = text_of(type, text, kProfile)) profile = from_hex(*found);
    }
    at += kAround + length;
  }
  notes.orientation = orientation(exif.data() != nullptr ? exif : profile, xmp);
  return notes;
}

}  // namespace torchferry
