#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

namespace torchferry {

struct Answer;

/// What is written to an outputs file: an entry for each sample or picture that ran.
struct Answers {
  std::vector<std::size_t> order;  ///< which sample of the inputs file, or which of the pictures given
  std::vector<std::shared_ptr<const Answer>> answers;
};

/// Writes an outputs file, whole or not at all: a pickle that `torch.load` reads, with `order`, `outputs`,
/// `labels`, `probabilities`, `pixels`, `preprocessed` and `taps`, each a list with an entry per answer; of
/// `labels` and `probabilities` an entry is a list of one list per batch element; `pixels` and `preprocessed`
/// hold None for a sample; of `taps` an entry is a list of (path, value), empty where they were not asked
/// for. What is there and no regular file (a pipe, a device) is written to.
/// @throws Error (environment) when it cannot be written.
void write_answers(const Answers& answers, const std::filesystem::path& path);

}  // namespace torchferry
