"""A C++ side that compiles at once: its `ts-infer` starts the real one, which was built before.

CMake, Ninja, the compiler and what runs in the end are real. Only the engine is not compiled again and again.
"""

from pathlib import Path

CMAKE, ENGINE, MAIN = "cpp/CMakeLists.txt", "cpp/engine/place.cpp", "cpp/app/main.cpp"

_SOURCES = {
    CMAKE: """
cmake_minimum_required(VERSION 3.24)
project(stub LANGUAGES CXX)
set(CMAKE_UNITY_BUILD OFF)  # of two files, each is to have its own object
# A remark.
add_library(engine STATIC engine/place.cpp)
target_include_directories(engine PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
add_executable(ts-infer app/main.cpp)
target_link_libraries(ts-infer PRIVATE engine)
set_target_properties(ts-infer PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
""",
    "cpp/engine/place.h": "#pragma once\nconst char* place();\nint number();\n",
    ENGINE: """
#include "engine/place.h"
const char* place() { return "@REAL@"; }
int number() { return 1; }
""",
    MAIN: """
#include <unistd.h>
#include "engine/place.h"
// A remark.
int main(int, char** argv) {
  execv(place(), argv);
  return 125 + number();
}
""",
}

REMARK = (MAIN, "// A remark.", "// Another remark.")
"""An edit of a source that leaves the same executable: a file, its text, and the new text."""
CODE = (MAIN, "125 +", "124 +")
"""An edit that makes another executable, which does the same."""


def sources(real: Path) -> dict[str, str]:
    """Return the text of each source, for an executable that starts `real`."""
    return {name: text.replace("@REAL@", str(real)) for name, text in _SOURCES.items()}
