#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <string>
#include <vector>

#include "engine/ranking.h"

namespace torchferry {

/// What a submodule returned.
struct Tap {
  std::string path;   ///< which one, from the archive's top, such as "layer1.0.conv1"
  c10::IValue value;  ///< as it was when it was returned
};

/// What all submodules returned in one call, in the order in which they did.
using Taps = std::vector<Tap>;

/// One call's outcome, as the outputs file holds it.
struct Answer {
  c10::IValue output;             ///< what `forward` returned
  std::vector<Ranking> rankings;  ///< where the output is class scores, one per batch element
  at::Tensor pixels;              ///< of a picture: uint8 [3, height, width]; undefined for a sample
  at::Tensor preprocessed;        ///< of a picture: what was made of it, without the batch
  Taps taps;                      ///< of a sample, where they are asked for
};

}  // namespace torchferry
