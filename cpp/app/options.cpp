#include "app/options.h"

#include <charconv>
#include <string>

#include "engine/error.h"

namespace torchferry {

const std::string_view kUsage =
    R"(usage: ts-infer ARCHIVE [--inputs FILE [--order I,J,...] [--outputs FILE]]

Runs a TorchScript archive and prints the five most likely classes of each sample.

  ARCHIVE          a TorchScript archive, such as artifacts/r18/r18_scripted.pt
  --inputs FILE    the samples to run, as `doit export` writes them or
                   torch.save({"samples": [[tensor, ...], ...]}, FILE); without it, ones
  --order I,J,...  which samples to run, in this order, counted from 0 (default: all)
  --outputs FILE   write every output there, for torch.load(FILE, weights_only=False)
  --help           print this

exit codes: 0 done, 2 usage, 3 a file is missing or damaged, 4 the model failed, 5 cannot write
)";

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ExitCode::usage, message + "; see ts-infer --help");
}

std::vector<std::size_t> parse_order(std::string_view text) {
  std::vector<std::size_t> order;
  const auto* at = text.data();
  const auto* const end = at + text.size();
  while (true) {
    std::size_t index = 0;
    const auto [stop, failure] = std::from_chars(at, end, index);
    if (failure != std::errc{}) break;
    order.push_back(index);
    if (stop == end) return order;
    if (*stop != ',') break;
    at = stop + 1;
  }
  refuse("--order is '" + std::string(text) + "', expected numbers with commas between, such as 2,0,1");
}

}  // namespace

Options parse_options(std::span<char* const> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    const auto value = [&]() -> std::string_view {
      if (++i == arguments.size() || *arguments[i] == '\0') refuse(std::string(word) + " needs a value");
      return arguments[i];
    };
    if (word == "--help" || word == "-h") {
      options.help = true;
      return options;
    }
    if (word == "--inputs") {
      options.inputs = value();
    } else if (word == "--outputs") {
      options.outputs = value();
    } else if (word == "--order") {
      options.order = parse_order(value());
    } else if (word.starts_with('-')) {
      refuse("unknown option '" + std::string(word) + "'");
    } else if (!options.archive.empty()) {
      refuse("two archives given, '" + options.archive.string() + "' and '" + std::string(word) +
             "', expected one");
    } else {
      options.archive = word;
    }
  }
  if (options.archive.empty()) refuse("no archive given");
  if (options.inputs.empty() && !(options.outputs.empty() && options.order.empty())) {
    refuse("--outputs and --order need --inputs");
  }
  return options;
}

}  // namespace torchferry
