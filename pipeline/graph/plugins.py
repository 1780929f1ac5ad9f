"""doit's commands as we offer them to every project of the environment that we are installed in (`doit.COMMAND`).

A project with a `[tool.torchferry]` in the folder where doit starts gets ours; any other keeps doit's own.
"""

import gc
import importlib
from pathlib import Path
from typing import Any

_DOITS = {
    "Run": "doit.cmd_run",
    "Info": "doit.cmd_info",
    "Clean": "doit.cmd_clean",
    "Forget": "doit.cmd_forget",
    "Ignore": "doit.cmd_ignore",
    "ResetDep": "doit.cmd_resetdep",
    "DumpDB": "doit.cmd_dumpdb",
}


def __getattr__(name: str) -> Any:
    """The command of that name, by the project that asks."""
    if name in _DOITS and not _is_for_us():
        return getattr(importlib.import_module(_DOITS[name]), name)
    gc.disable()  # while tasks are loaded, none of which is garbage; a session enables it again
    module = "new" if name == "New" else "commands"
    return getattr(importlib.import_module(f"pipeline.graph.{module}"), name)


def _is_for_us() -> bool:
    try:
        return "[tool.torchferry" in Path("pyproject.toml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
