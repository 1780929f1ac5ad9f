"""The forms in which a program is run, and the judgement on each."""

import contextlib
import copy
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from pipeline.forms import execution

from .cases import Case, cast, largest, leaves
from .program import Program, Tensors

Fuse = Callable[[Any], Any]
"""Makes the frozen module that is to be fused of a scripted one."""
Prepare = Callable[[Any], None]
"""Changes a frozen module in place before it is fused."""
ORDER = (0, 1, 0, 1, 0)
"""Which inputs each call gets. The first call observes, the second compiles, the others run what was compiled."""
OTHER = 2
"""The inputs of other extents, which are run in between by an executor of their own."""
UNSEEN = ", on other extents alone"
"""The end of a kind of failure that export does not see: its samples are right."""
CLOSE = 10.0
"""Up to so many times what is allowed may be the luck of the reference."""


@dataclasses.dataclass(frozen=True)
class Form:
    """How a program is run."""

    name: str
    traced: bool = False
    frozen: bool = True
    fused: bool = False
    channels_last: bool = False
    bfloat16: bool = False


FORMS = (
    Form("script", frozen=False),
    Form("frozen"),
    Form("frozen channels-last", channels_last=True),
    Form("fused", fused=True),
    Form("fused channels-last", fused=True, channels_last=True),
    Form("fused trace", traced=True, fused=True),
    Form("fused channels-last trace", traced=True, fused=True, channels_last=True),
    Form("frozen bfloat16", bfloat16=True),
    Form("fused bfloat16", fused=True, channels_last=True, bfloat16=True),
)


@dataclasses.dataclass(frozen=True)
class Failure:
    """What is wrong with a form of a program."""

    form: str
    kind: str
    detail: str

    def same(self, other: "Failure") -> bool:
        """Whether both are of one form and kind; of exceptions, also of one message."""
        alike = self.form == other.form and self.kind == other.kind
        return alike and (self.kind != "exception" or self.detail == other.detail)


class Call(NamedTuple):
    """One call of a form."""

    given: int
    """Which inputs it got."""
    outputs: Tensors
    kept: bool
    """Whether the inputs are as they were."""


def freeze(scripted: Any) -> Any:
    """The frozen module, as torch makes it by itself."""
    return torch.jit.freeze(scripted)


def mended(scripted: Any) -> Any:
    """The frozen module as ts-infer makes it, ready to be fused."""
    frozen = execution.freeze(scripted)
    execution.make_fusible(frozen.graph)
    return frozen


def run(
    program: Program, fuse: Fuse = freeze, prepare: Prepare | None = None, forms: Sequence[Form] = FORMS
) -> list[Failure]:
    """All that is wrong with a program, form by form.

    `prepare` is called with each frozen module before it is fused, and may change its graph.
    """
    with torch.no_grad():
        case = Case(program)
        found = [attempt(case, form, fuse, prepare) for form in forms]
    return [one for one in found if one is not None]


def attempt(case: Case, form: Form, fuse: Fuse = freeze, prepare: Prepare | None = None) -> Failure | None:
    """Run a program in one form, as often as it takes to be compiled, and judge every call."""
    if form.bfloat16 and case.dtype == torch.float64:
        return None
    try:
        with execution.fusion(on=form.fused):
            calls = _calls(case, form, fuse, prepare)
    except Exception as error:
        return Failure(form.name, "exception", said(error))
    for number, call in enumerate(calls):
        if case.keeps(call.given) and not call.kept:
            return Failure(form.name, "input changed", f"call {number}")
    return judge(case, form, calls)


