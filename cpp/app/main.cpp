#include <iostream>
#include <span>

#include "app/options.h"
#include "app/report.h"
#include "engine/engine.h"
#include "engine/error.h"

namespace {

void run(const torchferry::Options& options) {
  torchferry::Engine engine(options.archive);
  if (!engine.metadata().notice.empty()) std::cerr << engine.metadata().notice << '\n';

  if (options.inputs.empty()) {
    print(std::cout, engine.run_dummy(), engine.metadata());
  } else {
    for (const auto& result : engine.run_samples(options.inputs, options.order, options.outputs)) {
      print(std::cout, result, engine.metadata());
    }
  }
  std::cout << "DONE\n";
}

int fail(const char* message, torchferry::ExitCode code) {
  std::cerr << "ts-infer: error: " << message << '\n';
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto options =
        torchferry::parse_options(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
    if (options.help) {
      std::cout << torchferry::kUsage;
    } else {
      run(options);
    }
    if (!std::cout.flush()) {
      throw torchferry::Error(torchferry::ExitCode::environment, "cannot write to standard output");
    }
    return 0;
  } catch (const torchferry::Error& error) {
    return fail(error.what(), error.code());
  } catch (const std::exception& error) {
    return fail(error.what(), torchferry::ExitCode::environment);
  }
}
