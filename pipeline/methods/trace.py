"""Tracing: one run is recorded. What the run did not show, the archive does not know."""

import warnings

import torch
from torch.jit._trace import TracerWarning

from pipeline.errors import ModelError
from pipeline.samples import Arguments


def export(module: torch.nn.Module, example: Arguments) -> torch.jit.ScriptModule:
    """Trace it on the example; a tracer's warning is an error, because it names what would be baked in."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", TracerWarning)
            # Our own check runs more inputs and batch sizes than torch's, on the archive as it was saved.
            traced: torch.jit.ScriptModule = torch.jit.trace(module, tuple(example), check_trace=False)
    except TracerWarning as warning:
        what = str(warning).partition(". ")[0]
        raise ModelError(
            f"it does not trace faithfully: {what}{_place(warning)}; change that, or script it"
        ) from warning
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise ModelError(f'it does not trace: {first}{_place(error)}; change that, or set method = "script"') from error
    return traced


def _place(error: BaseException) -> str:
    """The deepest line of the user's code, outside torch."""
    torch_folder = torch.__path__[0]
    place = ""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith((torch_folder, __file__, "<")):
            place = f" ({name}:{trace.tb_lineno})"
        trace = trace.tb_next
    return place
