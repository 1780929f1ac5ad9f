#pragma once

#include <string>
#include <vector>

#include "app/options.h"

namespace torchferry {

using Words = std::vector<std::string>;

/// What these words on the command line ask for.
[[nodiscard]] inline Options parsed(Words words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size());
  for (auto& word : words) pointers.push_back(word.data());
  return parse_options(pointers);
}

}  // namespace torchferry