def said(error: Exception) -> str:
    """The line of a message that says what is wrong, without its numbers."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = next((one for one in reversed(lines) if "Error: " in one), lines[0] if lines else "")
    return type(error).__name__ + ": " + "".join("#" if letter.isdigit() else letter for letter in line)[:200]


def _calls(case: Case, form: Form, fuse: Fuse, prepare: Prepare | None) -> list[Call]:
    if form.traced:
        scripted: Any = torch.jit.trace(
            copy.deepcopy(case.net), tuple(cast(case.given[0], case.dtype)), check_trace=False
        )
    else:
        scripted = copy.deepcopy(case.scripted)
    if form.bfloat16:
        scripted = lowered(scripted)
    if form.channels_last:
        execution.weights_channels_last(scripted)
    first = other = scripted
    if form.frozen:
        unfused = execution.freeze if fuse is mended else freeze
        frozen = fuse(scripted) if form.fused else unfused(scripted)
        if form.fused and prepare is not None:
            prepare(frozen)
        first, other = executor(frozen), executor(frozen)
    order = list(ORDER)
    if len(case.given) > OTHER and not form.traced:
        order = [one for index in ORDER for one in (index, OTHER)]
    given = [cast(one, torch.bfloat16) if form.bfloat16 else one for one in case.given]
    calls = []
    for index in order:
        mine = [one.clone() for one in given[index]]
        mine = [execution.channels_last(one) for one in mine] if form.channels_last else mine
        outputs = leaves((other if index == OTHER else first)(*mine))
        calls.append(Call(index, outputs, all(map(torch.equal, mine, given[index]))))
    return calls


def lowered(scripted: Any) -> Any:
    """The module in bfloat16: batch norms are folded while the weights are still float32."""
    with contextlib.suppress(RuntimeError):
        scripted = torch.jit._recursive.wrap_cpp_module(torch._C._jit_pass_fold_convbn(scripted._c))
    for tensor in [*scripted.parameters(), *scripted.buffers()]:
        if tensor.dtype == torch.float32:
            tensor.data = tensor.data.bfloat16()
    return scripted


def executor(frozen: Any) -> Callable[..., Any]:
    """An executor of its own for the frozen graph; the weights are shared."""
    graph = frozen.graph.copy()
    owner = next(iter(graph.inputs()))
    if owner.uses():  # it keeps state
        state: Callable[..., Any] = copy.deepcopy(frozen)
        return state
    graph.eraseInput(0)
    made: Callable[..., Any] = torch._C._create_function_from_graph("forward", graph)
    return made


def judge(case: Case, form: Form, calls: Sequence[Call]) -> Failure | None:
    """What is wrong with any of the calls."""
    reference = case.reference(bfloat16=form.bfloat16)
    limits = case.limits(reference, bfloat16=form.bfloat16)
    found: dict[bool, tuple[float, Failure]] = {}
    for number, call in enumerate(calls):
        true, mine = case.truth[call.given], reference[call.given]
        if len(call.outputs) != len(true):
            return Failure(form.name, "number of outputs", f"call {number}: {len(call.outputs)}")
        for place, got in enumerate(call.outputs):
            where = f"call {number}, output {place}"
            if got.shape != true[place].shape or got.dtype != mine[place].dtype:
                return Failure(form.name, "shape or dtype", f"{where}: {got.dtype} {tuple(got.shape)}")
            if not bool(torch.isfinite(got).all()):
                return Failure(form.name, "not finite", where)
            error, limit = largest(got.double() - true[place]), limits[call.given][place]
            is_other = call.given == OTHER
            most = found[is_other][0] if is_other in found else 1.0
            if error > most * limit and (form.bfloat16 or error > case.noise(call.given, place)):
                most = error / limit
                detail = f"{where}: {error:.2g} is {most:.3g} times what is allowed, of {largest(true[place]):.2g}"
                kind = ("wrong" if most > CLOSE else "close") + (UNSEEN if is_other else "")
                found[is_other] = (most, Failure(form.name, kind, detail))
    return max(found.values(), key=_severity)[1] if found else None


def _severity(found: tuple[float, Failure]) -> tuple[bool, bool]:
    """Wrong before close; then what export sees before what it does not, for a form that fails there is ruled out."""
    _, failure = found
    return failure.kind.startswith("wrong"), not failure.kind.endswith(UNSEEN)
