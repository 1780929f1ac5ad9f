#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "app/sources.h"
#include "base/error.h"
#include "engine/engine.h"

namespace torchferry {

/// What became of one picture.
struct Outcome {
  std::string source;
  Result result;
  std::optional<Error> error;  ///< why there is no result
};

/// How pictures are run.
struct LaneOptions {
  std::size_t threads = 1;
  std::size_t batch = 1;
  Wanted wanted;
};

/// Runs pictures in lanes, one for each thread: each decodes, preprocesses and runs a batch on its own, so
/// that decoding goes on beside inference and no thread waits for another within a model. Where there are
/// fewer batches than threads, a lane has several. The outcomes arrive in the order of the sources.
/// @param on_outcome is called on the calling thread; returns false to have no more.
/// @throws Error (usage) where the batch does not suit the model.
void run_lanes(Engine& engine, Sources& sources, const LaneOptions& options,
               const std::function<bool(Outcome)>& on_outcome);

}  // namespace torchferry
