"""The judgement of numbers, without an executable."""

import math
from collections import OrderedDict
from typing import Any, NamedTuple

import pytest
import torch

from pipeline.entry import Tolerance
from pipeline.errors import Disagreement, ModelError
from pipeline.judging import measured
from pipeline.judging.comparison import below_notice, compare
from pipeline.judging.measure import measure
from pipeline.judging.measured import FACTOR, FLOOR_ULPS, Measured
from pipeline.judging.ranking import rank
from pipeline.judging.rules import Rule, Stated
from pipeline.judging.structure import fields, plain
from pipeline.judging.ulp import ulp
from pipeline.parity.verdict import Judged, Standard, check_notice, judge, made, with_repetitions
from pipeline.reference.golden import Answers, Expected

TOLERANCE = Stated(Tolerance(atol=1e-5, rtol=1e-5))
LOGITS = torch.tensor([[3.0, 2.0, 1.0, 0.0, -1.0, -2.0], [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]])


def faults(reference: Any, candidate: Any) -> list[str]:
    return [fault.message for fault in compare(reference, candidate, TOLERANCE).faults]


def test_the_rule_is_that_of_isclose() -> None:
    reference = torch.tensor([1.0, 100.0], dtype=torch.float64)
    assert measure("x", reference, reference + torch.tensor([1.9e-5, 1.0e-3]), TOLERANCE).passes
    difference = measure("x", reference, reference + torch.tensor([2.1e-5, 0.0]), TOLERANCE)
    assert difference.needed == pytest.approx(1.05, rel=1e-3)
    assert difference.worst is not None
    assert difference.worst.index == [0]
    assert difference.max_relative == pytest.approx(2.1e-5, rel=1e-3)


