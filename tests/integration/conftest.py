"""Projects in a temporary folder, whose path has spaces and non-ASCII letters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import forked
from tests.support.project import Finished, Project, checkout, real_executable
from tests.support.snapshot import Snapshot


@pytest.fixture(scope="session", autouse=True)
def _steps_are_forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have the steps of all projects forked from one process, which is no single test's to end."""
    address = tmp_path_factory.mktemp("forked") / "socket"
    with forked.server(address) as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def real() -> Path:
    """The executable of this checkout, which is built once for all workers."""
    return real_executable()


@pytest.fixture(scope="session")
def cold(real: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Finished]:
    """A project after its first `doit`, and what that said."""
    project = checkout(tmp_path_factory.mktemp("torchferry") / "größe und 試験", real)
    return project, project.doit()


@pytest.fixture(scope="session")
def built(cold: tuple[Project, Finished]) -> tuple[Project, Snapshot]:
    """The project after its first `doit`, with all that is known of its files on disk; and what puts it back."""
    project, first = cold
    assert first.code == 0, first.output
    assert project.doit().ran == set()  # a file that was just written is not remembered yet
    return project, Snapshot(project.root, project.root.with_name("kept"))


@pytest.fixture
def project(built: tuple[Project, Snapshot]) -> Iterator[Project]:
    """The built project, whole and fresh; whatever a test changes in its folder is taken back afterwards."""
    project, snapshot = built
    yield project
    snapshot.restore()
