"""The kinds of operators in Python and in C++ are the same: both sides spell a graph alike."""

import re
from pathlib import Path

import pytest

from pipeline.forms import kinds

SOURCE = (Path(__file__).parents[2] / "cpp" / "engine" / "kinds.cpp").read_text(encoding="utf-8")
TABLES = {
    "kArithmetic": kinds.ARITHMETIC,
    "kPointwise": {kind for kind in kinds.POINTWISE - kinds.ARITHMETIC if not kind.endswith("_")},
    "kSoftmax": kinds.SOFTMAX,
    "kPools": kinds.POOLS,
    "kProducts": kinds.PRODUCTS,
    "kSlicing": kinds.SLICING,
    "kTransposing": kinds.TRANSPOSING,
    "kViews": kinds.RESHAPING,
    "kKeepsChannels": kinds.KEEPS_CHANNELS - kinds.POINTWISE - kinds.POOLS,
    "kConvolutions": kinds.CONVOLUTIONS,
}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_the_same_in_cpp(table: str) -> None:
    (text,) = re.findall(rf"{table}\s*(?:\{{|=)(.*?);", SOURCE, re.DOTALL)
    assert set(re.findall(r'"(.*?)"', text)) == TABLES[table]


def test_no_table_is_left_out() -> None:
    assert set(re.findall(r"std::set<std::string> (k\w+)", SOURCE)) == set(TABLES)
