#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace torchferry {

/// How a call is refused, such as "2: no archive given": the exit code and the message; "" where it is not.
template <typename Call>
[[nodiscard]] std::string refusal(Call call) {
  try {
    static_cast<void>(call());
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.code())) + ": " + error.what();
  }
  return "";
}

}  // namespace torchferry

/// How a failing check shows a vector.
template <typename T>
struct doctest::StringMaker<std::vector<T>> {
  static String convert(const std::vector<T>& values) {
    String text = "[";
    for (const auto& value : values) text += (text.size() > 1 ? ", " : "") + doctest::toString(value);
    return text + "]";
  }
};
