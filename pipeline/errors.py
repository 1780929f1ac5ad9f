"""What can go wrong, and what the process then exits with.

A message is one line: what was found, what was expected, what to do next.
"""

import enum


class ExitCode(enum.IntEnum):
    """What a step or `ts-infer` exits with; the same numbers mean the same on both sides."""

    OK = 0
    DISAGREEMENT = 1
    USAGE = 2
    BAD_FILE = 3
    MODEL = 4
    ENVIRONMENT = 5
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


def in_words(error: OSError) -> str:
    """What a file system refused, and what to do, in a line."""
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}; check the folder's owner, mode and free space"


class PipelineError(Exception):
    """A failure that the user can act on; `code` is what the process exits with."""

    code = ExitCode.BUG


class SettingsError(PipelineError):
    """The settings or the command line cannot be understood."""

    code = ExitCode.USAGE


class FileError(PipelineError):
    """A file is missing, damaged, or not what it should be."""

    code = ExitCode.BAD_FILE


class ModelError(PipelineError):
    """The model cannot be built, exported or run."""

    code = ExitCode.MODEL


class EnvironmentFault(PipelineError):
    """Something around us is missing or failed: compiler, package, disk, network."""

    code = ExitCode.ENVIRONMENT


class HostUnreachable(EnvironmentFault):
    """No connection to a host could be made at all; it has answered nothing."""


class Disagreement(PipelineError):
    """C++ and Python do not agree, or nothing was compared."""

    code = ExitCode.DISAGREEMENT
