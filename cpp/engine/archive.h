#pragma once

#include <torch/csrc/jit/api/module.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/metadata.h"

namespace torchferry {

/// The method that turns a picture, uint8 [3, height, width], into an input without its batch.
inline constexpr auto kPreprocess = "preprocess";

/// What a file of TorchScript holds.
struct Archive {
  torch::jit::Module module;  ///< in eval mode, on the CPU
  Metadata metadata;
};

/// Loads an archive; one that was made elsewhere has empty metadata.
/// @throws Error (bad_file) when it is missing, damaged, or newer than this libtorch.
[[nodiscard]] Archive load_archive(const std::filesystem::path& path);

/// "forward(Tensor x) -> Tensor"
[[nodiscard]] std::string signature(const torch::jit::Module& module, const std::string& name = kForward);

/// The methods beside `forward` and `preprocess` that are not of its own use, as an underscore before a name
/// says.
[[nodiscard]] std::vector<std::string> other_methods(const torch::jit::Module& module);

/// The names of the files that an archive holds beside the model and what torchferry has put there.
/// @throws std::exception where it is no archive.
[[nodiscard]] std::vector<std::string> extra_files(const std::filesystem::path& path);

/// What torch says of a failure in one line: without the frames of its own code, the last line of a
/// traceback.
[[nodiscard]] std::string fault_in(const std::exception& error);

}  // namespace torchferry
