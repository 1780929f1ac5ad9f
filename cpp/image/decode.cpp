#include "image/decode.h"

#include <array>

#include "base/error.h"
#include "image/jpeg.h"
#include "image/kind.h"
#include "image/png.h"

namespace torchferry {

Image decode(std::span<const std::uint8_t> bytes, const std::string& name) {
  const auto kind = kind_of(bytes);
  if (kind == kJpeg) return decode_jpeg(bytes, name);
  if (kind == kPng) return decode_png(bytes, name);
  if (!kind.empty()) {
    const std::string remedy = bytes.empty() || kind == kWebPage ? "fetch it again" : "convert it";
    throw Error(ExitCode::bad_file, name + " is " + std::string(kind) + ", expected JPEG or PNG; " + remedy);
  }
  throw Error(ExitCode::bad_file, name + " is neither JPEG nor PNG, whatever its name says; convert it");
}

std::string_view codecs() {
  static const std::string text = jpeg_library() + ", " + png_library();
  return text;
}

}  // namespace torchferry
