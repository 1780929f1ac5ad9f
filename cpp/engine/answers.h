#pragma once

#include <ATen/core/ivalue.h>

#include <cstddef>
#include <filesystem>
#include <vector>

#include "engine/ranking.h"

namespace torchferry {

/// One call's outcome, as the outputs file holds it.
struct Answer {
  std::size_t sample;             ///< which sample of the inputs file was run
  c10::IValue output;             ///< what `forward` returned
  std::vector<Ranking> rankings;  ///< where the output is class scores, one per batch element
};

/// Writes an outputs file, whole or not at all: a pickle that `torch.load` reads, with `order`, `outputs`,
/// `labels` and `probabilities`, each a list with an entry per answer; of the last two an entry is a list
/// of one list per batch element. What is there and no regular file (a pipe, a device) is written to.
/// @throws Error (environment) when it cannot be written.
void write_answers(const std::vector<Answer>& answers, const std::filesystem::path& path);

}  // namespace torchferry
