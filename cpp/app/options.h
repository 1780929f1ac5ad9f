#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace torchferry {

/// What the command line asks for.
struct Options {
  std::filesystem::path archive;
  std::filesystem::path inputs;    ///< empty: a dummy input
  std::filesystem::path outputs;   ///< empty: nothing is written
  std::vector<std::size_t> order;  ///< empty: every sample, in the file's order
  bool help = false;
};

/// The text of --help.
extern const std::string_view kUsage;

/// Reads the command line, without the program's name.
/// @throws Error (usage) that names the word it could not understand.
[[nodiscard]] Options parse_options(std::span<char* const> arguments);

}  // namespace torchferry
