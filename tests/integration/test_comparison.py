"""The judgement of numbers, without an executable."""

import math
from collections import OrderedDict
from typing import Any, NamedTuple

import pytest
import torch

from pipeline.config import Tolerance
from pipeline.errors import Disagreement, ModelError
from pipeline.parity.comparison import compare, measure, plain, rank
from pipeline.parity.golden import Answers, Reference
from pipeline.steps.compare import judge

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
    "not-a-tensor": (3, 4, "output is 4, expected 3"),
}


@pytest.mark.parametrize(("reference", "candidate", "expected"), FORMS.values(), ids=FORMS.keys())
def test_a_difference_in_form_or_value(reference: Any, candidate: Any, expected: str) -> None:
    assert any(expected in fault for fault in faults(reference, candidate)), faults(reference, candidate)
    assert not faults(reference, reference) or expected == "nothing was compared"


def test_plain_containers() -> None:
    class Output(NamedTuple):
        logits: torch.Tensor
        aux: None

    made = plain(OrderedDict(a=Output(LOGITS, None), b=[1, "x"]))
    assert made == {"a": (LOGITS, None), "b": [1, "x"]}
    assert type(made) is dict
    assert type(made["a"]) is tuple
    with pytest.raises(ModelError, match="the output holds a object, expected tensors in tuples, lists and dicts"):
        plain([object()])


def test_ranks() -> None:
    top = LOGITS.softmax(1).topk(5)
    names = ["a", "b", "c", "d", "e", "f"]
    good = rank(LOGITS, top.values, top.indices, TOLERANCE, names)
    assert not good.faults
    assert [r.name for r in good.rows[1].cpp] == ["f", "e", "d", "c", "b"]

    swapped = top.indices[:, [1, 0, 2, 3, 4]]
    assert "row 0, rank 1 is b, expected a" in rank(LOGITS, top.values, swapped, TOLERANCE, names).faults
    assert rank(LOGITS, top.values, top.indices + 9, TOLERANCE, names).faults == [
        "the top-5 names a label outside 0 to 5"
    ]
    assert "has the shape" in rank(LOGITS, top.values[:1], top.indices[:1], TOLERANCE, names).faults[0]
    assert "top-5 probabilities" in rank(LOGITS, top.values * 1.01, top.indices, TOLERANCE, names).faults[0]


def test_equal_scores_may_change_places() -> None:
    logits = torch.tensor([[1.0, 1.0, 0.0, -1.0, -2.0, -3.0]])
    top = logits.softmax(1).topk(5)
    assert not rank(logits, top.values, top.indices[:, [1, 0, 2, 3, 4]], TOLERANCE, []).faults


def test_what_cannot_be_paired_is_not_compared() -> None:
    top = LOGITS.softmax(1).topk(5)
    reference = Reference(["one"], [LOGITS], "", "")
    answers = Answers([0], [LOGITS], [top.values], [top.indices])
    assert judge(reference, answers, [0], TOLERANCE, [])[0].agrees
    for order, changed in {
        (0, 0): answers,
        (0,): answers._replace(outputs=[]),
        (): answers,
    }.items():
        with pytest.raises(Disagreement):
            judge(reference, changed, order, TOLERANCE, [])
    with pytest.raises(Disagreement, match="ranked the classes of 0 samples, expected 1"):
        judge(reference, answers._replace(labels=[], probabilities=[]), [0], TOLERANCE, [])
