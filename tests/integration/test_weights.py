"""Where weights come from, and every way in which that fails."""

import hashlib
import http.server
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.support.project import Project, checkout

BUILDER = 'builder = "nets:Net"'
INPUTS = 'inputs = [{ shape = ["batch", 3, 8, 8] }]'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A checkout of which only the Python branch is used."""
    return checkout(tmp_path / "project")


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    from tests.data.nets import Net

    torch.manual_seed(7)
    return dict(Net().state_dict())


def fetch(project: Project, weights: str, *lines: str, **env: str) -> tuple[int, str]:
    """Add an entry with these weights, run the step, and return its exit code and its last line."""
    project.add_model("tried", BUILDER, INPUTS, f'weights = "{weights}"', *lines)
    finished = project.step("weights", "tried", **env)
    assert "Traceback" not in finished.output
    last = finished.output.strip().splitlines()[-1]
    assert project.path("artifacts/tried/weights.pt").exists() == (finished.code == 0)
    if finished.code:
        assert len(finished.errors) == 1, finished.output
    return finished.code, last


def loaded(project: Project) -> dict[str, torch.Tensor]:
    content = torch.load(project.path("artifacts/tried/weights.pt"), weights_only=True)
    state: dict[str, torch.Tensor] = content["state"]
    return state


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_a_local_file(suffix: str, project: Project, state: dict[str, torch.Tensor]) -> None:
    path = project.path(f"net.{suffix}")
    if suffix == "pt":
        torch.save(state, path)
    else:
        save_file(state, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    code, line = fetch(project, f"file:net.{suffix}", f'sha256 = "{digest}"')
    assert code == 0, line
    assert digest[:16] in line
    assert "UNTRAINED" not in line
    assert all(torch.equal(loaded(project)[key], value) for key, value in state.items())


def test_seeded_is_deterministic_and_calibrated(project: Project) -> None:
    code, line = fetch(project, "seeded")
    assert code == 0
    assert "UNTRAINED WEIGHTS: seeded with 0" in line
    first = project.path("artifacts/tried/weights.pt").read_bytes()
    assert project.step("weights", "tried").code == 0
    assert project.path("artifacts/tried/weights.pt").read_bytes() == first
    assert not torch.equal(loaded(project)["norm.running_mean"], torch.zeros(8))


class Canary:
    """A pickle that touches a file when it is loaded without care."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_a_hostile_pickle_runs_nothing(project: Project) -> None:
    canary = project.path("canary")
    for number, content in enumerate([pickle.dumps(Canary(canary)), None]):
        path = project.path("hostile.pt")
        if content is None:
            torch.save({"weight": Canary(canary)}, path)
        else:
            path.write_bytes(content)
        project.add_model(f"hostile{number}", BUILDER, INPUTS, 'weights = "file:hostile.pt"')
        finished = project.step("weights", f"hostile{number}")
        assert finished.code == 3
        assert "refused: its pickle wants" in finished.errors[0] or "not a weights file" in finished.errors[0]
        assert not canary.exists()
        assert "weights_only" not in finished.output


def spoil(project: Project, state: dict[str, torch.Tensor], kind: str) -> str:
    """Make a weights file that is none; returns what the settings call it."""
    path = project.path("net.pt")
    torch.save(state, path)
    whole = path.read_bytes()
    match kind:
        case "truncated":
            path.write_bytes(whole[: len(whole) // 2])
        case "empty":
            path.write_bytes(b"")
        case "html":
            path.write_text("<!DOCTYPE html><html>Please log in</html>")
        case "noise":
            path.write_bytes(b"\x00\x01" * 1000)
        case "list":
            torch.save([1, 2], path)
        case "nested":
            torch.save({"epoch": 3}, path)
        case "safetensors":
            path = project.path("net.safetensors")
            path.write_bytes(b"\xff" * 100)
        case _:
            path.unlink()
    return f"file:{path.name}"


@pytest.mark.parametrize(
    ("kind", "expected"),
    {
        "truncated": "truncated or damaged",
        "empty": "is empty",
        "html": "is a web page",
        "noise": "not a weights file, or is damaged",
        "list": "holds a list, expected a state dict",
        "nested": "holds no tensor (epoch)",
        "safetensors": "damaged or not safetensors",
        "missing": "which is not there",
    }.items(),
)
def test_a_file_that_holds_no_weights(
    kind: str, expected: str, project: Project, state: dict[str, torch.Tensor]
) -> None:
    code, line = fetch(project, spoil(project, state, kind))
    assert (code, expected in line) == (3, True), line


def test_a_file_with_another_hash(project: Project, state: dict[str, torch.Tensor]) -> None:
    torch.save(state, project.path("net.pt"))
    code, line = fetch(project, "file:net.pt", f'sha256 = "{"0" * 64}"')
    assert code == 3
    assert "expected 000" in line


def test_weights_of_another_architecture(project: Project, state: dict[str, torch.Tensor]) -> None:
    other = {**state, "extra": torch.zeros(1), "head.bias": torch.zeros(3)}
    del other["conv.bias"]
    torch.save(other, project.path("net.pt"))
    assert fetch(project, "file:net.pt")[0] == 0
    finished = project.step("export", "tried")
    assert finished.code == 4
    [error] = finished.errors
    assert "1 missing (conv.bias); 1 unexpected (extra); 1 of another shape (head.bias is [3]" in error
    assert not project.path("artifacts/tried/tried_scripted.pt").exists()


class Host:
    """A web server whose answers a test chooses; it remembers how often it was asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.answers: list[str] = []
        self.asked = 0

    def handler(host: "Host") -> type[http.server.BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = host.answers[min(host.asked, len(host.answers) - 1)]
                host.asked += 1
                if answer.isdigit():
                    self.send_error(int(answer))
                    return
                if answer == "loop":
                    self.send_response(302)
                    self.send_header("Location", self.path)
                    self.end_headers()
                    return
                body = b"<html>log in</html>" if answer == "html" else host.content
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if answer == "cut" else body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def host(state: dict[str, torch.Tensor], tmp_path: Path) -> Iterator[tuple[Host, str, str]]:
    """A host, the URL of its file, and the file's hash."""
    path = tmp_path / "served.pt"
    torch.save(state, path)
    host = Host(path.read_bytes())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), host.handler())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    digest = hashlib.sha256(host.content).hexdigest()
    yield host, f"http://127.0.0.1:{server.server_port}/net.pt", f'sha256 = "{digest}"'
    server.shutdown()
    server.server_close()


