#include "engine/archive.h"

#include <ATen/core/function_schema.h>
#include <c10/util/Exception.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include "base/error.h"

namespace torchferry {

namespace {

/// What torch says of a failure, without the frames of its own code.
std::string report_of(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  return torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
}

bool is_of_a_newer_torch(const std::string& report) {
  return report.find("Attempted to read a PyTorch file with version") != std::string::npos ||
         report.find("maximum supported version") != std::string::npos;
}

/// The names of all extra files of an archive.
std::vector<std::string> all_extra_files(const std::filesystem::path& path) {
  constexpr std::string_view kFolder = "extra/";
  std::vector<std::string> names;
  for (const auto& record : caffe2::serialize::PyTorchStreamReader(path.string()).getAllRecords()) {
    if (record.starts_with(kFolder)) names.push_back(record.substr(kFolder.size()));
  }
  return names;
}

bool is_ours(const std::string& name) { return std::ranges::find(kOurFiles, name) != kOurFiles.end(); }

}  // namespace

Archive load_archive(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) {
    throw Error(ExitCode::bad_file, "there is no archive " + path.string() + "; `doit export` writes one");
  }
  torch::jit::ExtraFilesMap extra;
  try {
    // Asked for others, torch would take NOTICE.txt for notice.txt.
    for (const auto& name : all_extra_files(path)) {
      if (is_ours(name)) extra.emplace(name, "");
    }
    auto module = torch::jit::load(path.string(), at::kCPU, extra, /*load_debug_files=*/false);
    module.eval();
    return {std::move(module),
            {parse_inputs(extra[kInputsFile]), lines(extra[kCategoriesFile]), extra[kNoticeFile],
             parse_form(extra[kFormFile]), extra[kRecordFile], extra[kAboutFile]}};
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // a damaged one fails in many ways, not all of them torch's own
    const auto report = report_of(error);
    const auto said = lines(report);
    const auto first = said.empty() ? "" : said.front();
    if (is_of_a_newer_torch(report)) {
      throw Error(ExitCode::bad_file, path.string() + " is of a newer torch than this program's (" + first +
                                          "); export it with this one, or build ts-infer with that one");
    }
    throw Error(ExitCode::bad_file, path.string() + " is not a TorchScript archive, or is damaged (" + first +
                                        "); export it again");
  }
}

std::vector<std::string> other_methods(const torch::jit::Module& module) {
  std::vector<std::string> names;
  for (const auto& method : module.get_methods()) {
    const auto& name = method.name();
    if (name != kForward && name != kPreprocess && !name.starts_with('_')) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> extra_files(const std::filesystem::path& path) {
  auto names = all_extra_files(path);
  std::erase_if(names, is_ours);
  return names;
}

std::string signature(const torch::jit::Module& module, const std::string& name) {
  const auto method = module.find_method(name);
  if (!method) return "no " + name;
  const auto& schema = method->function().getSchema();
  std::ostringstream text;
  text << name << '(';
  const auto& arguments = schema.arguments();
  for (std::size_t i = 1; i < arguments.size(); ++i) {  // the first is the module itself
    text << (i > 1 ? ", " : "") << arguments[i].type()->annotation_str() << ' ' << arguments[i].name();
    if (arguments[i].default_value()) text << '=' << *arguments[i].default_value();
  }
  text << ')';
  for (const auto& value : schema.returns()) text << " -> " << value.type()->annotation_str();
  return text.str();
}

std::string fault_in(const std::exception& error) {
  std::string last;
  for (const auto& line : lines(report_of(error))) {
    if (line.find_first_not_of(" \t~^") != std::string::npos) last = line;
  }
  return last;
}

}  // namespace torchferry
