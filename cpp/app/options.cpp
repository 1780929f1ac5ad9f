#include "app/options.h"

#include <charconv>
#include <functional>
#include <map>

#include "base/error.h"

namespace torchferry {

const std::string_view kUsage =
    R"(usage: ts-infer ARCHIVE [PICTURE ...] [options]
       ts-infer ARCHIVE --inputs FILE [options]

Runs a TorchScript archive and prints the likeliest classes of each picture or sample.

  ARCHIVE             a TorchScript archive, such as artifacts/r18/r18_scripted.pt; with neither
                      pictures nor --inputs it runs on ones
  PICTURE             a JPEG or PNG file; a folder, for all of those below it; or -, for a picture on
                      standard input, or a list of files there, a line each

  --top-k K           how many classes to print (default: 5)
  --json              print a line of JSON for each picture or sample, and nothing else
  --batch N           run N pictures at once (default: 1)
  --threads N         use N threads (default: one for each core)
  --precision P       float32 (default) or bfloat16, which is fast where the processor has instructions for it
  --device D          cpu, the one that there is
  --form F            fused, frozen or plain, whatever the archive says (default: the one in which it was
                      verified, or plain where it does not say; --info shows it)
  --plain             the same as --form plain: what libtorch makes of it by itself

  --inputs FILE       run samples, as `doit export` writes them or
                      torch.save({"samples": [[tensor, ...], ...]}, FILE)
  --method M          call this method instead of forward (default: forward)
  --order I,J,...     which samples to run, in this order, counted from 0 (default: all)
  --outputs FILE      write every output there, for torch.load(FILE, weights_only=False)
  --taps              write there what each submodule returned as well, in that order, to find where
                      it parts from Python; nothing is fused across submodules then
  --benchmark N       time N calls of each sample, after some that are not counted

  --info              say what is inside the archive, and run nothing
  --help, --version   print this, or the versions of all that takes part

Results go to standard output, all else to standard error.
exit codes: 0 done, 2 usage, 3 a file is missing or damaged (the other pictures were run), 4 the model failed,
5 the environment, such as a disk that is full; 130 interrupted, 143 terminated, after whole lines
)";

namespace {

constexpr std::size_t kMost = 1'000'000;
constexpr std::size_t kMostThreads = 1024;

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

std::size_t parse_count(const std::string& option, std::string_view text, std::size_t most) {
  std::size_t count = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, count);
  if (failure != std::errc{} || stop != end || count < 1 || count > most) {
    refuse(option + " is '" + std::string(text) + "', expected a number from 1 to " + std::to_string(most));
  }
  return count;
}

Precision parse_precision(std::string_view text) {
  if (text == "float32") return Precision::float32;
  if (text == "bfloat16") return Precision::bfloat16;
  refuse("--precision is '" + std::string(text) + "', expected float32 or bfloat16");
}

Form parse_form_option(std::string_view text) {
  if (const auto form = form_named(text)) return *form;
  refuse("--form is '" + std::string(text) + "', expected fused, frozen or plain");
}

void check_device(std::string_view text) {
  if (text != "cpu") refuse("--device is '" + std::string(text) + "'; this ts-infer runs on the cpu alone");
}

using Read = std::function<void(std::string_view)>;

/// The options that have a value, and what reads it.
std::map<std::string_view, Read> valued(Options& options) {
  return {
      {"--top-k", [&](auto text) { options.top_k = parse_count("--top-k", text, kMost); }},
      {"--batch", [&](auto text) { options.batch = parse_count("--batch", text, kMost); }},
      {"--threads", [&](auto text) { options.threads = parse_count("--threads", text, kMostThreads); }},
      {"--precision", [&](auto text) { options.precision = parse_precision(text); }},
      {"--form", [&](auto text) { options.form = parse_form_option(text); }},
      {"--method", [&](auto text) { options.method = text; }},
      {"--device", [](auto text) { check_device(text); }},
      {"--inputs", [&](auto text) { options.inputs = text; }},
      {"--order", [&](auto text) { options.order = parse_order(text); }},
      {"--outputs", [&](auto text) { options.outputs = text; }},
      {"--benchmark", [&](auto text) { options.benchmark = parse_count("--benchmark", text, kMost); }},
  };
}

std::map<std::string_view, bool*> switches(Options& options) {
  return {{"--json", &options.json}, {"--taps", &options.taps}, {"--info", &options.info},
          {"--help", &options.help}, {"-h", &options.help},     {"--version", &options.version}};
}

void check_together(const Options& options) {
  const bool samples = !options.inputs.empty();
  const bool pictures = !options.pictures.empty();
  if (options.archive.empty()) refuse("no archive given");
  if (samples && pictures)
    refuse("--inputs and pictures exclude each other: '" + options.pictures.front() + "'");
  if (!samples && !options.order.empty()) refuse("--order needs --inputs");
  if (!samples && !pictures && !options.outputs.empty()) refuse("--outputs needs --inputs or pictures");
  if (options.taps && (!samples || options.outputs.empty())) refuse("--taps needs --inputs and --outputs");
  if (!pictures && options.batch > 1) refuse("--batch needs pictures; a sample's batch is its own");
  if (options.benchmark && pictures) refuse("--benchmark takes --inputs, or ones, and no pictures");
  if (options.benchmark && !options.outputs.empty()) refuse("--benchmark and --outputs exclude each other");
  if (options.method != kForward && !samples) refuse("--method needs --inputs");
  if (options.method != kForward && options.taps) refuse("--taps looks into forward alone: give no --method");
  if (options.info && (samples || pictures || options.benchmark))
    refuse("--info runs nothing: give the archive alone");
}

}  // namespace

Options parse_options(std::span<char* const> arguments) {
  Options options;
  const auto with_value = valued(options);
  const auto without = switches(options);
  bool only_names = false;  // after "--"
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    // "--name=value" is "--name value".
    const auto equals = word.starts_with("--") ? word.find('=') : std::string_view::npos;
    const auto name = word.substr(0, equals);
    if (only_names || !word.starts_with('-') || word == "-") {
      if (word.empty()) refuse("an empty word given, expected an archive or a picture");
      if (options.archive.empty()) {
        options.archive = word;
      } else {
        options.pictures.emplace_back(word);
      }
    } else if (word == "--") {
      only_names = true;
    } else if (const auto option = with_value.find(name); option != with_value.end()) {
      const bool joined = equals != std::string_view::npos;
      if (!joined && ++i == arguments.size()) refuse(std::string(name) + " needs a value");
      const std::string_view value = joined ? word.substr(equals + 1) : arguments[i];
      if (value.empty()) refuse(std::string(name) + " needs a value");
      option->second(value);
    } else if (word == "--plain") {
      options.form = Form::plain;
    } else if (const auto flag = without.find(word); flag != without.end()) {
      *flag->second = true;
      if (options.help || options.version) return options;
    } else {
      refuse("unknown option '" + std::string(word) + "'");
    }
  }
  check_together(options);
  return options;
}

}  // namespace torchferry
