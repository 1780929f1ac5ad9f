// Stands in for png.cpp where CMake has not found the library.
#include "base/error.h"
#include "image/png.h"

namespace torchferry {

Image decode_png(std::span<const std::uint8_t> /*bytes*/, const std::string& name) {
  throw Error(ExitCode::environment, name +
                                         " is a PNG, and this ts-infer was built without libpng; "
                                         "apt install libpng-dev, then rm -r artifacts/build and doit");
}

std::string png_library() { return "no PNG"; }

}  // namespace torchferry
