"""Scripting: the module's source is compiled, with its branches and loops."""

import inspect
import re
from collections.abc import Iterator, Sequence
from types import CodeType

import torch

from pipeline.errors import ModelError
from pipeline.model import offered
from pipeline.model.samples import Sample
from pipeline.operators import foreign

UNTYPED = "Unsupported value kind: Tensor"
"""What the compiler says of a None where it wants a tensor."""


def export(
    module: torch.nn.Module,
    example: Sample,  # noqa: ARG001
    others: Sequence[Sample] = (),
) -> torch.jit.ScriptModule:
    """Script it; of the examples, the names of their methods alone are needed."""
    kept = [*offered.by(module), *(other.method for other in others)]
    try:
        with offered.marked(module, kept):
            scripted: torch.jit.ScriptModule = torch.jit.script(module)
    except Exception as error:
        report = str(error)
        operator = foreign.absent(report)
        why = f"it calls {operator}, {foreign.remedy(operator)}" if operator else explain(report)
        if UNTYPED in report:
            why = next(_untyped(module), why)
        raise ModelError(f"it does not script: {why}") from error
    if any(map(_has_no_default, scripted.modules())):  # which scripts, and cannot be saved
        raise ModelError(f"it does not script: {next(_untyped(module), UNTYPED)}")
    return scripted


def _has_no_default(scripted: torch.nn.Module) -> bool:
    """Whether an argument has a default that is no tensor, where nothing says that it may be none."""
    schema = getattr(getattr(scripted, "forward", None), "schema", None)
    return schema is not None and any(
        one.has_default_value() and one.default_value is None and one.type.kind() == "TensorType"
        for one in schema.arguments
    )


def _untyped(module: torch.nn.Module) -> Iterator[str]:
    """Arguments that are None where nothing is given: the compiler takes for a tensor what has no type."""
    for inner in module.modules():
        forward = inspect.unwrap(type(inner).forward)
        code = getattr(forward, "__code__", None)
        if not isinstance(code, CodeType):
            continue
        for one in inspect.signature(forward).parameters.values():
            if one.default is None and one.annotation is one.empty:
                remedy = f"write {one.name}: Optional[Tensor] = None, with Optional and Tensor imported"
                yield f"{one.name}=None has no type; {remedy} ({code.co_filename}:{code.co_firstlineno})"


def explain(report: str) -> str:
    """The compiler's report in a line: what it refused, in which construct, and where in the user's code."""
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    what = next((line.rstrip(":. ") for line in lines if not line.startswith("File ")), "the compiler gave no reason")
    place = re.search(r'File "([^"]+)", line (\d+)\n(?:.*\n)*?(.*)\n\s*~', report)
    if place is None:
        return what
    return f"{what}, in `{place.group(3).strip()}` ({place.group(1)}:{place.group(2)})"
