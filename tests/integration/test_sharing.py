"""What one checkout has made, another fetches; and early cutoff, where the same comes out again."""

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline import hashes
from tests.support import stub
from tests.support.project import Project
from tests.support.snapshot import Snapshot

PYTHON = {"weights:net", "weights:twin"}
COMPARES = {"compare:net", "compare:twin"}
SHARED = {"export:net", "export:twin", "build"}
ARCHIVE = "artifacts/net/net_scripted.pt"
MADE = ["net/net_scripted.pt", "net/inputs.pt", "net/reference.pt", "twin/twin_traced.pt", "build/ts-infer"]


class Handler(BaseHTTPRequestHandler):
    """GET, HEAD and PUT on a folder, as an object store answers; or as one that has its bad day."""

    folder: Path
    status = 200
    answering: threading.Event

    def _answer(self, code: int, content: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_GET(self) -> None:
        self.answering.wait()
        path = self.folder / self.path.lstrip("/")
        if self.status != 200:
            self._answer(self.status)
        elif path.is_file():
            self._answer(200, path.read_bytes())
        else:
            self._answer(404)

    do_HEAD = do_GET  # noqa: N815 - http.server's names

    def do_PUT(self) -> None:
        path = self.folder / self.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._body())
        self._answer(200)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        return content

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's names
        """Say nothing."""


