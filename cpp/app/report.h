#pragma once

#include <ostream>

#include "engine/engine.h"

namespace torchferry {

/// Prints a result: a table of the likeliest classes for each batch element.
void print(std::ostream& out, const Result& result, const Metadata& metadata);

}  // namespace torchferry
