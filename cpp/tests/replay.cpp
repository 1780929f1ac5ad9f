// Stands in for the fuzzer: runs its target on the files that are named.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  const auto paths = std::span(argv, static_cast<std::size_t>(argc)).subspan(1);
  for (const auto* path : paths) {
    std::cout << path << std::endl;  // before it runs: the last one named is the one that failed
    std::ifstream file(path, std::ios::binary);
    if (!file) return 1;
    const std::vector<std::uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
}
