#include "image/image.h"

#include "base/error.h"

namespace torchferry {

void check_size(std::size_t width, std::size_t height, const std::string& name) {
  // Neither side is above 2^32, so that the product fits.
  if (width <= kMaxSide && height <= kMaxSide && width * height <= kMaxPixels) return;
  throw Error(ExitCode::bad_file, name + " claims to be " + std::to_string(width) + "x" +
                                      std::to_string(height) + ", expected at most " +
                                      std::to_string(kMaxPixels) + " pixels and " + std::to_string(kMaxSide) +
                                      " a side; make it smaller");
}

Image unwritten(std::size_t width, std::size_t height, const std::string& name) {
  check_size(width, height, name);
  return {width, height, Pixels(width * height * kChannels)};
}

}  // namespace torchferry
