"""Tracing: one run is recorded. What the run did not show, the archive does not know."""

import inspect
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch.jit._trace import TracerWarning

from pipeline import console
from pipeline.entry import FORWARD
from pipeline.errors import ModelError
from pipeline.methods import decisions
from pipeline.model import offered, places
from pipeline.model.samples import Sample

ON_SIZES = (
    "Converting a tensor to a Python",  # noted one by one
    "Iterating over a tensor",
    "Using len to get tensor shape",
    "torch.tensor results are registered as constants",
    "torch.as_tensor results are registered as constants",
)
"""How the tracer's warnings begin that are about sizes, if no decision on data has led to them."""

NO_TENSOR = "of traced region cannot be understood by the tracer"
"""What the tracer says of an output, after all of its values."""


def export(module: torch.nn.Module, example: Sample, others: Sequence[Sample] = ()) -> torch.jit.ScriptModule:
    """Trace it on the example; what would be baked in of the data is an error, what of the sizes is said in a line.

    Whether a trace holds for other sizes shows when the archive is run on them. PyTorch compiles the methods beside
    `forward`; where it cannot, those that have an example are traced on that, and the rest is left out.
    """
    kept = dict.fromkeys([*offered.by(module), *(other.method for other in others)])
    if not kept:
        return _export(module, [example])
    try:
        with offered.marked(module, kept):
            return _export(module, [example])
    except ModelError:
        with offered.marked(module, ()):
            traced = _export(module, [example, *{other.method: other for other in others}.values()])
    console.say(f"{', '.join(kept)}: not all of it compiles, so that it is traced where the entry's methods name it")
    return traced


def _export(module: torch.nn.Module, examples: Sequence[Sample]) -> torch.jit.ScriptModule:
    """Trace a method on each example, the first of `forward`."""
    # Recorded and judged afterwards: some warnings come from inside libtorch, which cannot raise them.
    # Without gradients, as the reference is made and the archive is used: a model may ask whether there are any.
    with warnings.catch_warnings(record=True) as told, decisions.noted() as made, torch.no_grad():
        warnings.simplefilter("always")
        try:
            traced = _trace(module, examples)
        except Exception as error:
            raise ModelError(f"it does not trace: {_explain(str(error))} ({_place(error, module)})") from error
    if made.on_data:
        raise ModelError(f"it does not trace faithfully: what it does next depends on the data ({made.on_data[0]})")
    for warning in told:
        if issubclass(warning.category, TracerWarning) and not str(warning.message).startswith(ON_SIZES):
            what = str(warning.message).partition(". ")[0]
            raise ModelError(f"it does not trace faithfully: {what} ({warning.filename}:{warning.lineno})")
    if made.on_sizes:
        more = f" and {len(made.on_sizes) - 1} more places" if len(made.on_sizes) > 1 else ""
        console.say(f"the trace keeps what it decided on the sizes of '{examples[0].name}' ({made.on_sizes[0]}{more})")
    return traced


def _trace(module: torch.nn.Module, examples: Sequence[Sample]) -> torch.jit.ScriptModule:
    # Our own check runs more inputs and sizes than torch's, on the archive as it was saved: also for what `strict`
    # minds, an output whose structure the inputs might change.
    if isinstance(module, torch.jit.ScriptModule):  # there is nothing to trace
        return module
    inputs = {example.method: _given(module, example) for example in examples}
    traced: torch.jit.ScriptModule = torch.jit.trace_module(
        module, inputs, check_trace=False, strict=False, example_inputs_is_kwarg=True
    )
    return traced


def _given(module: torch.nn.Module, example: Sample) -> Any:
    """The example's arguments as the tracer wants them: all by name where any has one."""

    def take(*arguments: Any, **named: Any) -> Any:
        if not named:
            return arguments
        return inspect.signature(getattr(module, example.method)).bind(*arguments, **named).arguments

    return example._replace(method=FORWARD).passed_to(take)


def _explain(report: str) -> str:
    """The tracer's report in a line; what it says of a value comes after the value itself, which may be long."""
    if "is not in forward() method's arguments" in report:
        return "no trace takes an argument by keyword alone; remove the * before it in forward"
    if NO_TENSOR in report:
        return "forward returns what no trace can, such as a number or None; have it return tensors in plain containers"
    value, _, reason = report.strip().partition("\n:")
    return f"forward returns what it cannot: {reason}" if reason else value.partition("\n")[0]


def _place(error: BaseException, module: torch.nn.Module) -> str:
    """The line of the model's code that it came from; where there is none, the model's `forward`."""
    code = getattr(inspect.unwrap(type(module).forward), "__code__", None)
    forward = f"{code.co_filename}:{code.co_firstlineno}" if code else type(module).__qualname__
    return places.of_error(error) or forward
