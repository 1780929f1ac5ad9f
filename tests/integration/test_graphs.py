"""Random graphs in every form, and that the harness sees what is wrong."""

import functools
import multiprocessing.forkserver
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch

from tests.graphs.cases import Case
from tests.graphs.causes import operators
from tests.graphs.forms import FORMS, Failure, Form, Fuse, attempt, freeze, mended, run
from tests.graphs.generator import KINDS, generate
from tests.graphs.known import KNOWN, Known
from tests.graphs.minimise import minimise
from tests.graphs.program import Input, Node, Program
from tests.graphs.worker import Worker

KEPT_OUT = {
    *("a tensor without dimensions", "concatenation in float64", "convolution without a batch"),
    *("one channel between convolutions", "pooling without a batch", "the rank of a convolution without a batch"),
    "concatenations in one although an operand changes between them",
}
"""What is not mended: the form is then kept out by export, which sees that it fails or is wrong."""


@pytest.fixture(scope="module", autouse=True)
def _workers_are_forked() -> None:
    """Start the process that workers are forked from, which is no single test's to end."""
    multiprocessing.forkserver.ensure_running()


@functools.cache
def sample() -> list[Program]:
    """Without unbatched convolutions, of which plain TorchScript takes the rank to be another."""
    return [generate(seed, avoid="unbatched", kind=kind) for kind in KINDS for seed in range(40)]


UNFUSED = tuple(form for form in FORMS if not form.fused and not form.bfloat16)
FUSED = tuple(form for form in FORMS if form.name in ("fused", "fused channels-last"))

LINEAR = Program(
    seed=0,
    inputs=(Input("x", (2, 8)),),
    nodes=(Node(("a",), "torch.tanh({m}({0}))", ("x",), "nn.Linear(8, 8)"),),
    outputs=("a",),
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def failures(worker: Worker, forms: Sequence[Form]) -> list[tuple[Program, Failure]]:
    """What is wrong with the sample."""
    found = [(program, failure) for program in sample() for failure in worker.run(program, forms) or ()]
    return [(program, failure) for program, failure in found if not failure.kind.startswith("close")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_always_gives_the_same_program(kind: str) -> None:
    assert generate(7, kind=kind) == generate(7, kind=kind)
    assert len({generate(seed, kind=kind).source() for seed in range(10)}) == 10


def test_graphs_are_right_as_script_and_frozen() -> None:
    with Worker() as worker:
        assert failures(worker, UNFUSED) == []


def test_graphs_are_right_fused() -> None:
    """What fails in plain sight is no wrong number: export then keeps the form out, as it does for float64."""
    with Worker(mended) as worker:
        found = failures(worker, FUSED)
    assert [one for one in found if one[1].kind != "exception" and one[0].dtype != "float64"] == []


def scaled(scripted: Any) -> Any:
    """The frozen module, after one of the weights was changed a little."""
    next(iter(scripted.parameters())).mul_(1.001)
    return freeze(scripted)


def halved(scripted: Any) -> Any:
    """A module whose graph cannot be run."""
    raise RuntimeError(f"no such operator in {type(scripted).__name__}")


def test_a_weight_that_was_changed_is_found() -> None:
    found = run(LINEAR, fuse=scaled, forms=FUSED[:1])
    assert [one.kind for one in found or ()] == ["wrong"]


def test_what_raises_in_one_form_is_found() -> None:
    (found,) = run(LINEAR, fuse=halved, forms=FUSED[:1])
    assert found.kind == "exception"
    assert "no such operator" in found.detail


def tried(known: Known, fuse: Fuse = freeze) -> list[Failure] | None:
    """What is wrong with the program; in a process of its own, since it may crash, and oneDNN keeps its kernels."""
    with Worker(fuse) as worker:
        return worker.run(known.program, [form for form in FORMS if form.name == known.form])


@pytest.mark.since(2, 13, "the list is of torch 2.13, and 2.10 gets some of it right")
@pytest.mark.parametrize("about", KNOWN)
def test_a_known_fault_is_found(about: str) -> None:
    """Where this fails, torch gets it right now: it is to be taken from the list."""
    known = KNOWN[about]
    found = tried(known)
    kinds = ["wrong" if one.kind == "not finite" else one.kind for one in found or ()]
    assert kinds == [known.kind], f"torch {torch.__version__}: {found}"


@pytest.mark.parametrize("about", [about for about in KNOWN if about not in KEPT_OUT])
def test_a_known_fault_is_mended(about: str) -> None:
    assert not tried(KNOWN[about], mended)


def crash(frozen: Any) -> None:  # noqa: ARG001
    """End the process as a fault of memory would."""
    import os
    import signal

    os.kill(os.getpid(), signal.SIGSEGV)


def test_a_crash_is_a_failure_and_the_search_goes_on() -> None:
    with Worker(prepare=crash) as worker:
        found = worker.run(LINEAR, FUSED)
        after = worker.run(LINEAR, UNFUSED)
    assert found is not None
    assert [(one.form, one.kind) for one in found] == [(form.name, "crash") for form in FUSED]
    assert after == []


def test_a_failure_is_shrunk_to_what_it_needs() -> None:
    def fails(smaller: Program) -> bool:
        try:
            return "interpolate" in smaller.source() and Case(smaller) is not None
        except Exception:
            return False

    program = next(one for one in map(generate, range(200)) if "interpolate" in one.source() and len(one.nodes) > 6)
    with torch.no_grad():
        smallest = minimise(program, fails, trials=80)
    assert len(smallest.nodes) <= 2
    assert "interpolate" in operators(smallest)


def test_an_input_that_was_changed_is_found() -> None:
    def changed(scripted: Any) -> Any:
        def frozen(x: torch.Tensor) -> Any:
            output = scripted(x)
            x.add_(1)
            return output

        return frozen

    with torch.no_grad():
        found = attempt(Case(LINEAR), FUSED[0], changed)
    assert found is not None
    assert found.kind in ("exception", "input changed")
