#pragma once

#include <cstddef>
#include <ostream>

#include "engine/engine.h"

namespace torchferry {

/// Times `calls` calls of the model on each sample, after some that are not counted, and prints what they
/// took: a table for people, or as JSON one line
/// {"load_ms":…,"first_ms":…,"threads":…,"precision":…,"samples":
/// [{"sample":0,"latencies_ms":[…]}, …]}.
struct BenchmarkOptions {
  std::size_t calls = 1;
  double load_ms = 0;  ///< how long the archive took to load
  Precision precision = Precision::float32;
  bool json = false;
};

/// @throws Error (model) when the model fails.
void benchmark(Engine& engine, const Samples& samples, const BenchmarkOptions& options, std::ostream& out);

}  // namespace torchferry
