#include "engine/metadata.h"

#include <charconv>
#include <sstream>

#include "base/error.h"

namespace torchferry {

namespace {

constexpr auto kBatch = "batch";

std::optional<std::int64_t> parse_extent(const std::string& word, const std::string& line) {
  if (word == kBatch) return std::nullopt;
  std::int64_t extent = 0;
  const auto* end = word.data() + word.size();
  const auto [stop, failure] = std::from_chars(word.data(), end, extent);
  if (failure != std::errc{} || stop != end || extent < 0) {
    throw Error(ExitCode::bad_file, "the archive's " + std::string(kInputsFile) + " says '" + line +
                                        "', where '" + word +
                                        "' is neither an extent nor 'batch'; export the model again");
  }
  return extent;
}

}  // namespace

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> found;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) found.push_back(line);
  return found;
}

std::vector<InputSpec> parse_inputs(const std::string& text) {
  std::vector<InputSpec> specs;
  for (const auto& line : lines(text)) {
    std::istringstream words(line);
    InputSpec spec;
    words >> spec.dtype;
    for (std::string word; words >> word;) spec.shape.push_back(parse_extent(word, line));
    specs.push_back(std::move(spec));
  }
  return specs;
}

std::string to_string(const InputSpec& spec) {
  std::string text = spec.dtype + "[";
  for (std::size_t i = 0; i < spec.shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += spec.shape[i] ? std::to_string(*spec.shape[i]) : kBatch;
  }
  return text + "]";
}

}  // namespace torchferry
