"""doit's commands where ours say or do more, and those that it has not.

doit finds this module where the project is installed, which may be another checkout than the one it runs in:
`pipeline` is therefore forgotten before `dodo.py` imports it from its own folder, and only imported after that.
"""

import fnmatch
import functools
import io
import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from doit import cmd_clean, cmd_forget, cmd_info, cmd_run
from doit.cmd_base import Command, DoitCmdBase
from doit.exceptions import InvalidCommand, InvalidDodoFile


class _Command(DoitCmdBase):  # type: ignore[misc]
    """What they have in common."""

    def execute(self, params: Any, args: Sequence[str]) -> Any:
        """Do it; an InvalidCommand names the nearest task where a word is none."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # one that is closed is none
                stream.reconfigure(errors="replace")  # a name that the terminal's encoding has not is no reason to fail
        for module in [name for name in sys.modules if name.partition(".")[0] == "pipeline"]:
            del sys.modules[module]
        try:
            return _flushed(super().execute(params, args))
        except InvalidCommand as error:
            if error.not_found is None:
                raise
            from pipeline.suggest import did_you_mean

            near = did_you_mean(error.not_found, [task.name for task in self.task_list])
            raise InvalidCommand(f"there is no task '{error.not_found}'; {near}") from None
        except BrokenPipeError:  # nobody listens any more, as after `doit info | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except KeyboardInterrupt:
            return 130
        except Exception as error:
            raise _in_a_line(error) from None

    def _named(self, words: Sequence[str]) -> list[str]:
        """The tasks that the words name, without groups; all for no word. An InvalidCommand where a word names none."""
        tasks = {task.name: task for task in self.task_list}
        for word in words:
            if not fnmatch.filter(tasks, word):
                raise InvalidCommand(not_found=word)
        chosen = {name for name in tasks for word in words or ["*"] if fnmatch.fnmatch(name, word)}
        for group in [name for name in chosen if not tasks[name].actions]:
            chosen |= {group, *tasks[group].task_dep}
        return [name for name, task in tasks.items() if name in chosen and task.actions]


def _flushed(code: Any) -> Any:
    """Print what is buffered, while a closed pipe can still be caught, and return the code."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.closed:
        sys.stdout.flush()
    return code


def _in_a_line(error: Exception) -> Any:
    """What doit prints as a line, where we know one, as of files or of a project without settings; else the error."""
    from pipeline.errors import PipelineError, in_words

    if isinstance(error, OSError):
        return InvalidDodoFile(in_words(error))
    if isinstance(error, PipelineError):
        return InvalidDodoFile(str(error))
    return error


class Run(_Command, cmd_run.Run):  # type: ignore[misc]
    """`doit`: run tasks."""

    @functools.wraps(cmd_run.Run._execute)  # by whose arguments' names doit chooses the options
    def _execute(self, **options: Any) -> Any:
        from pipeline.graph import session

        self._named([word for word in self._words() if "*" in word])  # doit would do nothing, and say nothing
        if options["num_process"] < 0:
            raise InvalidCommand(f"-n {options['num_process']} found; expected 0 or more")
        if isinstance(options["reporter"], str):
            raise InvalidCommand(
                "doit has one reporter here; for machines there are log.jsonl and junit.xml in artifacts"
            )
        options["par_type"] = "thread"  # the steps are processes, and what is known of the run is in this one
        session.always = options["always"]
        return super()._execute(**options)

    def _words(self) -> Sequence[str]:
        """The words that name tasks: what follows one that takes words of its own is not for us."""
        words = list(self.sel_tasks or ())
        taking = {task.name for task in self.task_list if task.pos_arg}
        return words[: next((place for place, word in enumerate(words) if word in taking), len(words))]


