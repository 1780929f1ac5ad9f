#include "app/info.h"

#include <cstdint>
#include <string>

#include "app/json.h"
#include "engine/version.h"
#include "image/decode.h"

namespace torchferry {

namespace {

/// JSON of several lines in one: within a string a line never ends.
std::string in_one_line(const std::string& json) {
  std::string text;
  bool at_start = false;
  for (const char c : json) {
    if (c == '\n') at_start = true;
    if (c == '\n' || (at_start && c == ' ')) continue;
    at_start = false;
    text += c;
  }
  return text.empty() ? "null" : text;
}

std::string inputs_of(const Metadata& metadata) {
  std::string text;
  for (const auto& input : metadata.inputs) text += (text.empty() ? "" : ", ") + to_string(input);
  return text.empty() ? "not said" : text;
}

}  // namespace

void show_info(const Engine& engine, const std::filesystem::path& archive, bool json, std::ostream& out) {
  const auto& [signature, takes_pictures, parameters] = engine.facts();
  const auto& metadata = engine.metadata();
  const auto bytes = std::filesystem::file_size(archive);
  if (json) {
    out << "{\"archive\":" << json_string(archive.string()) << ",\"bytes\":" << bytes
        << ",\"forward\":" << json_string(signature)
        << ",\"preprocess\":" << (takes_pictures ? "true" : "false") << ",\"parameters\":" << parameters
        << ",\"categories\":" << metadata.categories.size()
        << ",\"metadata\":" << in_one_line(metadata.record) << "}\n";
    return;
  }
  out << "archive      " << archive.string() << ", " << bytes << " bytes\n"
      << "takes        " << signature << '\n'
      << "inputs       " << inputs_of(metadata) << '\n'
      << "pictures     " << (takes_pictures ? "yes, it preprocesses them itself" : "no") << '\n'
      << "parameters   " << parameters << '\n'
      << "categories   " << metadata.categories.size() << '\n'
      << "exported     "
      << (metadata.record.empty() ? "elsewhere, without metadata" : "by torchferry, which wrote:") << '\n';
  if (!metadata.record.empty()) out << metadata.about;
}

void show_version(std::ostream& out) {
  out << "ts-infer " << TORCHFERRY_VERSION << ", libtorch " << torch_version() << ", " << codecs() << '\n';
}

}  // namespace torchferry
