#include "app/benchmark.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "app/interruption.h"
#include "app/json.h"
#include "engine/threads.h"

namespace torchferry {

namespace {

constexpr int kWarmUp = 5;  // the second call compiles; the others fill caches and the allocator

using Latencies = std::vector<double>;  // milliseconds

Latencies timed(Engine& engine, const Samples& samples, std::size_t index, std::size_t calls) {
  for (int i = 0; i < kWarmUp && interruption() == 0; ++i) (void)engine.time(samples, index);
  Latencies latencies;
  while (latencies.size() < calls && interruption() == 0) latencies.push_back(engine.time(samples, index));
  return latencies;
}

/// The smallest of the sorted values that so many per cent of them do not exceed.
double percentile(const Latencies& sorted, double percent) {
  const auto rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

std::string_view name_of(Precision precision) {
  return precision == Precision::float32 ? "float32" : "bfloat16";
}

std::string as_json(const std::vector<Latencies>& latencies, double first_ms,
                    const BenchmarkOptions& options) {
  std::string text = "{\"load_ms\":" + json_number(options.load_ms) +
                     ",\"first_ms\":" + json_number(first_ms) + ",\"threads\":" + std::to_string(threads()) +
                     ",\"precision\":" + json_string(name_of(options.precision)) + ",\"samples\":[";
  for (std::size_t sample = 0; sample < latencies.size(); ++sample) {
    text +=
        std::string(sample > 0 ? "," : "") + "{\"sample\":" + std::to_string(sample) + ",\"latencies_ms\":[";
    for (std::size_t i = 0; i < latencies[sample].size(); ++i) {
      if (i > 0) text += ',';
      text += json_number(latencies[sample][i]);
    }
    text += "]}";
  }
  return text + "]}\n";
}

std::string line(const std::string& name, Latencies latencies) {
  std::ranges::sort(latencies);
  char text[160];
  std::snprintf(text, sizeof text, "  %-8s median %9.3f ms   p99 %9.3f ms   least %9.3f ms   (%zu calls)\n",
                name.c_str(), percentile(latencies, 50), percentile(latencies, 99), latencies.front(),
                latencies.size());
  return text;
}

}  // namespace

void benchmark(Engine& engine, const Samples& samples, const BenchmarkOptions& options, std::ostream& out) {
  const double first_ms = engine.time(samples, 0);
  std::vector<Latencies> latencies;
  latencies.reserve(count(samples));
  for (std::size_t sample = 0; sample < count(samples); ++sample) {
    latencies.push_back(timed(engine, samples, sample, options.calls));
  }
  if (options.json) {
    out << as_json(latencies, first_ms, options);
    return;
  }
  char text[160];
  std::snprintf(text, sizeof text, "%s, %d threads: loaded in %.0f ms, first call %.0f ms\n",
                name_of(options.precision).data(), threads(), options.load_ms, first_ms);
  out << text;
  for (std::size_t sample = 0; sample < latencies.size(); ++sample) {
    if (!latencies[sample].empty()) out << line("sample " + std::to_string(sample), latencies[sample]);
  }
}

}  // namespace torchferry
