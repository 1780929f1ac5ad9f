"""Runs of ts-infer that are begun ahead: how many go at once, and that they end with whoever asked."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.entry import Model
from pipeline.errors import Disagreement
from pipeline.parity import asking
from pipeline.parity.asking import Asking
from pipeline.parity.case import Case
from pipeline.reference.golden import read_answers
from tests.support.project import Project

ARCHIVE = "artifacts/net/net_scripted.pt"


def case_of(folder: Path, script: str) -> Case:
    """One whose executable is a shell script; it finds the first word that it is asked in $2."""
    program = folder / "ts-infer"
    program.write_text(f"#!/bin/sh\ncd '{folder}'\n{script}\n")
    program.chmod(0o755)
    archive = folder / "archive.pt"
    archive.write_bytes(b"archive")
    return Case("net", Model(builder="nets:Net", weights="seeded"), archive, folder / "in.pt", folder / "r.pt", program)


def begun(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.pid") if path.read_text().endswith("\n")}


def test_what_runs_ends_with_who_asked(tmp_path: Path) -> None:
    case = case_of(tmp_path, 'echo $$ > "$2.pid"; exec sleep 600')

    def ask() -> None:
        with Asking(case) as asked:
            for word in ("one", "two", "three"):
                asked.begin([word])
            while len(begun(tmp_path)) < asking.AT_ONCE:
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask()
    assert begun(tmp_path) == {"one.pid", "two.pid"}
    assert not [path for path in tmp_path.glob("*.pid") if Path("/proc", path.read_text().strip()).exists()]


def test_each_answer_is_that_of_its_words(tmp_path: Path) -> None:
    """Whatever order they end in."""
    case = case_of(
        tmp_path,
        'if [ "$2" = one ]; then until [ -e two.done ]; do sleep 0.01; done; fi; touch "$2.done"; echo "$2"; exit 2',
    )
    with Asking(case) as asked:
        for word in ("one", "two"):
            asked.begin([word])
        for word in ("one", "two", "three"):
            with pytest.raises(
                Disagreement, match=f"exited with 2: {word}; to repeat: .*ts-infer .*archive.pt {word}$"
            ):
                asked.answers([word])


def test_answers_are_read_side_by_side(project: Project, tmp_path: Path) -> None:
    words = (ARCHIVE, "--inputs", "artifacts/net/inputs.pt", "--outputs", tmp_path / "outputs.pt")
    assert project.infer(*words).code == 0
    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(read_answers, [tmp_path / "outputs.pt"] * 200)]
    assert {len(answers.outputs) for answers in found} == {2}
