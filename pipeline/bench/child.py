"""The edge of the benchmark's Python children: a failure is one line on standard error."""

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import msgspec

from pipeline.bench.bundle import DESCRIPTION, Bundle
from pipeline.cli import DEBUG
from pipeline.errors import ExitCode, FileError, PipelineError


def run(main: Callable[[], None]) -> None:
    """Run it, and exit."""
    warnings.simplefilter("ignore")  # of libraries, for their own developers; they would hide the line that matters
    try:
        main()
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        known = isinstance(error, PipelineError)
        message = str(error) if known else f"{type(error).__name__}: {error}"
        print(" ".join(message.split()), file=sys.stderr, flush=True)
        sys.exit(error.code if isinstance(error, PipelineError) else ExitCode.BUG)


def bundle(folder: Path) -> Bundle:
    """The description of the folder."""
    try:
        return msgspec.json.decode((folder / DESCRIPTION).read_bytes(), type=Bundle)
    except (OSError, ValueError) as error:
        raise FileError(f"{folder} is no folder of doit bench ({error}); run doit bench") from None
