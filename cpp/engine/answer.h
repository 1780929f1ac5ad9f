#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <vector>

#include "engine/ranking.h"

namespace torchferry {

/// One call's outcome, as the outputs file holds it.
struct Answer {
  c10::IValue output;             ///< what `forward` returned
  std::vector<Ranking> rankings;  ///< where the output is class scores, one per batch element
  at::Tensor pixels;              ///< of a picture: uint8 [3, height, width]; undefined for a sample
  at::Tensor preprocessed;        ///< of a picture: what was made of it, without the batch
};

}  // namespace torchferry
