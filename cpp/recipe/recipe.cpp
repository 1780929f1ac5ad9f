// The recipe's plain program: loads an archive and runs it, as PyTorch's tutorial does. `doit bench` holds
// ts-infer against it, so it stays as plain as it is: torch::jit::load and forward, and nothing that would
// make them faster.
#include <ATen/Parallel.h>
#include <torch/script.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

constexpr int kWarmUp = 5;  // calls that are not counted, as in pipeline/bench/contender.py

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begun) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

std::vector<std::vector<torch::jit::IValue>> read_samples(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<std::vector<torch::jit::IValue>> samples;
  const auto document = torch::jit::pickle_load(bytes).toGenericDict();
  for (const auto& entry : document.at("samples").toListRef()) samples.push_back(entry.toListRef().vec());
  return samples;
}

/// What it is called with, and what it prints: see the line below. RUNS of 0 means: load, answer once, and
/// exit.
void run(const char* archive, const char* inputs, int runs, const char* outputs) {
  const auto samples = read_samples(inputs);

  auto begun = Clock::now();
  torch::jit::Module module = torch::jit::load(archive);
  std::cout << "{\"load_ms\":" << milliseconds_since(begun);
  begun = Clock::now();
  const torch::jit::IValue first = module.forward(samples.at(0));
  std::cout << ",\"first_ms\":" << milliseconds_since(begun) << ",\"threads\":" << at::get_num_threads()
            << ",\"precision\":\"float32\",\"samples\":[";

  for (std::size_t sample = 0; runs > 0 && sample < samples.size(); ++sample) {
    for (int call = 0; call < kWarmUp; ++call) module.forward(samples[sample]);
    std::cout << (sample == 0 ? "" : ",") << "{\"sample\":" << sample << ",\"latencies_ms\":[";
    for (int call = 0; call < runs; ++call) {
      begun = Clock::now();
      module.forward(samples[sample]);
      std::cout << (call == 0 ? "" : ",") << milliseconds_since(begun);
    }
    std::cout << "]}";
  }
  std::cout << "]}\n";

  if (outputs != nullptr) {
    const auto bytes = torch::jit::pickle_save(first);
    std::ofstream(outputs, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
}

}  // namespace

int main(int argc, const char* argv[]) {
  if (argc != 4 && argc != 5) {
    std::cerr << "usage: recipe ARCHIVE INPUTS RUNS [OUTPUTS]\n";
    return 2;
  }
  try {
    run(argv[1], argv[2], std::stoi(argv[3]), argc == 5 ? argv[4] : nullptr);
  } catch (const std::exception& error) {
    std::cerr << "recipe: error: " << error.what() << '\n';
    return 1;
  }
}