@contextlib.contextmanager
def served(folder: Path, status: int = 200, *, silent: bool = False) -> Iterator[str]:
    """The folder over HTTP on loopback; a silent server answers no GET before the end."""
    answering = threading.Event()
    if not silent:
        answering.set()
    handler = type("Of", (Handler,), {"folder": folder, "status": status, "answering": answering})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        answering.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def filled(built: tuple[Project, Snapshot], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache, filled by a checkout that has built everything."""
    store = tmp_path_factory.mktemp("cache")
    first = built[0].copy_sources(tmp_path_factory.mktemp("first") / "checkout")
    finished = first.doit(TORCHFERRY_CACHE=str(store))
    assert finished.code == 0, finished.output
    assert (finished.cached, len(list((store / "ac").iterdir()))) == (set(), len(SHARED))
    return store


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Path:
    """The filled cache, to be spoilt."""
    return Path(shutil.copytree(filled, tmp_path / "store"))


@pytest.fixture
def fresh(project: Project, tmp_path: Path) -> Project:
    """A checkout at another place that was never built."""
    return project.copy_sources(tmp_path / "another/place")


def test_a_cold_checkout_with_a_warm_cache(fresh: Project, project: Project, store: Path) -> None:
    """It reaches its verdict without exporting or compiling; weights, configure and compare are always its own."""
    finished = fresh.doit(TORCHFERRY_CACHE=store.as_uri())
    assert finished.code == 0, finished.output
    assert finished.cached == SHARED
    assert finished.ran == PYTHON | COMPARES | {"configure"}
    assert "net: C++ AGREES with Python" in finished.output
    for name in MADE:
        assert hashes.contents(fresh.path(f"artifacts/{name}")) == hashes.contents(project.path(f"artifacts/{name}"))
    assert fresh.doit().ran == set(), "up to date by the receipts that came along, cache or not"
    told = fresh.doit("explain", "build").output
    assert f"from {store.as_uri()}" in told
    fresh.edit(*stub.CODE)
    assert fresh.doit("build", TORCHFERRY_CACHE=str(store)).ran == {"build"}


def test_over_http(fresh: Project, project: Project, tmp_path: Path) -> None:
    with served(tmp_path / "remote") as url:
        first = project.doit("forget")
        first = project.doit(TORCHFERRY_CACHE=url)
        assert (first.code, first.cached) == (0, set()), first.output
        finished = fresh.doit(TORCHFERRY_CACHE=url)
    assert finished.code == 0, finished.output
    assert "warning" not in finished.output
    assert finished.cached == SHARED


def test_read_only(fresh: Project, store: Path) -> None:
    shutil.rmtree(store / "ac")
    before = sorted(store.rglob("*"))
    finished = fresh.doit("export:net", TORCHFERRY_CACHE=str(store), TORCHFERRY_CACHE_MODE="read-only")
    assert (finished.code, finished.cached) == (0, set())
    assert sorted(store.rglob("*")) == before


def same_verdict(fresh: Project, url: str, told: str, **env: str) -> None:
    """The whole run succeeds without the cache, and says why in one line."""
    finished = fresh.doit("compare:net", TORCHFERRY_CACHE=url, **env)
    assert finished.code == 0, finished.output
    assert "net: C++ AGREES" in finished.output
    assert "Traceback" not in finished.output
    assert finished.ran >= {"export:net", "compare:net"}
    [warning] = [line for line in finished.output.splitlines() if "warning" in line and "build" not in line]
    assert told in warning


@pytest.mark.parametrize("http", [False, True], ids=["folder", "HTTP"])
def test_a_damaged_cache(http: bool, fresh: Project, store: Path) -> None:
    """A flipped bit in a blob is a miss, and named; what is made instead takes its place."""
    entries = [json.loads(path.read_bytes())["outputs"] for path in (store / "ac").iterdir()]
    [digest] = [made[ARCHIVE]["sha256"] for made in entries if ARCHIVE in made]
    archive = store / "cas" / digest
    content = archive.read_bytes()
    archive.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with served(store) if http else contextlib.nullcontext(str(store)) as url:
        same_verdict(fresh, url, "net_scripted.pt does not have the hash that it is filed under")
        fresh.doit("forget", "export:net")
        assert fresh.doit("export:net", TORCHFERRY_CACHE=url).cached == {"export:net"}


def test_a_server_that_fails(fresh: Project, store: Path) -> None:
    with served(store, status=500) as url:
        same_verdict(fresh, url, f"the cache {url} failed (500, message='Internal Server Error'")


def test_a_server_that_takes_too_long(fresh: Project, store: Path) -> None:
    fresh.edit("pyproject.toml", "[tool.torchferry]\n", "[tool.torchferry]\ncache.timeout = 0.3\n")
    with served(store, silent=True) as url:
        same_verdict(fresh, url, "no answer within 0.3 s")


def test_a_cache_that_is_no_folder(fresh: Project, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    same_verdict(fresh, str(tmp_path / "file"), "failed (")


def test_another_processor_is_another_action(fresh: Project, store: Path) -> None:
    """The reference was computed by kernels that this one has not: it is computed here. The executable serves both."""
    finished = fresh.doit("compare:net", TORCHFERRY_CACHE=str(store), ATEN_CPU_CAPABILITY="default")
    assert finished.code == 0, finished.output
    assert finished.cached == {"build"}
    told = fresh.doit("explain", "export:net").output
    assert "ATEN_CPU_CAPABILITY=default → " in told


def test_the_settings_name_a_cache(fresh: Project, store: Path) -> None:
    fresh.edit("pyproject.toml", "[tool.torchferry]\n", f'[tool.torchferry]\ncache = {{ url = "{store}" }}\n')
    fresh.doit("weights:net")
    assert fresh.doit("export:net").cached == {"export:net"}
    fresh.doit("forget", "export:net")
    assert fresh.doit("export:net", TORCHFERRY_CACHE="").ran == {"export:net"}
    refused = fresh.doit(TORCHFERRY_CACHE_MODE="readonly")
    assert refused.code == 3
    assert "$TORCHFERRY_CACHE_MODE instead of [tool.torchferry.cache] mode: 'readonly' is unknown" in refused.output


def test_what_is_fetched_leaves_nothing_of_another_method(project: Project, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    project.doit("forget", "export:twin")
    project.doit("export:twin", TORCHFERRY_CACHE=store)
    project.edit("pyproject.toml", 'method = "trace"', 'method = "script"')
    project.doit("export:twin")
    project.edit("pyproject.toml", 'method = "script"', 'method = "trace"')
    assert project.doit("export:twin", TORCHFERRY_CACHE=store).cached == {"export:twin"}
    assert [path.name for path in project.path("artifacts/twin").glob("twin_*")] == ["twin_traced.pt"]


def test_early_cutoff(project: Project, tmp_path: Path) -> None:
    """Exported again elsewhere, the archive has other bytes, for it names its sources, and the same contents."""
    clone = project.copy_sources(tmp_path / "clone")
    shutil.copytree(project.path("artifacts"), clone.path("artifacts"))
    before = hashes.sha256(clone.path("artifacts/net/net_scripted.pt"))
    with clone.path("pipeline/methods/script.py").open("a", encoding="utf-8") as file:
        file.write("# a remark\n")
    finished = clone.doit()
    assert finished.code == 0, finished.output
    assert finished.ran == {"export:net", "export:twin"}
    assert hashes.sha256(clone.path("artifacts/net/net_scripted.pt")) != before
    assert clone.doit().ran == set()
