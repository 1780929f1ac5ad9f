"""The judgement of numbers, without an executable."""

import math
from collections import OrderedDict
from typing import Any, NamedTuple

import pytest
import torch

from pipeline.config import Tolerance
from pipeline.errors import Disagreement, ModelError
from pipeline.parity.comparison import below_notice, compare, measure, plain
from pipeline.parity.golden import Answers, Reference
from pipeline.parity.ranking import rank
from pipeline.parity.verdict import judge

TOLERANCE = Tolerance(atol=1e-5, rtol=1e-5)
LOGITS = torch.tensor([[3.0, 2.0, 1.0, 0.0, -1.0, -2.0], [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]])


def faults(reference: Any, candidate: Any) -> list[str]:
    return compare(reference, candidate, TOLERANCE).faults


def test_the_rule_is_that_of_isclose() -> None:
    reference = torch.tensor([1.0, 100.0], dtype=torch.float64)
    assert measure("x", reference, reference + torch.tensor([1.9e-5, 1.0e-3]), TOLERANCE).needed <= 1
    difference = measure("x", reference, reference + torch.tensor([2.1e-5, 0.0]), TOLERANCE)
    assert difference.needed == pytest.approx(1.05, rel=1e-3)
    assert difference.worst is not None
    assert difference.worst.index == [0]
    assert difference.max_relative == pytest.approx(2.1e-5, rel=1e-3)


FORMS = {
    "dtype": (LOGITS, LOGITS.double(), "is of dtype torch.float64, expected torch.float32"),
    "shape": (LOGITS, LOGITS[:1], "has the shape [1, 6], expected [2, 6]"),
    "missing": ({"a": LOGITS, "b": LOGITS}, {"a": LOGITS}, "output['b'] is missing"),
    "extra": ((LOGITS,), (LOGITS, LOGITS), "output[1] is more than expected"),
    "nan": (LOGITS, LOGITS * math.nan, "is nan, expected 3"),
    "infinity": (LOGITS, LOGITS / 0, "is inf, expected 3"),
    "batch-mixed-up": (LOGITS, LOGITS.flip(0), "times what the tolerance allows"),
    "nothing": ((), (), "nothing was compared"),
    "integers": (torch.tensor([1, 10**7]), torch.tensor([1, 10**7 + 1]), "no tolerance allows that"),
    "large-integers": (torch.tensor([2**60]), torch.tensor([2**60 + 1]), "no tolerance allows that"),
    "booleans": (torch.tensor([True]), torch.tensor([False]), "output[0] is 0, expected 1"),
    "imaginary-part": (torch.tensor([1 + 2j]), torch.tensor([1 + 3j]), "output[0, 1] is 3, expected 2"),
    "kind": (LOGITS, (LOGITS, None), "output is a sequence, expected a tensor"),
    "kind-of-dict": ({"out": LOGITS}, LOGITS, "output is a tensor, expected a dict"),
    "empty-sequence-missing": ((LOGITS, []), (LOGITS,), "output[1] is missing"),
    "empty-dict-missing": ({"a": LOGITS, "b": {}}, {"a": LOGITS}, "output['b'] is missing"),
    "list-for-a-dict": ((LOGITS, {0: LOGITS}), (LOGITS, [LOGITS]), "output[1] is a sequence, expected a dict"),
    "integer-for-a-boolean": ((LOGITS, True), (LOGITS, 1), "output[1] is a int, expected a bool"),
    "floats": ((LOGITS, 0.3), (LOGITS, 0.301), "output[1] is 0.30"),
    "not-a-tensor": ((LOGITS, 3), (LOGITS, 4), "output[1] is 4, expected 3"),
}


@pytest.mark.parametrize(("reference", "candidate", "expected"), FORMS.values(), ids=FORMS.keys())
def test_a_difference_in_form_or_value(reference: Any, candidate: Any, expected: str) -> None:
    assert any(expected in fault for fault in faults(reference, candidate)), faults(reference, candidate)
    assert not faults(reference, reference) or expected == "nothing was compared"


def test_floats_have_the_tolerance_too() -> None:
    assert not faults((LOGITS, 0.3), (LOGITS, 0.1 + 0.2))


