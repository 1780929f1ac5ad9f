#pragma once

#include <ATen/core/ivalue.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/metadata.h"

namespace torchferry {

/// The arguments of one call of a method.
using Sample = std::vector<c10::IValue>;

/// The samples of a file.
struct Samples {
  std::string source;  ///< what they are called in a message
  std::vector<Sample> samples;

  /// @throws Error (usage) where there is no such sample.
  [[nodiscard]] const Sample& at(std::size_t index) const;
};

/// "float32[1, 1000]", or the kind of what is no tensor.
[[nodiscard]] std::string describe(const c10::IValue& value);

/// Reads an inputs file: what `torch.save({"samples": [[tensor, …], …]})` writes. Where it also has
/// `"methods": {"embed": [[tensor, …], …]}`, the samples of a method other than `forward` are those.
/// @throws Error (bad_file) when the file is missing, damaged or of another form.
[[nodiscard]] std::vector<Sample> read_samples(const std::filesystem::path& path, const std::string& method);

/// Checks a sample against what the archive says it takes; says nothing where the archive is silent.
/// @throws Error (bad_file) naming the sample, the argument, what was found and what was expected.
void check_sample(const Sample& sample, std::size_t index, const std::vector<InputSpec>& expected);

/// One sample of ones that fits, with a batch of 1.
[[nodiscard]] Sample dummy_sample(const std::vector<InputSpec>& expected);

}  // namespace torchferry
