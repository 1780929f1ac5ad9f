#pragma once

#include <cstddef>
#include <memory>
#include <ostream>
#include <string>

#include "engine/engine.h"

namespace torchferry {

/// What was run, as a reader of the results knows it.
struct Subject {
  std::size_t sample;  ///< its place in the inputs file, or among the pictures
  std::string source;  ///< the picture's file; empty for a sample
};

/// Shows results as they come, each in one piece.
class Report {
 public:
  virtual ~Report() = default;
  virtual void show(const Subject& subject, const Result& result) = 0;
  virtual void show_failure(const Subject& subject, const std::string& why) = 0;
};

/// For people: a line for each of the likeliest classes.
[[nodiscard]] std::unique_ptr<Report> text_report(std::ostream& out, const Metadata& metadata);

/// For programs: a line each, such as {"sample":0,"source":"cat.jpg","output":"float32[1, 1000]","rows":
/// [[{"label":281,"name":"tabby","probability":0.5}, …], …]}, a row for each batch element, best class first;
/// where it failed, "error" stands for "output" and "rows". "source" is null for a sample, "name" where there
/// is none.
[[nodiscard]] std::unique_ptr<Report> json_report(std::ostream& out, const Metadata& metadata);

}  // namespace torchferry