def named(digest: str) -> str:
    """What the cached file is called: torch's own way, with the hash's first digits."""
    return f"net-{digest.removeprefix('sha256 = ').strip(chr(34))[:8]}.pt"


SEEDED = 'if-unreachable = "seeded"'


@pytest.mark.parametrize(
    ("answers", "code", "expected", "asked"),
    [
        (["ok"], 0, "sha256", 1),
        (["503", "cut", "ok"], 0, "sha256", 3),
        (["503"], 5, "failed 3 times, last:", 3),
        (["cut"], 5, "broke off", 3),
        (["404"], 3, "answered 404", 1),
        (["html"], 3, "has sha256", 1),
        (["loop"], 3, "redirects without end", 31),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_a_download(
    answers: list[str], code: int, expected: str, asked: int, project: Project, host: tuple[Host, str, str]
) -> None:
    """Bounded retries where another attempt may help; and no answer of a host ever leads to seeded weights."""
    server, url, digest = host
    server.answers = answers
    found, line = fetch(project, url, digest, SEEDED)
    assert (found, expected in line) == (code, True), line
    assert server.asked == asked
    checkpoints = project.path("torch home/hub/checkpoints")
    assert [path.name for path in checkpoints.iterdir()] == ([named(digest)] if code == 0 else [])


def test_a_cached_copy_is_hashed_again(project: Project, host: tuple[Host, str, str]) -> None:
    server, url, digest = host
    server.answers = ["ok"]
    cached = project.path("torch home/hub/checkpoints") / named(digest)
    cached.parent.mkdir(parents=True)
    cached.write_bytes(server.content)
    assert fetch(project, url, digest)[0] == 0
    assert server.asked == 0
    cached.write_bytes(server.content[:-1] + b"#")
    finished = project.step("weights", "tried")
    assert finished.code == 3
    assert "has sha256" in finished.errors[0]
    assert "remove it to have it fetched again" in finished.errors[0]


UNREACHABLE = "http://127.0.0.1:9/net.pt"
ANY = f'sha256 = "{"0" * 64}"'


def test_an_unreachable_host_fails_unless_told_otherwise(project: Project) -> None:
    code, line = fetch(project, UNREACHABLE, ANY)
    assert code == 5
    assert '127.0.0.1:9 cannot be reached, and if-unreachable is "fail"' in line


def test_an_unreachable_host_may_lead_to_seeded_weights(project: Project, host: tuple[Host, str, str]) -> None:
    code, line = fetch(project, UNREACHABLE, ANY, SEEDED)
    assert code == 0
    assert "UNTRAINED WEIGHTS: 127.0.0.1:9 cannot be reached" in line
    assert "rm artifacts/tried/weights.pt" in line

    # A host that is there after all: the trained weights take the place of the drawn ones.
    server, url, digest = host
    server.answers = ["ok"]
    project.edit("pyproject.toml", UNREACHABLE, url)
    project.edit("pyproject.toml", ANY, digest)
    assert "UNTRAINED" not in project.step("weights", "tried").output


def test_missing_packages_say_what_to_install(project: Project) -> None:
    project.path("pyproject.toml").write_text(
        '[project.optional-dependencies]\nlite = ["no-such-package>=1"]\n'
        '[tool.torchferry.models.tried]\nbuilder = "no_such_package:make"\nweights = "seeded"\nextra = "lite"\n'
    )
    finished = project.step("weights", "tried")
    assert finished.code == 5
    assert "needs no-such-package, not installed yet; run pip install -e '.[pinned,lite]'" in finished.output
