"""The comparison as a whole: every side on the same inputs, and the verdict on all of them."""

import tempfile
from pathlib import Path

from pipeline.parity import binding
from pipeline.parity.asking import Asking
from pipeline.parity.case import Case
from pipeline.parity.examination import Examination
from pipeline.parity.record import Comparison
from pipeline.reference import golden


def examine(case: Case, *, to_the_end: bool = True) -> Comparison:
    """Compare; a Disagreement, or another error, where that cannot be done.

    Where a side does not agree, what lies behind it is looked at as well, unless only the verdict is wanted.
    """
    reference = golden.read_reference(case.reference)
    binding.check_reference(case.archive, case.inputs, reference)
    binding.check_executable(case.program)
    with tempfile.TemporaryDirectory() as folder, Asking(case) as asking:
        examination = Examination(case, reference, asking, to_the_end=to_the_end)
        examination.begin(Path(folder))
        examination.weights()
        examination.extra_files()
        examination.samples_in_python()
        examination.samples_in_cpp()
        if case.model.bfloat16:
            examination.samples_in_bfloat16()
        examination.pictures()
        return examination.record()
