#pragma once

#include <cstdint>
#include <vector>

namespace torchferry {

/// One class that the model considers likely.
struct Ranked {
  std::int64_t label;
  double probability;
};

/// The likeliest classes of one batch element, best first.
using Ranking = std::vector<Ranked>;

}  // namespace torchferry
