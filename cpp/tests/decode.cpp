// decode-check [--ppm] FILE...: what becomes of pictures, for the tests and for whoever doubts a picture.
#include "image/decode.h"

#include <array>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace {

using torchferry::Error;
using torchferry::ExitCode;

/// The checksum that Python has as zlib.crc32.
std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    auto value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? value >> 1 ^ 0xEDB88320U : value >> 1;
    table[i] = value;
  }
  std::uint32_t sum = ~0U;
  for (const auto byte : bytes) sum = table[(sum ^ byte) & 0xFFU] ^ sum >> 8;
  return ~sum;
}

std::vector<std::uint8_t> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<std::uint8_t> bytes(file ? static_cast<std::size_t>(file.tellg()) : 0);
  file.seekg(0).read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw Error(ExitCode::bad_file, path + " cannot be read");
  return bytes;
}

void show(const std::string& path, bool ppm) {
  const auto image = torchferry::decode(read(path), path);
  if (ppm) {
    std::cout << "P6\n" << image.width << ' ' << image.height << "\n255\n";
    std::cout.write(reinterpret_cast<const char*>(image.pixels.data()),
                    static_cast<std::streamsize>(image.pixels.size()));
  } else {
    std::cout << path << ": " << image.width << 'x' << image.height << ' ' << std::hex << crc32(image.pixels)
              << std::dec << "\n"
              << std::flush;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto paths = std::span(argv, static_cast<std::size_t>(argc)).subspan(1);
  if (paths.empty()) {
    std::cout << torchferry::codecs() << '\n';
    return 0;
  }
  const bool ppm = std::string_view(paths[0]) == "--ppm";
  auto code = ExitCode::ok;
  for (const std::string path : paths.subspan(ppm ? 1 : 0)) {
    try {
      show(path, ppm);
    } catch (const std::exception& error) {
      std::cout << path << ": error: " << error.what() << "\n" << std::flush;
      code = ExitCode::bad_file;
    }
  }
  return static_cast<int>(code);
}
