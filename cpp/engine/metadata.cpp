#include "engine/metadata.h"

#include <charconv>
#include <sstream>

#include "base/error.h"

namespace torchferry {

namespace {

constexpr auto kBatch = "batch";
constexpr auto kList = "list";

Extent parse_extent(const std::string& word, const std::string& line) {
  if (word == kBatch) return {1, kBatch};
  Extent extent;
  const auto colon = word.find(':');
  if (colon != std::string::npos) extent.name = word.substr(0, colon);
  const auto* begin = word.data() + (colon == std::string::npos ? 0 : colon + 1);
  const auto* end = word.data() + word.size();
  const auto [stop, failure] = std::from_chars(begin, end, extent.size);
  if (failure != std::errc{} || stop != end || extent.size < 0) {
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
    if (spec.dtype == kList) {
      spec.listed = true;
      words >> spec.dtype;
    }
    for (std::string word; words >> word;) spec.shape.push_back(parse_extent(word, line));
    specs.push_back(std::move(spec));
  }
  return specs;
}

std::optional<Form> parse_form(const std::string& text) {
  const auto said = lines(text);
  if (said.empty()) return std::nullopt;
  if (const auto form = form_named(said.front())) return form;
  throw Error(ExitCode::bad_file, "the archive's " + std::string(kFormFile) + " says '" + said.front() +
                                      "', expected fused, frozen or plain; export the model again");
}

std::string to_string(const InputSpec& spec) {
  std::string text = (spec.listed ? "list of " : "") + spec.dtype + "[";
  for (std::size_t i = 0; i < spec.shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += spec.shape[i].name.empty() ? std::to_string(spec.shape[i].size) : spec.shape[i].name;
  }
  return text + "]";
}

}  // namespace torchferry
