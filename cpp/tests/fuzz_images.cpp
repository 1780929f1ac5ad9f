// The decoder on whatever bytes there are: it gives a whole picture or says in one line why not.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

#include "base/error.h"
#include "image/decode.h"

#ifdef TORCHFERRY_MENDED
#include <zlib.h>
#endif

namespace {

/// Ends the process, which the fuzzer takes for a fault that it has found.
void demand(bool held) {
  if (!held) std::abort();
}

void decode(std::span<const std::uint8_t> bytes) {
  try {
    const auto image = torchferry::decode(bytes, "picture");
    demand(image.width > 0 && image.height > 0);
    demand(image.pixels.size() == image.width * image.height * torchferry::kChannels);
  } catch (const torchferry::Error& error) {
    const std::string_view message = error.what();
    demand(message.starts_with("picture ") && message.find('\n') == std::string_view::npos);
    demand(error.code() == torchferry::ExitCode::bad_file ||
           error.code() == torchferry::ExitCode::environment);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decode({data, size});
  return 0;
}

#ifdef TORCHFERRY_MENDED

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

/// Changes the bytes as the fuzzer does by itself, and then sets the checksums of a PNG right again: few of
/// its inputs would get past the first chunk otherwise.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed) {
  constexpr std::size_t kSignature = 8;
  constexpr std::size_t kAround = 12;  // a chunk's length, type and checksum
  size = LLVMFuzzerMutate(data, size, most);
  if (seed % 8 == 0) return size;  // now and then, they stay wrong
  for (std::size_t at = kSignature; at <= size && size - at >= kAround;) {
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | data[at + static_cast<std::size_t>(i)];
    if (length > size - at - kAround) break;
    const auto sum = crc32(0, data + at + 4, static_cast<uInt>(length + 4));
    for (std::size_t i = 0; i < 4; ++i)
      data[at + 8 + length + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    at += kAround + length;
  }
  return size;
}

#endif
