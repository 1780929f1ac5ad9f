"""Scripting: the module's source is compiled, with its branches and loops."""

import re

import torch

from pipeline.errors import ModelError
from pipeline.model.samples import Sample
from pipeline.operators import foreign


def export(module: torch.nn.Module, example: Sample) -> torch.jit.ScriptModule:  # noqa: ARG001
    """Script it; the example is not needed."""
    try:
        scripted: torch.jit.ScriptModule = torch.jit.script(module)
    except Exception as error:
        report = str(error)
        operator = foreign.absent(report)
        why = f"it calls {operator}, {foreign.remedy(operator)}" if operator else explain(report)
        raise ModelError(f"it does not script: {why}") from error
    return scripted


def explain(report: str) -> str:
    """The compiler's report in a line: what it refused, in which construct, and where in the user's code."""
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    what = next((line.rstrip(":. ") for line in lines if not line.startswith("File ")), "the compiler gave no reason")
    place = re.search(r'File "([^"]+)", line (\d+)\n(?:.*\n)*?(.*)\n\s*~', report)
    if place is None:
        return what
    return f"{what}, in `{place.group(3).strip()}` ({place.group(1)}:{place.group(2)})"