FORMS = {
    "dtype": (LOGITS, LOGITS.double(), "is of dtype torch.float64, expected torch.float32"),
    "shape": (LOGITS, LOGITS[:1], "has the shape [1, 6], expected [2, 6]"),
    "missing": ({"a": LOGITS, "b": LOGITS}, {"a": LOGITS}, 'output["b"] is missing'),
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
    "empty-dict-missing": ({"a": LOGITS, "b": {}}, {"a": LOGITS}, 'output["b"] is missing'),
    "list-for-a-dict": ((LOGITS, {0: LOGITS}), (LOGITS, [LOGITS]), "output[1] is a sequence, expected a dict"),
    "integer-for-a-boolean": ((LOGITS, True), (LOGITS, 1), "output[1] is an int, expected a bool"),
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
    return "; ".join(fault.message for fault in rank(logits, logits, labels, probabilities, TOLERANCE, NAMES).faults)


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
    assert below_notice([tiny, tiny], TOLERANCE) == 'output["heat"]'
    assert below_notice([tiny], Stated(Tolerance(atol=1e-7, rtol=1e-5))) == ""
    assert below_notice([{"scores": LOGITS, "unused": torch.zeros(2)}], TOLERANCE) == ""


def expect(output: Any, truth: Any = None) -> Expected:
    return Expected("one", output, output, truth)


def standard(rule: Rule) -> Standard:
    return Standard(rule, {}, [])


def test_what_cannot_be_paired_is_not_compared() -> None:
    labels, probabilities = top(LOGITS)
    answers = Answers([0], [LOGITS], [labels], [probabilities], [None], [None])
    by = standard(TOLERANCE)
    assert judge([expect(LOGITS)], answers, [0], "C++ plain", by)[0].run.agrees
    for order, changed in {
        (0, 0): answers,
        (0,): answers._replace(outputs=[]),
        (): answers,
    }.items():
        with pytest.raises(Disagreement):
            judge([expect(LOGITS)], changed, order, "C++ plain", by)
    with pytest.raises(Disagreement, match="ranked the classes of 0 runs, expected 1"):
        judge([expect(LOGITS)], answers._replace(labels=[], probabilities=[]), [0], "C++ plain", by)
    with pytest.raises(Disagreement, match=r"nowhere larger than the tolerance, 9 \+ 0.0001 \|r\|: zeros would"):
        check_notice([expect(LOGITS)], standard(Stated(Tolerance(atol=9))))


TRUTH = LOGITS.double()
ROUNDED = LOGITS + torch.tensor(2e-6)
"""A reference that is 2e-6 from the truth, or a little more, as float32 rounds."""


def rule_of(reference: Any, truth: Any, other: Any = None) -> Measured:
    return measured.of([reference], [reference if other is None else other], [truth], {})


def test_the_measured_rule_is_a_multiple_of_the_references_own_error() -> None:
    rule = rule_of(ROUNDED, TRUTH)
    own = rule.own["output"]
    assert own.error == pytest.approx(2e-6, rel=0.1)
    assert own.scale == 3
    assert own.floor == FLOOR_ULPS * 2**-22  # of float32 in [2, 4)
    allowed = FACTOR * own.error + own.floor
    for share, passes in ((0.98, True), (1.02, False)):
        candidate = TRUTH.clone()
        candidate[1, 2] -= share * allowed
        difference = measure("output", ROUNDED.double(), candidate, rule, TRUTH)
        assert difference.passes is passes
        assert difference.needed == pytest.approx(share, rel=1e-3)
        assert difference.error == pytest.approx(share * allowed, rel=1e-3)
    assert rule.factor_needed("output", 1.5 * own.error + own.floor) == pytest.approx(1.5)
    assert rule.factor_needed("output", own.floor) == 0


def test_the_reference_is_the_worse_one_of_two_thread_counts() -> None:
    rule = rule_of(LOGITS, TRUTH, other=ROUNDED)
    assert rule.own["output"].error == rule_of(ROUNDED, TRUTH).own["output"].error
    assert rule.own["output"].threads == pytest.approx(2e-6, rel=0.1)


def test_a_rule_that_is_wide_says_so() -> None:
    assert rule_of(ROUNDED, TRUTH).wide([TRUTH], {}) == ""
    assert "27% of the largest value of output is allowed" in rule_of(LOGITS + 0.1, TRUTH).wide([TRUTH], {})
    drowned = torch.cat([TRUTH, torch.full((2, 3), 1e-7)], dim=1).repeat(2, 1)
    wide = rule_of(drowned.float() + 2e-6, drowned)
    assert "output is in 3 columns no larger than what is allowed" in wide.wide([drowned], {})
    assert wide.wide([drowned[:1]], {}) == "", "a row is too few to tell"
    assert "output is in 1 of 2 samples no larger than" in wide.wide([drowned, drowned[:, 6:]], {})


def test_sixteen_bits_have_a_smaller_floor() -> None:
    for dtype in (torch.float16, torch.bfloat16):
        own = rule_of(LOGITS.to(dtype), TRUTH).own["output"]
        assert own.floor == 2 * torch.finfo(dtype).eps * 2


def test_outputs_that_are_empty_compare_nothing() -> None:
    with pytest.raises(Disagreement, match="every output is empty: nothing was compared"):
        check_notice([expect(torch.zeros(0)), expect([torch.zeros(0, 4)])], standard(TOLERANCE))


def test_each_output_has_a_rule_of_its_own() -> None:
    reference = {"scores": ROUNDED, "boxes": [LOGITS * 1e3], "label": torch.tensor([3])}
    truth = {"scores": TRUTH, "boxes": [TRUTH * 1e3 + 1e-2], "label": torch.tensor([3])}
    rule = rule_of(reference, truth)
    assert set(rule.own) == {'output["scores"]', 'output["boxes"][0]'}
    off = {**reference, "scores": ROUNDED + 1e-2}
    assert [fault.message[:16] for fault in compare(reference, off, rule, truth).faults] == ['output["scores"]']
    off = {**reference, "boxes": [LOGITS * 1e3 + 1e-2]}
    assert not compare(reference, off, rule, truth).faults
    off = {**reference, "label": torch.tensor([4])}
    assert compare(reference, off, rule, truth).faults[0].message.startswith('output["label"][0] is 4, expected 3')


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_ulp_is_the_distance_to_the_next_number(dtype: torch.dtype) -> None:
    for value in (1.0, 1.5, 2.0, 3.0, 1e-3, 6e4, 0.0):
        here = torch.tensor(value, dtype=dtype)
        there = torch.nextafter(here, torch.tensor(torch.inf, dtype=dtype))
        assert float(ulp(here.double(), dtype)) == float(there.double() - here.double())


def test_the_worst_element_and_the_histogram() -> None:
    reference = torch.ones(6)
    candidate = reference + torch.tensor([0, 2**-23, 0, 3e-4, 2e-4, math.nan])
    difference = compare(reference, candidate, TOLERANCE).differences[0]
    assert [(one.below, one.count) for one in difference.histogram] == [
        (0, 2), (pytest.approx(1e-6), 1), (pytest.approx(1e-3), 2), (None, 1),
    ]  # fmt: skip
    assert difference.worst is not None
    assert (difference.worst.index, difference.worst.candidate, difference.worst.ulps) == ([5], "nan", None)
    assert not compare(reference, candidate[:5], TOLERANCE).differences, "another shape"
    finite = compare(reference[:5], candidate[:5], TOLERANCE).differences[0].worst
    assert finite is not None
    assert finite.index == [3]
    assert finite.ulps == pytest.approx(3e-4 * 2**23, rel=1e-2)


class Boxes(NamedTuple):
    boxes: list[torch.Tensor]
    kind: str
    best: tuple[int, bool, None, float]


def test_paths_into_any_structure() -> None:
    made = {"one": Boxes([LOGITS, LOGITS * 2], "cat", (3, True, None, 0.5)), 7: [torch.tensor([1, 2])]}
    names = fields(made)
    reference = plain(made)
    assert names == {'output["one"]': ["boxes", "kind", "best"]}

    def first(changed: Any) -> str:
        return compare(reference, changed, TOLERANCE, names=names).faults[0].message

    one = reference["one"]
    worse = LOGITS * 2 + torch.tensor(1e-2) * (LOGITS == 3)
    assert first({**reference, "one": ([LOGITS, worse], *one[1:])}).startswith('output["one"].boxes[1][0, 0] is 6.01')
    assert first({**reference, "one": (one[0][:1], *one[1:])}) == 'output["one"].boxes[1] is missing'
    assert first({**reference, "one": (one[0], "dog", one[2])}) == "output[\"one\"].kind is 'dog', expected 'cat'"
    assert (
        first({**reference, "one": (*one[:2], (3, True, 0.0, 0.5))})
        == 'output["one"].best[2] is a float, expected None'
    )
    assert first({**reference, "one": (*one[:2], (3, False, None, 0.5))}).endswith("best[1] is False, expected True")
    assert first({**reference, "one": (*one[:2], (3, True, None, 0.6))}).startswith('output["one"].best[3] is 0.6, ')
    assert first({**reference, 7: [torch.tensor([1, 3])]}).startswith("output[7][0][1] is 3, expected 2")
    assert first({"one": one}) == "output[7] is missing"


def test_rows_in_another_order_are_said_to_be_that() -> None:
    batch = torch.randn(4, 10)
    for order in ([3, 2, 1, 0], [1, 2, 3, 0]):
        fault = compare(batch, batch[order] + 1e-6, TOLERANCE).faults[0]
        assert fault.kind == "order"
        assert fault.message.endswith(f"along its first axis it is the reference in the order {order}")
    assert compare(batch, batch + 1, TOLERANCE).faults[0].kind == "value"


def test_a_swap_of_ranks_needs_scores_that_the_error_can_reach() -> None:
    close = torch.tensor([[3.0, 3.0 - 1e-6, 1.0, 0.0, -1.0, -2.0]])
    rule = rule_of(close, close.double() + 1e-6)
    other = close[:, [1, 0, 2, 3, 4, 5]]
    labels, probabilities = top(other)
    ranked = rank(close, other, labels, probabilities, rule, NAMES)
    assert not ranked.faults
    assert [(swap.rank, swap.python, swap.cpp) for swap in ranked.rows[0].swaps] == [(1, "a", "b"), (2, "b", "a")]
    assert 0 < ranked.rows[0].swaps[0].margin < ranked.rows[0].swaps[0].allowed < 1e-4
    apart = torch.tensor([[3.0, 2.99, 1.0, 0.0, -1.0, -2.0]])
    faults_of = rank(apart, other, labels, probabilities, rule, NAMES).faults
    assert (
        "row 0, rank 1 is b, expected a: the reference's own scores are 0.01 apart, a swap needs"
        in faults_of[0].message
    )
    allowed = ranked.rows[0].swaps[0].allowed
    for factor, count in ((0.9, 0), (1.1, 2)):
        apart = torch.tensor([[3.0, 3.0 - factor * allowed, 1.0, 0.0, -1.0, -2.0]])
        assert len(rank(apart, other, labels, probabilities, rule, NAMES).faults) == count


def test_labels_must_rank_the_scores_that_they_came_from() -> None:
    """A margin that allows it is no licence for labels that no scores led to."""
    close = torch.tensor([[3.0, 3.0 - 1e-6, 1.0, 0.0, -1.0, -2.0]])
    labels, probabilities = top(close)
    swapped = [[labels[0][1], labels[0][0], *labels[0][2:]]]
    found = rank(close, close, swapped, probabilities, rule_of(close, close.double() + 1e-6), NAMES).faults
    assert "row 0, rank 1 is b, whose score in C++ is 3, expected the class with 3" in found[0].message


def test_runs_that_disagree_with_each_other_are_said_to() -> None:
    def ran(output: torch.Tensor) -> Judged:
        return Judged(made("C++ plain", expect(LOGITS), 0, compare(LOGITS, output, TOLERANCE).faults, []), output)

    told = with_repetitions([ran(LOGITS), ran(LOGITS + 1)], {})
    assert told[0].run.agrees
    assert told[1].run.faults[0].kind == "repetition"
    assert "its runs differ by up to 1, as with a dropout" in told[1].run.faults[0].message
    same = with_repetitions([ran(LOGITS + 1), ran(LOGITS + 1)], {})
    assert [one.run.faults[0].kind for one in same] == ["value", "value"]
