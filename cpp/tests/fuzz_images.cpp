// The decoder on whatever bytes there are: it gives a whole picture, or says in one line why not.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "image/decode.h"

namespace {

/// Ends the process, which the fuzzer takes for a fault that it has found.
void demand(bool held) {
  if (!held) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto image = torchferry::decode({data, size}, "picture");
    demand(image.width > 0 && image.height > 0);
    demand(image.pixels.size() == image.width * image.height * torchferry::kChannels);
  } catch (const torchferry::Error& error) {
    const std::string_view message = error.what();
    demand(message.starts_with("picture ") && message.find('\n') == std::string_view::npos);
    demand(error.code() == torchferry::ExitCode::bad_file ||
           error.code() == torchferry::ExitCode::environment);
  }
  return 0;
}
