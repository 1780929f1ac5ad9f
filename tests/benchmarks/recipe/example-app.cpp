// The recipe's program: loads an archive, runs ones, and prints the first five numbers.
#include <torch/script.h>

#include <iostream>

int main(int argc, const char* argv[]) {
  if (argc != 2) return 1;
  torch::jit::Module module = torch::jit::load(argv[1]);
  const at::Tensor output = module.forward({torch::ones({1, 3, 224, 224})}).toTensor();
  std::cout << output.slice(/*dim=*/1, /*start=*/0, /*end=*/5) << '\n';
}
