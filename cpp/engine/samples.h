#pragma once

#include <ATen/core/ivalue.h>

#include <cstddef>
#include <filesystem>
#include <vector>

#include "engine/classify.h"
#include "engine/metadata.h"

namespace torchferry {

/// The arguments of one call of `forward`.
using Sample = std::vector<c10::IValue>;

/// One call's outcome, as the outputs file holds it.
struct Answer {
  std::size_t sample;       ///< which sample of the inputs file was run
  c10::IValue output;       ///< what `forward` returned
  std::optional<TopK> top;  ///< where the output is class scores
};

/// Reads an inputs file: what `torch.save({"samples": [[tensor, …], …]})` writes.
/// @throws Error (bad_file) when the file is missing, damaged or of another form.
[[nodiscard]] std::vector<Sample> read_samples(const std::filesystem::path& path);

/// Checks a sample against what the archive says it takes; says nothing where the archive is silent.
/// @throws Error (bad_file) naming the sample, the argument, what was found and what was expected.
void check_sample(const Sample& sample, std::size_t index, const std::vector<InputSpec>& expected);

/// One sample of ones that fits, with a batch of 1.
[[nodiscard]] Sample dummy_sample(const std::vector<InputSpec>& expected);

/// Writes an outputs file, whole or not at all: a pickle that `torch.load` reads, with `order`,
/// `outputs`, `probabilities` and `labels`, each a list with an entry per answer.
/// @throws Error (environment) when it cannot be written.
void write_answers(const std::vector<Answer>& answers, const std::filesystem::path& path);

}  // namespace torchferry