def test_plain_containers() -> None:
    class Output(NamedTuple):
        logits: torch.Tensor
        aux: None

    made = plain(OrderedDict(a=Output(LOGITS, None), b=[1, "x"]))
    assert type(made) is dict
    assert type(made["a"]) is tuple
    assert torch.equal(made["a"][0], LOGITS)
    assert made["a"][0] is not LOGITS, "the model may write to it again"
    assert (made["a"][1], made["b"]) == (None, [1, "x"])
    with pytest.raises(ModelError, match="the output holds a object, expected tensors in tuples, lists and dicts"):
        plain([object()])


NAMES = ["a", "b", "c", "d", "e", "f"]


def top(logits: torch.Tensor) -> tuple[list[list[int]], list[list[float]]]:
    best = logits.softmax(1).topk(5)
    return best.indices.tolist(), best.values.tolist()


def ranking_faults(labels: list[list[int]], probabilities: list[list[float]], logits: torch.Tensor = LOGITS) -> str:
    return "; ".join(rank(logits, logits, labels, probabilities, TOLERANCE, NAMES).faults)


def test_ranks() -> None:
    labels, probabilities = top(LOGITS)
    good = rank(LOGITS, LOGITS, labels, probabilities, TOLERANCE, NAMES)
    assert not good.faults
    assert [r.name for r in good.rows[1].cpp] == ["f", "e", "d", "c", "b"]

    swapped = [[row[1], row[0], *row[2:]] for row in labels]
    assert "row 0, rank 1 is b, expected a" in ranking_faults(swapped, probabilities)
    for wrong in ([[label + 9 for label in row] for row in labels], [[0, 3, 3, 3, 3], labels[1]]):
        assert "names a label twice, or one outside 0 to 5" in ranking_faults(wrong, probabilities)
    assert "[5] classes in its rows, expected [5, 5]" in ranking_faults(labels[:1], probabilities)
    assert "[] classes in its rows, expected [5, 5]" in ranking_faults(labels, [])
    off = [[p * 1.01 for p in row] for row in probabilities]
    assert "top-5 probabilities" in ranking_faults(labels, off)
    assert "top-5 probabilities" in ranking_faults(labels, LOGITS.softmax(0).topk(5).values.tolist())


def test_equal_scores_may_change_places() -> None:
    logits = torch.tensor([[1.0, 1.0, 0.0, -1.0, -2.0, -3.0]])
    labels, probabilities = top(logits)
    assert not ranking_faults([[labels[0][1], labels[0][0], *labels[0][2:]]], probabilities, logits)


def test_probabilities_belong_to_the_logits_that_cpp_computed() -> None:
    """Scores of a million may differ by ten under a relative tolerance, and their softmax by everything."""
    reference = torch.tensor([[1e6, 1e6 - 30, 0.0]])
    candidate = reference + torch.tensor([[0.0, 5.0, 0.0]])
    assert not faults(reference, candidate)
    best = candidate.softmax(1).topk(3)
    assert not rank(reference, candidate, best.indices.tolist(), best.values.tolist(), TOLERANCE, []).faults


def test_outputs_that_could_not_fail() -> None:
    tiny = {"scores": LOGITS, "heat": torch.full((2, 2), 3e-6)}
    assert below_notice([tiny, tiny], TOLERANCE) == "output['heat']"
    assert below_notice([tiny], Tolerance(atol=1e-7, rtol=1e-5)) == ""
    assert below_notice([{"scores": LOGITS, "unused": torch.zeros(2)}], TOLERANCE) == ""


def test_what_cannot_be_paired_is_not_compared() -> None:
    labels, probabilities = top(LOGITS)
    reference = Reference(["one"], [LOGITS], "", "")
    answers = Answers([0], [LOGITS], [labels], [probabilities], [None], [None])
    assert judge(reference, answers, [0], TOLERANCE, [])[0].agrees
    for order, changed in {
        (0, 0): answers,
        (0,): answers._replace(outputs=[]),
        (): answers,
    }.items():
        with pytest.raises(Disagreement):
            judge(reference, changed, order, TOLERANCE, [])
    with pytest.raises(Disagreement, match="ranked the classes of 0 runs, expected 1"):
        judge(reference, answers._replace(labels=[], probabilities=[]), [0], TOLERANCE, [])
    with pytest.raises(Disagreement, match="output is nowhere larger than the tolerance, atol 9: zeros would pass"):
        judge(reference, answers, [0], Tolerance(atol=9), [])
