"""Tracing: one run is recorded. What the run did not show, the archive does not know."""

import inspect
import warnings

import torch
from torch.jit._trace import TracerWarning

from pipeline.errors import ModelError
from pipeline.model.samples import Arguments


def export(module: torch.nn.Module, example: Arguments) -> torch.jit.ScriptModule:
    """Trace it on the example; a tracer's warning is an error, because it names what would be baked in."""
    # Recorded and judged afterwards: some warnings come from inside libtorch, which cannot raise them.
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            # Our own check runs more inputs and batch sizes than torch's, on the archive as it was saved.
            traced: torch.jit.ScriptModule = torch.jit.trace(module, tuple(example), check_trace=False)
        except Exception as error:
            raise ModelError(
                f"it does not trace: {_explain(str(error))} ({_place(error, module)}); "
                'change that, or set method = "script"'
            ) from error
    for warning in told:
        if issubclass(warning.category, TracerWarning):
            what = str(warning.message).partition(". ")[0]
            place = f"{warning.filename}:{warning.lineno}"
            raise ModelError(f'it does not trace faithfully: {what} ({place}); change that, or set method = "script"')
    return traced


def _explain(report: str) -> str:
    """The tracer's report in a line; what it says of a value comes after the value itself, which may be long."""
    value, _, reason = report.strip().partition("\n:")
    return f"forward returns what it cannot: {reason}" if reason else value.partition("\n")[0]


def _place(error: BaseException, module: torch.nn.Module) -> str:
    """The deepest line of the user's code, outside torch; where there is none, the model's `forward`."""
    torch_folder = torch.__path__[0]
    code = getattr(inspect.unwrap(type(module).forward), "__code__", None)
    place = f"{code.co_filename}:{code.co_firstlineno}" if code else type(module).__qualname__
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith((torch_folder, __file__, "<")):
            place = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
