#include "app/report.h"

#include <iomanip>
#include <string>

namespace torchferry {

namespace {

std::string name_of(std::int64_t label, const std::vector<std::string>& categories) {
  const auto index = static_cast<std::size_t>(label);
  return index < categories.size() ? categories[index] : "class " + std::to_string(label);
}

}  // namespace

void print(std::ostream& out, const Result& result, const Metadata& metadata) {
  out << "sample " << result.sample << '\n';
  if (result.rankings.empty()) out << "  the output is not class scores: write it with --outputs\n";
  for (std::size_t row = 0; row < result.rankings.size(); ++row) {
    if (result.rankings.size() > 1) out << "  row " << row << '\n';
    for (const auto& [label, probability] : result.rankings[row]) {
      out << "  " << std::fixed << std::setprecision(4) << probability << "  " << std::setw(4) << label
          << "  " << name_of(label, metadata.categories) << '\n';
    }
  }
}

}  // namespace torchferry
