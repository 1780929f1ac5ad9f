"""The front door of the benchmark: which parts run, what they need, and what is made of the samples."""

import sys
from pathlib import Path

import pytest

from pipeline.errors import EnvironmentFault, SettingsError
from tests.benchmarks import __main__ as front
from tests.benchmarks import parts
from tests.benchmarks.figures import Cost, Sample, rows, total
from tests.benchmarks.sandbox import COPIED, ROOT, Checkout


def cost(seconds: float, processor: float | None = None) -> Cost:
    return Cost(seconds=seconds, processor=processor)


def test_all_parts_are_chosen_where_none_is_named() -> None:
    assert parts.chosen([]) == list(parts.PARTS)


def test_parts_are_chosen_by_name_once_and_in_their_order() -> None:
    assert [part.name for part in parts.chosen(["shared", "cold", "shared"])] == ["cold", "shared"]


def test_an_unknown_part_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"there is no part 'shard'; did you mean 'shared'\?"):
        parts.chosen(["cold", "shard"])


def test_every_part_says_what_it_measures() -> None:
    assert all(part.title for part in parts.PARTS)
    assert len({part.name for part in parts.PARTS}) == len(parts.PARTS)


HERE = Checkout("here", Path("/here"), Path("/here/.venv/bin/python"))
THERE = Checkout("there", Path("/there"), Path("/usr/bin/python3"))


def test_nothing_is_refused_that_no_chosen_part_needs() -> None:
    parts.refuse_what_lacks(parts.chosen(["cold"]), {HERE: ["aiohttp"], THERE: []})
    parts.refuse_what_lacks(parts.chosen([]), {HERE: []})


def test_what_is_missing_is_told_with_its_remedy() -> None:
    with pytest.raises(EnvironmentFault) as caught:
        parts.refuse_what_lacks(parts.chosen(["cold", "noop", "shared"]), {HERE: [], THERE: ["aiohttp"]})
    assert str(caught.value) == (
        "packages are missing for shared; run /usr/bin/python3 -m pip install 'fsspec[http]', "
        "or name the others alone: cold noop"
    )


def test_a_checkout_without_torchferry_s_packages_is_refused() -> None:
    with pytest.raises(EnvironmentFault) as caught:
        parts.refuse_what_lacks(parts.chosen(["cold"]), {THERE: ["doit", "torch"]})
    assert str(caught.value) == (
        "packages are missing for cold; run /usr/bin/python3 -m pip install -e '/there[pinned]'"
    )


def checkout_at(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in COPIED:
        (folder / name).touch()
    return folder


def test_checkouts_are_told_apart_and_have_their_own_python(tmp_path: Path) -> None:
    first, second = checkout_at(tmp_path / "a/old"), checkout_at(tmp_path / "b/old")
    (second / ".venv/bin").mkdir(parents=True)
    (second / ".venv/bin/python").touch()
    found = front.checkouts([ROOT, first, second])
    assert [checkout.name for checkout in found] == [ROOT.name, "old", "old-2"]
    ours = Path(sys.executable)
    assert [checkout.python for checkout in found] == [ours, ours, second / ".venv/bin/python"]


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no checkout of torchferry: it has no pipeline"):
        front.checkouts([tmp_path])


def test_costs_add_up_and_stay_unknown_where_one_is() -> None:
    assert total([cost(1, 2), cost(3, 4)]) == cost(4, 6)
    assert total([cost(1, 2), cost(3)]) == cost(4)


def test_a_ratio_is_the_median_of_those_within_a_round() -> None:
    pairs = [(cost(2, 1), cost(1, 1)), (cost(30, 9), cost(10, 3)), (cost(8, 8), cost(2, 2))]
    (row,) = rows(Sample(what="doit", cost=ours, beside="recipe", other=other) for ours, other in pairs)
    assert (row.ratio, row.processor_ratio) == (3, 3)  # not 8 / 2 and 8 / 2, those of the medians
    assert (row.seconds, row.least, row.most, row.processor) == (8, 2, 30, 8)
    assert [(sample.cost, sample.other) for sample in row.samples] == pairs


def test_rows_are_told_apart_by_checkout_in_the_order_of_measuring() -> None:
    measured = [("doit", "new"), ("doit", "old"), ("build", "new"), ("doit", "new")]
    found = rows(Sample(what=what, checkout=checkout, cost=cost(1)) for what, checkout in measured)
    assert [(row.what, row.checkout, len(row.samples)) for row in found] == [
        ("doit", "new", 2),
        ("doit", "old", 1),
        ("build", "new", 1),
    ]
    assert {row.ratio for row in found} == {row.processor for row in found} == {None}
