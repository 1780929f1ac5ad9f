"""What a cache that another checkout has filled saves in a first run."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.benchmarks.commands import Failure
from tests.benchmarks.figures import Cost, Sample
from tests.benchmarks.sandbox import Checkout, Sandbox, ask_no_host, events

SHARED = {"export:r18", "build"}
"""The tasks whose artifacts a cache holds."""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP on loopback, by a thread of ours: it cannot outlive us."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def shared(sandbox: Sandbox) -> Iterator[Sample]:
    """A first doit with a cache that another checkout has filled, a folder or over HTTP"""
    for checkout in sandbox.checkouts:
        store = _store(sandbox, checkout)
        with served(store) as url:
            without = _first_run(sandbox, checkout, "")
            yield Sample(what="no cache", checkout=checkout.name, cost=without)
            for what, where in {"a folder": str(store), "HTTP": url}.items():
                cost = _first_run(sandbox, checkout, where)
                yield Sample(what=what, checkout=checkout.name, cost=cost, beside="no cache", other=without)


def _store(sandbox: Sandbox, checkout: Checkout) -> Path:
    store = sandbox.scratch / f"store of {checkout.name}"
    if not store.exists():
        with sandbox.copy(checkout) as folder:
            ask_no_host(folder)
            checkout.doit(folder=folder, TORCHFERRY_CACHE=str(store))
    return store


def _first_run(sandbox: Sandbox, checkout: Checkout, cache: str) -> Cost:
    with sandbox.copy(checkout) as folder:
        ask_no_host(folder)
        ran = checkout.doit(folder=folder, TORCHFERRY_CACHE=cache, TORCHFERRY_CACHE_MODE="read-only")
        fetched = {event["task"] for event in events(folder) if event.get("state") == "cached"}
    if fetched != (expected := SHARED if cache else set()):
        found, wanted = (", ".join(sorted(tasks)) or "nothing" for tasks in (fetched, expected))
        raise Failure(f"{found} was fetched from the cache '{cache}', expected {wanted}", ran.output)
    return ran.cost
