// Stands in for jpeg.cpp where CMake has not found the library.
#include "base/error.h"
#include "image/jpeg.h"

namespace torchferry {

Image decode_jpeg(std::span<const std::uint8_t> /*bytes*/, const std::string& name) {
  throw Error(ExitCode::environment, name +
                                         " is a JPEG, and this ts-infer was built without libjpeg; "
                                         "apt install libjpeg-dev, then rm -r artifacts/build and doit");
}

std::string jpeg_library() { return "no JPEG"; }

}  // namespace torchferry
