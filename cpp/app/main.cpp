#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <span>

#include "app/benchmark.h"
#include "app/info.h"
#include "app/interruption.h"
#include "app/lanes.h"
#include "app/memory.h"
#include "app/options.h"
#include "app/report.h"
#include "base/error.h"
#include "engine/answers.h"
#include "engine/engine.h"
#include "engine/threads.h"

namespace torchferry {

namespace {

constexpr auto kNotWritten = "cannot write to standard output";

void complain(const std::string& message) { std::cerr << "ts-infer: error: " + message + '\n'; }

void remark(const std::string& message) { std::cerr << "ts-infer: " + message + '\n'; }

/// The form to run in; none for the one that the archive names. A single picture runs as it is: to make
/// another form takes longer than one call saves.
std::optional<Form> form_for(const Options& options, Sources& sources) {
  if (options.info) return Form::once;
  if (options.form) return options.form;
  const bool one_picture = !options.pictures.empty() && !sources.may_exceed(1);
  if (one_picture && options.precision == Precision::float32) return Form::once;
  return std::nullopt;
}

/// One run of the program with an engine, and what it leaves.
class Run {
 public:
  Run(const Options& options, Engine& engine)
      : options_(options),
        engine_(engine),
        wanted_{options.top_k, !options.outputs.empty()},
        report_(options.json ? json_report(std::cout, engine.metadata())
                             : text_report(std::cout, engine.metadata())) {}

  /// Runs pictures; returns the code of the worst that happened to one.
  ExitCode pictures(Sources& sources) {
    auto worst = ExitCode::ok;
    const LaneOptions lanes{options_.threads, options_.batch, wanted_};
    std::size_t place = 0;
    run_lanes(engine_, sources, lanes, [&](Outcome outcome) {
      const Subject subject{place++, outcome.source};
      if (outcome.error) {
        complain(outcome.error->what());
        report_->show_failure(subject, outcome.error->what());
        worst = std::max(worst, outcome.error->code());
      } else {
        add(subject, outcome.result);
      }
      return static_cast<bool>(std::cout);
    });
    if (place == 0 && interruption() == 0) throw Error(ExitCode::bad_file, "standard input names no picture");
    write();
    return worst;
  }

  void samples() {
    const auto samples = options_.inputs.empty() ? engine_.ones() : engine_.read(options_.inputs);
    const auto all = options_.order.empty() ? count(*samples) : options_.order.size();
    for (std::size_t i = 0; i < all && std::cout && interruption() == 0; ++i) {
      const auto index = options_.order.empty() ? i : options_.order[i];
      add({index, ""}, engine_.run(*samples, index, wanted_));
    }
    write();
  }

 private:
  void add(const Subject& subject, const Result& result) {
    report_->show(subject, result);
    if (!wanted_.answer) return;
    answers_.order.push_back(subject.sample);
    answers_.answers.push_back(result.answer);
  }

  void write() const {
    if (wanted_.answer && std::cout && interruption() == 0) write_answers(answers_, options_.outputs);
  }

  const Options& options_;
  Engine& engine_;
  Wanted wanted_;
  std::unique_ptr<Report> report_;
  Answers answers_;
};

ExitCode run(Options options) {
  if (options.threads == 0) options.threads = static_cast<std::size_t>(threads());
  set_threads(static_cast<int>(options.threads));
  keep_memory();
  heed_signals();

  Sources sources(options.pictures);
  const auto start = std::chrono::steady_clock::now();
  Engine engine(options.archive,
                {options.precision, form_for(options, sources), options.method, options.taps, remark});
  const auto load_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();

  if (options.info) {
    show_info(engine, options.archive, options.json, std::cout);
    return ExitCode::ok;
  }
  if (!engine.metadata().notice.empty()) std::cerr << engine.metadata().notice + '\n';
  if (options.benchmark) {
    const auto samples = options.inputs.empty() ? engine.ones() : engine.read(options.inputs);
    benchmark(engine, *samples, {*options.benchmark, load_ms, options.precision, options.json}, std::cout);
    return ExitCode::ok;
  }
  Run run(options, engine);
  if (!options.pictures.empty()) return run.pictures(sources);
  run.samples();
  return ExitCode::ok;
}

int main(std::span<char* const> arguments) {
  auto code = ExitCode::ok;
  try {
    const auto options = parse_options(arguments);
    if (options.help) {
      std::cout << kUsage;
    } else if (options.version) {
      show_version(std::cout);
    } else {
      code = run(options);
    }
    if (!std::cout.flush()) throw Error(ExitCode::environment, kNotWritten);
  } catch (const Error& error) {
    complain(error.what());
    code = error.code();
  } catch (const std::bad_alloc&) {
    complain("there is not enough memory; use a smaller --batch or fewer --threads");
    code = ExitCode::environment;
  } catch (const std::exception& error) {
    complain(error.what());
    code = ExitCode::environment;
  }
  if (const auto signal = interruption()) {
    complain(signal == SIGINT ? "interrupted" : "terminated");
    return 128 + signal;
  }
  return static_cast<int>(code);
}

}  // namespace

}  // namespace torchferry

int main(int argc, char** argv) {
  const int code = torchferry::main(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  // Everything is written. Taking libtorch down, operator by operator, would last a fifth of a second.
  std::_Exit(code);
}
