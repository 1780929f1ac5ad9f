#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/form.h"
#include "engine/metadata.h"
#include "engine/precision.h"

namespace torchferry {

/// What the command line asks for.
struct Options {
  std::filesystem::path archive;
  std::vector<std::string> pictures;  ///< files, folders, and "-" for standard input

  std::filesystem::path inputs;          ///< empty: the pictures, or ones
  std::vector<std::size_t> order;        ///< which samples; empty: every one, in the file's order
  std::filesystem::path outputs;         ///< empty: nothing is written
  std::optional<std::size_t> benchmark;  ///< how often to time each sample

  std::size_t top_k = 5;
  bool json = false;
  std::size_t batch = 1;    ///< how many pictures go through the model at once
  std::size_t threads = 0;  ///< 0: as many as there are cores
  Precision precision = Precision::float32;
  std::optional<Form> form;       ///< none: the one in which the archive was verified
  std::string method = kForward;  ///< which the samples are for
  bool taps = false;              ///< also write what each submodule returned

  bool info = false;
  bool help = false;
  bool version = false;
};

/// The text of --help.
extern const std::string_view kUsage;

/// Reads the command line, without the program's name.
/// @throws Error (usage) that names the word it could not understand, or those that exclude each other.
[[nodiscard]] Options parse_options(std::span<char* const> arguments);

}  // namespace torchferry
