"""A step that fails says why in one line, and its exit code names the kind of failure."""

import errno

import pytest

from pipeline import cli
from pipeline.errors import ExitCode, ModelError, SettingsError

FAILURES = {
    "model": (ModelError("it is random"), ExitCode.MODEL, "it is random"),
    "settings": (SettingsError("there is no model x"), ExitCode.USAGE, "there is no model x"),
    "package": (
        ModuleNotFoundError("No module named 'timm'", name="timm"),
        ExitCode.ENVIRONMENT,
        "the package timm is not installed; run ",
    ),
    "disk": (
        OSError(errno.ENOSPC, "No space left on device", "artifacts/net"),
        ExitCode.ENVIRONMENT,
        "No space left on device: artifacts/net; check the folder's owner, mode and free space",
    ),
    "fault of ours": (ZeroDivisionError("division by zero"), ExitCode.BUG, "unexpected ZeroDivisionError: division by"),
    "exit": (SystemExit("no"), ExitCode.BUG, "unexpected SystemExit: no"),
}


@pytest.mark.parametrize(("error", "code", "expected"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure(
    error: BaseException,
    code: ExitCode,
    expected: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.delenv(cli.DEBUG, raising=False)
    assert cli._code_of_running(fail) == code
    said = "".join(capsys.readouterr())
    assert expected in said
    assert len(said.splitlines()) == 1
    monkeypatch.setenv(cli.DEBUG, "1")
    with pytest.raises(type(error)):
        cli._code_of_running(fail)


def test_a_step_that_ends_well() -> None:
    assert cli._code_of_running(lambda: None) == ExitCode.OK
