"""The shared cache: whatever is wrong with it, nothing wrong comes out of it."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pipeline.config import Cache
from pipeline.receipts import receipt as receipts
from pipeline.receipts.action import Action
from pipeline.receipts.cache import SharedCache
from pipeline.receipts.receipt import Output, Receipt

CONTENT = b"an archive"


class Checkout:
    """A folder with one action, and the cache as it sees it."""

    def __init__(self, folder: Path, url: str, **settings: object) -> None:
        (folder / "artifacts").mkdir(parents=True, exist_ok=True)
        self.complaints: list[str] = []
        self.outputs = [folder / "artifacts" / name for name in ("r18.pt", "ts-infer")]
        self.cache = SharedCache(Cache(url=url, **settings), self.complaints.append)  # type: ignore[arg-type]
        self.action = Action(
            task="export:r18",
            argv=[],
            reads=[],
            sources=(),
            # Relative, as in a checkout: the same names everywhere.
            outputs=[f"artifacts/{path.name}" for path in self.outputs],
            facts=dict,
            receipt=folder / "receipt.json",
            shared=True,
        )

    def publish(self, digest: str = "d") -> None:
        for path in self.outputs:
            path.write_bytes(CONTENT + path.name.encode())
        self.outputs[1].chmod(0o755)
        outputs = self.action.made()
        receipt = Receipt(
            task="export:r18",
            state="finished",
            digest=digest,
            command=[],
            outputs=outputs,
            started="2026",
            seconds=3.0,
        )
        self.cache.publish(self.action, receipt)

    def fetch(self, digest: str = "d") -> Receipt | None:
        for path in self.outputs:
            path.unlink(missing_ok=True)
        return self.cache.fetch(self.action, digest)

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in self.outputs[0].parent.iterdir())


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def checkout(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkout]:
    """One that has published what it made, and lost it."""
    made = Checkout(tmp_path / "checkout", str(store))
    monkeypatch.chdir(tmp_path / "checkout")
    made.publish()
    assert made.complaints == []
    yield made
    assert not list(tmp_path.rglob(".*")), "nothing half-written is left"


def blobs(store: Path) -> list[Path]:
    return sorted((store / "cas").iterdir())


def test_what_was_published_is_found(checkout: Checkout, store: Path) -> None:
    receipt = checkout.fetch()
    assert receipt is not None
    assert (receipt.seconds, receipt.origin) == (3.0, str(store))
    assert [path.read_bytes() for path in checkout.outputs] == [CONTENT + b"r18.pt", CONTENT + b"ts-infer"]
    assert [path.stat().st_mode & 0o777 for path in checkout.outputs] == [0o644, 0o755]
    assert checkout.fetch("another") is None
    assert checkout.complaints == []


def test_blobs_come_first(checkout: Checkout, store: Path) -> None:
    """A receipt never names what is not there: without its last step, publishing leaves no entry."""
    shutil.rmtree(store / "ac")
    (store / "ac").touch()
    checkout.publish("e")
    assert len(blobs(store)) == 2
    assert len(checkout.complaints) == 1
    assert checkout.fetch("e") is None


def test_a_damaged_blob_is_a_miss_and_is_put_back(checkout: Checkout, store: Path) -> None:
    for damage in (b"", CONTENT, (CONTENT + b"R18.pt"), CONTENT * 1000):
        blobs(store)[0].write_bytes(damage)
        checkout.complaints.clear()
        assert checkout.fetch() is None
        assert checkout.left == []
        [complaint] = checkout.complaints
        assert "does not have the hash that it is filed under; it is made here instead" in complaint
        checkout.publish()
        assert checkout.fetch() is not None


def test_an_entry_that_names_what_is_not_there(checkout: Checkout, store: Path) -> None:
    blobs(store)[1].unlink()
    assert checkout.fetch() is None
    assert checkout.left == []
    assert "is named by an entry, and not there" in checkout.complaints[0]


def test_a_damaged_entry_is_a_miss(checkout: Checkout, store: Path) -> None:
    [entry] = (store / "ac").iterdir()
    for damage in (b"", b"garbage", entry.read_bytes()[:-9], entry.read_bytes().replace(b"export", b"Export")):
        entry.write_bytes(damage)
        assert checkout.fetch() is None
    assert all("the entry of export:r18 is damaged" in complaint for complaint in checkout.complaints)


@pytest.mark.parametrize(
    "lie",
    [
        {"task": "export:twin"},
        {"digest": "other"},
        {"state": "started"},
        {"outputs": {"../../stolen": Output(sha256="0" * 64, size=1)}},
        {"outputs": {}},
    ],
    ids=lambda lie: next(iter(lie)),
)
def test_an_entry_of_something_else_is_a_miss(lie: dict[str, object], checkout: Checkout, store: Path) -> None:
    [entry] = (store / "ac").iterdir()
    receipt = receipts.parse(entry.read_bytes())
    assert receipt is not None
    entry.write_bytes(msgspec.json.encode(receipts.sealed(msgspec.structs.replace(receipt, **lie))))
    assert checkout.fetch() is None
    assert checkout.left == []
    assert "the entry of export:r18 is another task's" in checkout.complaints[0]


@pytest.mark.usefixtures("checkout")
def test_read_only_writes_nothing(store: Path, tmp_path: Path) -> None:
    reader = Checkout(tmp_path / "checkout", str(store), mode="read-only")
    assert reader.fetch() is not None
    reader.publish("e")
    assert reader.fetch("e") is None
    blobs(store)[0].write_bytes(b"")
    assert reader.fetch() is None
    assert blobs(store)[0].exists()


@pytest.mark.usefixtures("checkout")
def test_another_salt_disowns_everything(store: Path, tmp_path: Path) -> None:
    assert Checkout(tmp_path / "checkout", str(store), salt="2").fetch() is None


@pytest.mark.parametrize("url", ["/proc/no/such/folder", "nosuch://host/x", "http://127.0.0.1:9/cache"])
def test_a_cache_that_is_not_there_is_told_once(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = Checkout(tmp_path / "checkout", url)
    monkeypatch.chdir(tmp_path / "checkout")
    assert checkout.fetch() is None
    checkout.publish()
    assert checkout.fetch() is None
    [complaint] = checkout.complaints
    assert url in complaint
    assert "going on without it" in complaint


def test_an_action_that_is_not_shared_stays_here(checkout: Checkout, store: Path) -> None:
    checkout.action = dataclasses.replace(checkout.action, shared=False)
    checkout.publish("mine")
    assert checkout.fetch("mine") is None
    assert len(list((store / "ac").iterdir())) == 1
