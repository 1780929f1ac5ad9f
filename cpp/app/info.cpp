#include "app/info.h"

#include <cstdint>
#include <string>
#include <vector>

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

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text.empty() ? "none" : text;
}

std::string json_list(const std::vector<std::string>& names) {
  std::string text(1, '[');
  for (const auto& name : names) {
    if (text.size() > 1) text += ',';
    text += json_string(name);
  }
  text += ']';
  return text;
}

std::string form_of(const Metadata& metadata) {
  return metadata.form ? std::string(name_of(*metadata.form)) : "not said: it runs plain";
}

}  // namespace

void show_info(const Engine& engine, const std::filesystem::path& archive, bool json, std::ostream& out) {
  const auto& [signature, takes_pictures, methods, parameters] = engine.facts();
  const auto extra_files = engine.extra_files();
  const auto& metadata = engine.metadata();
  const auto bytes = std::filesystem::file_size(archive);
  if (json) {
    out << "{\"archive\":" << json_string(archive.string()) << ",\"bytes\":" << bytes
        << ",\"forward\":" << json_string(signature)
        << ",\"form\":" << (metadata.form ? json_string(name_of(*metadata.form)) : "null")
        << ",\"methods\":" << json_list(methods) << ",\"extra_files\":" << json_list(extra_files)
        << ",\"preprocess\":" << (takes_pictures ? "true" : "false") << ",\"parameters\":" << parameters
        << ",\"categories\":" << metadata.categories.size()
        << ",\"metadata\":" << in_one_line(metadata.record) << "}\n";
    return;
  }
  out << "archive      " << archive.string() << ", " << bytes << " bytes\n"
      << "takes        " << signature << '\n'
      << "runs         " << form_of(metadata) << '\n'
      << "methods      " << joined(methods) << '\n'
      << "extra files  " << joined(extra_files) << '\n'
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
