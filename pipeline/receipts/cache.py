"""The shared cache: what one checkout has made, and another need not make again.

Contents are written first and the receipt last, so that a receipt never names what is not there; whatever is read is
held against its hash. The cache is a help, and never a reason to fail.
"""

import contextlib
import hashlib
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from pipeline import layout
from pipeline.config import Cache
from pipeline.receipts import receipt as receipts
from pipeline.receipts.action import Action
from pipeline.receipts.receipt import Output, Receipt
from pipeline.receipts.store import Kind, Store

_Result = TypeVar("_Result")

CHUNK = 1 << 20
LARGEST_ENTRY = 4 << 20
LONGEST_REASON = 200
FETCHED = ".fetched."
"""How the folders begin that files are fetched into."""
PROBE = b"torchferry"


class _Unfit(Exception):
    """Something in the cache is not what it is filed as."""


class SharedCache:
    """The cache that the settings name. After the first fault it is left alone; `complain` says so once."""

    def __init__(self, settings: Cache, complain: Callable[[str], None], *, fetches: bool = True) -> None:
        self._settings = settings
        self._complain = complain
        self._fetches = fetches
        self._writable = settings.mode == "read-write"
        self._lock = threading.Lock()
        self._off = not settings.url
        self._store: Store | None = None
        self._damaged = set[str]()

    def fetch(self, action: Action, digest: str) -> Receipt | None:
        """Put the action's outputs in place and return the receipt to be kept; nothing where the cache has none."""
        if self._off or not (self._fetches and action.shared):
            return None
        return self._within_time(lambda store: self._fetch(store, action, digest), "fetching from")

    def publish(self, action: Action, receipt: Receipt) -> None:
        """Add the action's outputs, unless they are there, and then its receipt."""
        if not self._off and action.shared and self._writable:
            self._within_time(lambda store: self._publish(store, receipt), "writing to")

    def check(self) -> None:
        """Ask it for something, and give it something where that is allowed; complain where it does not answer."""

        def probe(store: Store) -> None:
            with contextlib.suppress(FileNotFoundError):
                self._read(store, "ac", "0" * 64)
            if self._writable:
                digest = hashlib.sha256(PROBE).hexdigest()
                store.put_bytes("cas", digest, PROBE)
                self._read(store, "cas", digest)

        self._within_time(probe, "asking")

    def _fetch(self, store: Store, action: Action, digest: str) -> Receipt | None:
        try:
            content = self._read(store, "ac", self._key(digest))
        except FileNotFoundError:
            return None
        receipt = self._decode(content, action, digest)
        # In a folder of its own: if this takes too long, the step is at work in the others by then.
        with tempfile.TemporaryDirectory(prefix=FETCHED, dir=layout.ARTIFACTS, ignore_cleanup_errors=True) as folder:
            fetched = [Path(folder, str(number)) for number in range(len(receipt.outputs))]
            for staging, (path, output) in zip(fetched, receipt.outputs.items(), strict=True):
                self._download(store, path, output, staging)
                staging.chmod(0o755 if output.executable else 0o644)
            with self._lock:
                self._check_whether_wanted()
                for staging, path in zip(fetched, receipt.outputs, strict=True):
                    staging.replace(path)
        return msgspec.structs.replace(receipt, origin=self._settings.url)

    def _check_whether_wanted(self) -> None:
        if self._off:
            raise TimeoutError("it was given up")

    @staticmethod
    def _read(store: Store, kind: Kind, name: str) -> bytes:
        """An entry, which is small: who sends more than that sends something else."""
        with store.open(kind, name) as file:
            content: bytes = file.read(LARGEST_ENTRY + 1)
        if len(content) > LARGEST_ENTRY:
            raise _Unfit("an entry is larger than any of ours")
        return content

    @staticmethod
    def _decode(content: bytes, action: Action, digest: str) -> Receipt:
        receipt = receipts.parse(content)
        if receipt is None:
            raise _Unfit(f"the entry of {action.task} is damaged")
        asked = (action.task, "finished", digest, set(action.outputs))
        found = (receipt.task, receipt.state, receipt.digest, set(receipt.outputs))
        if found != asked:  # the outputs as well: an entry must not choose where it is written to
            raise _Unfit(f"the entry of {action.task} is another task's")
        return receipt

    def _download(self, store: Store, path: str, output: Output, target: Path) -> None:
        digest = hashlib.sha256()
        size = 0
        try:
            with store.open("cas", output.sha256) as source, target.open("wb") as file:
                while size <= output.size and (chunk := source.read(CHUNK)):
                    self._check_whether_wanted()
                    size += len(chunk)
                    digest.update(chunk)
                    file.write(chunk)
        except FileNotFoundError:
            raise _Unfit(f"{path} is named by an entry, and not there") from None
        if size != output.size or digest.hexdigest() != output.sha256:
            self._damaged.add(output.sha256)
            raise _Unfit(f"{path} does not have the hash that it is filed under")

    def _publish(self, store: Store, receipt: Receipt) -> None:
        for path, output in receipt.outputs.items():
            if output.sha256 in self._damaged or not store.has("cas", output.sha256, output.size):
                store.put_file("cas", output.sha256, Path(path))
        store.put_bytes("ac", self._key(receipt.digest), msgspec.json.encode(receipts.sealed(receipt)))

    def _key(self, digest: str) -> str:
        return hashlib.sha256(f"{self._settings.salt}{digest}".encode()).hexdigest()

    def _within_time(self, work: Callable[[Store], _Result], what: str) -> _Result | None:
        """The result of the work; nothing, and one complaint for the whole run, where it fails or takes too long."""
        done: list[_Result] = []
        unfit: list[str] = []
        failed: list[str] = []

        def attempt() -> None:
            try:
                self._store = self._store or Store(self._settings.url, self._settings.options)
                done.append(work(self._store))
            except _Unfit as error:
                unfit.append(str(error))
            except Exception as error:
                failed.append(" ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__)

        thread = threading.Thread(target=attempt, daemon=True)  # one that hangs must not keep doit from ending
        thread.start()
        thread.join(self._settings.timeout)
        if done:
            return done[0]
        if unfit:
            self._complain(f"{self._settings.url}: {unfit[0]}; it is made here instead")
            return None
        with self._lock:
            told, self._off = self._off, True
        if not told:
            why = failed[0] if failed else f"no answer within {self._settings.timeout:g} s"
            self._complain(f"{what} the cache {self._settings.url} failed ({why}); going on without it")
        return None
