"""Messages made from what other programs say."""

from pipeline import cmake, process
from pipeline.suggest import did_you_mean


def test_nearest_spelling() -> None:
    assert did_you_mean("scrpt", ["script", "trace"]) == "did you mean 'script'?"
    assert did_you_mean("xyz", ["script", "trace"]) == "expected one of script, trace"


def test_cmake_fault_is_the_first_error() -> None:
    told = "-- ok\nCMake Error at a.cmake:12 (message):\n  TORCH_ROOT is '',\n  which has no lib\nCall Stack:\n"
    assert cmake.cmake_fault(told) == "TORCH_ROOT is '', which has no lib"
    paragraphs = (
        'CMake Error at a:1 (message):\n  The compiler\n\n    "/c++"\n\n  is broken.\n\n  It says:\n\n    no\nCall\n'
    )
    assert cmake.cmake_fault(paragraphs) == 'The compiler "/c++" is broken'
    assert cmake.cmake_fault('CMake Error: No such preset in /x: "relase"\n') == 'No such preset in /x: "relase"'
    assert cmake.cmake_fault("something else\nwent wrong\n") == "went wrong"


def test_compiler_fault_is_the_first_error() -> None:
    output = "[1/2] Building\nFAILED: x.o\nx.cpp:3:1: error: no semicolon\nx.cpp:4:1: error: more\nninja: stopped\n"
    assert cmake.compiler_fault(output) == "x.cpp:3:1: error: no semicolon"
    assert cmake.compiler_fault("") == "it printed nothing"


def test_how_a_process_ended() -> None:
    assert process.Finished(["x"], 0, "").failure == ""
    assert process.Finished(["x"], 3, "").failure == "exited with 3"
    assert process.Finished(["x"], -11, "").failure == "was killed by SIGSEGV"
    assert process.Finished(["x"], -9, "", timed_out=True).failure == "did not finish in time and was stopped"
    assert process.Finished(["x"], 1, "a\n\n b \n\n").last_line() == "b"
    assert process.shown(["a b", "c"]) == "'a b' c"
