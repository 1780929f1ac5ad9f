#pragma once

#include <filesystem>
#include <ostream>

#include "engine/engine.h"

namespace torchferry {

/// Says what is inside an archive: in words, or as one line of JSON {"archive":…,"bytes":…,"forward":…,
/// "preprocess":…,"parameters":…,"categories":…,"metadata":…}, whose metadata is what the exporter wrote, or
/// null.
void show_info(const Engine& engine, const std::filesystem::path& archive, bool json, std::ostream& out);

/// What takes part: this program, libtorch, the codecs.
void show_version(std::ostream& out);

}  // namespace torchferry