class Clean(_Command, cmd_clean.Clean):  # type: ignore[misc]
    """`doit clean`: remove all that was made, on demand or by default; `doit clean TASK`: what that task made."""

    def _execute(  # the arguments are doit's own
        self, dryrun: bool, cleandep: bool, cleanall: bool, cleanforget: bool, pos_args: Sequence[str] = ()
    ) -> Any:
        from pipeline.graph.lock import Lock

        self._named(pos_args)  # refuses what is none
        Lock().acquire(print)
        super()._execute(dryrun, cleandep, cleanall or not pos_args, cleanforget, pos_args)
        if not dryrun:
            _tidy(words=pos_args)


def _tidy(words: Sequence[str]) -> None:
    """Remove what is left when the targets are gone: the rest of the build tree, empty folders, models of the past."""
    from pipeline import layout

    if not words:
        layout.HASHES.unlink(missing_ok=True)
        layout.HASHES.with_name(f"{layout.HASHES.name}.damaged").unlink(missing_ok=True)
        layout.JUNIT.unlink(missing_ok=True)
    for folder in sorted(path for path in layout.ARTIFACTS.iterdir() if path.is_dir()):
        if not words or not any(folder.iterdir()) or (folder == layout.BUILD and "configure" in words):
            print(f"removing what is left of '{folder}'")
            shutil.rmtree(folder, ignore_errors=True)


class Forget(_Command, cmd_forget.Forget):  # type: ignore[misc]
    """`doit forget [TASK]`: remove receipts, so that the tasks run again; the artifacts stay."""

    doc_purpose = "remove receipts, so that tasks run again"
    cmd_options = ()

    def _execute(self, pos_args: Sequence[str]) -> Any:
        from pipeline.graph import freshness
        from pipeline.graph.lock import Lock

        Lock().acquire(print)
        tasks = {task.name: task for task in self.task_list}
        for name in self._named(pos_args):
            if action := freshness.action_of(tasks[name]):
                action.receipt.unlink(missing_ok=True)
                print(f"forgetting {name}")


class Info(_Command, cmd_info.Info):  # type: ignore[misc]
    """`doit info`: the tools, the models and the state of each task; `doit info TASK` is `doit explain TASK`."""

    doc_purpose = "show the tools, the models, and what remains to be done"
    doc_usage = "[TASK]"
    cmd_options = ()

    def _execute(self, pos_args: Sequence[str]) -> Any:
        from pipeline.graph import explain, overview

        if pos_args:
            explain.show(self.task_list, self._named(pos_args))
        else:
            overview.show(self.task_list)


class Explain(_Command):
    """`doit explain [TASK]`: why a task would run, or where its artifacts come from."""

    name = "explain"
    doc_purpose = "say why tasks would run, or where their artifacts come from"
    doc_usage = "[TASK ...]"
    doc_description = None
    cmd_options = ()

    def _execute(self, pos_args: Sequence[str]) -> Any:
        from pipeline.graph import explain, plan

        every = plan.needed({task.name: task for task in self.task_list}, self.sel_tasks or ())
        explain.show(self.task_list, self._named(pos_args) if pos_args else every)


class Doctor(_Command):
    """`doit doctor`: check what surrounds the pipeline, before anything long starts."""

    name = "doctor"
    doc_purpose = "check compiler, CMake, Ninja, torch, disk, cache and weights hosts"
    doc_usage = ""
    doc_description = None
    cmd_options = ()

    def _execute(self) -> Any:
        from pipeline.graph import doctor

        return doctor.examine()


class NotHere(Command):  # type: ignore[misc]
    """doit's commands on its own state, of which there is none."""

    name = "(not used)"
    doc_purpose = "(not used here: the receipts are the state; see explain and forget)"
    doc_usage = ""
    doc_description = None

    def execute(self, opt_values: Any, pos_args: Any) -> Any:  # noqa: ARG002 - doit's own
        """Refuse."""
        raise InvalidCommand("doit keeps no state of its own here, the receipts do; see doit explain, doit forget")


Ignore = ResetDep = DumpDB = NotHere
