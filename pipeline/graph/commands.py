"""doit's commands where ours say or do more: an unknown word in one line, and `info` and `clean` of the whole project.

doit finds this module where the project is installed, which may be another checkout than the one it runs in:
`pipeline` is therefore forgotten before `dodo.py` imports it from its own folder, and only imported after that.
"""

import fnmatch
import os
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from typing import Any

from doit import cmd_clean, cmd_info, cmd_run
from doit.cmd_base import DoitCmdBase
from doit.dependency import DatabaseException
from doit.exceptions import InvalidCommand, InvalidDodoFile


class _Command(DoitCmdBase):  # type: ignore[misc]
    """What they have in common."""

    def execute(self, params: Any, args: Sequence[str]) -> Any:
        """Do it; an InvalidCommand names the nearest task where a word is none."""
        for module in [name for name in sys.modules if name.partition(".")[0] == "pipeline"]:
            del sys.modules[module]
        try:
            return super().execute(params, args)
        except InvalidCommand as error:
            if error.not_found is None:
                raise
            from pipeline.suggest import did_you_mean

            near = did_you_mean(error.not_found, [task.name for task in self.task_list])
            raise InvalidCommand(f"there is no task '{error.not_found}'; {near}") from None
        except (DatabaseException, sqlite3.Error) as error:
            from pipeline import layout

            first = str(error).rpartition("Original error: ")[2].partition("\n")[0]
            message = (
                f"{layout.STATE} cannot be used ({first}); remove it or make room, and doit checks everything anew"
            )
            raise InvalidDodoFile(message) from None
        except BrokenPipeError:  # nobody listens any more, as after `doit | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1

    def _named(self, words: Sequence[str]) -> list[str]:
        """The tasks that the words name; an InvalidCommand where a word names none."""
        known = [task.name for task in self.task_list]
        for word in words:
            if not fnmatch.filter(known, word):
                raise InvalidCommand(not_found=word)
        return [name for name in known if any(fnmatch.fnmatch(name, word) for word in words)]


class Run(_Command, cmd_run.Run):  # type: ignore[misc]
    """`doit`: run tasks."""


class Clean(_Command, cmd_clean.Clean):  # type: ignore[misc]
    """`doit clean`: remove all that was made, on demand or by default; `doit clean TASK`: what that task made."""

    def _execute(  # the arguments are doit's own
        self, dryrun: bool, cleandep: bool, cleanall: bool, cleanforget: bool, pos_args: Sequence[str] = ()
    ) -> Any:
        self._named(pos_args)  # refuses what is none
        super()._execute(dryrun, cleandep, cleanall or not pos_args, cleanforget, pos_args)
        if not dryrun:
            _tidy(words=pos_args)


def _tidy(words: Sequence[str]) -> None:
    """Remove what is left when the targets are gone: the rest of the build tree, empty folders, models of the past."""
    from pipeline import layout

    for folder in sorted(path for path in layout.ARTIFACTS.iterdir() if path.is_dir()):
        if not words or not any(folder.iterdir()) or (folder == layout.BUILD and "configure" in words):
            print(f"removing what is left of '{folder}'")
            shutil.rmtree(folder, ignore_errors=True)


class Info(_Command, cmd_info.Info):  # type: ignore[misc]
    """`doit info`: the tools, the models and the state of each task; `doit info TASK`: all about one."""

    doc_usage = "[TASK]"

    def _execute(self, pos_args: Sequence[str], hide_status: bool = False) -> Any:  # noqa: FBT002 - doit's own
        if not pos_args:
            from pipeline.graph import overview

            overview.show(self.task_list, self.dep_manager)
            return 0
        tell = super()._execute
        return max(tell([name], hide_status) or 0 for name in self._named(pos_args))
