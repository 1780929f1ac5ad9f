"""The zoo's own: what each model takes, which are meant, what memory is shared, and the table."""

import threading

import pytest

from pipeline.catalogue import torchvision_builders
from pipeline.checks import faults
from pipeline.entry import Model
from pipeline.zoo import kinds, memory, table
from pipeline.zoo.record import Row, Zoo

NAMES = list(torchvision_builders())
ROW = Row(
    name="resnet18",
    family="classification",
    parameters=11_689_512,
    key="",
    date="2026-01-02",
    verdict="agrees",
    method="script",
    archive_bytes=46_900_000,
    error=3.2e-6,
    needed=0.25,
    from_float64=True,
    milliseconds=12.4,
)


@pytest.mark.parametrize("name", NAMES)
def test_every_model_has_an_entry_without_faults(name: str) -> None:
    entry = kinds.entry_of(name, torchvision_builders()[name])
    assert not list(faults(name, entry))
    assert (entry.weights, entry.method) == ("seeded", "auto")


def test_kinds_of_their_own() -> None:
    families = torchvision_builders()
    assert kinds.entry_of("raft_small", families["raft_small"]).inputs == [*kinds._ANY_PICTURES] * 2
    assert kinds.entry_of("ssd300_vgg16", families["ssd300_vgg16"]).inputs[0].listed
    assert "min_size" in kinds.entry_of("fcos_resnet50_fpn", families["fcos_resnet50_fpn"]).arguments
    assert kinds.entry_of("quantized_resnet18", families["quantized_resnet18"]).arguments == {
        "name": "quantized_resnet18"
    }
    assert kinds.entry_of("new", "of a family that nobody has seen").inputs == Model(builder="a:b").inputs


def test_patterns() -> None:
    assert kinds.matching([], NAMES) == (NAMES, "")
    assert kinds.matching(["raft_*", "vgg11"], NAMES) == (["raft_large", "raft_small", "vgg11"], "")
    chosen, wrong = kinds.matching(["vgg11", "resmet*"], NAMES)
    assert (chosen, wrong.partition(";")[0]) == ([], "torchvision has no model 'resmet*'")
    assert "did you mean 'resnet" in wrong


def test_who_does_not_fit_waits_unless_alone() -> None:
    room = memory.Room(10)
    with room.reserved(25):  # alone: whatever it wants
        assert not _enters(room, 1)
    with room.reserved(6):
        assert _enters(room, 4)
        assert not _enters(room, 5)
        assert not _enters(room, 1), "nobody overtakes the one that wants 5"
    assert _enters(room, 10)


def _enters(room: memory.Room, wanted: int) -> bool:
    entered = threading.Event()

    def enter() -> None:
        with room.reserved(wanted):
            entered.set()

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()
    return entered.wait(0.2)


def test_the_table_tells_what_is_red() -> None:
    red = Row(
        name="raft_small", family="optical_flow", parameters=0, key="", date="", verdict="disagrees", reason="a|b"
    )
    zoo = Zoo(
        torch="2.13.0",
        torchvision="0.28.0",
        cpu="a processor",
        processors=2,
        threads=1,
        ran=2,
        seconds=90,
        peak_bytes=10**9,
        rows=[red, ROW],
    )
    text = table.document(zoo)
    assert "1 of 2 agree" in text
    assert "| resnet18 | classification | 11.7 | script | 46.9 | agrees | 3.2e-06 | 0.25 | 12 | 2026-01-02 |  |" in text
    assert "| raft_small | optical_flow | 0.0 |  |  | **disagrees** |  |  |  |  | a\\|b |" in text
    assert text.index("resnet18 |") < text.index("raft_small |")
