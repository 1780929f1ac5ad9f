"""One comparison, side by side: what is asked of each, and what is found out."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from pipeline import hashes
from pipeline.errors import Disagreement, ModelError
from pipeline.judging import measured
from pipeline.judging.findings import Fault, Kind, Side
from pipeline.judging.measured import BFLOAT16_FACTOR, Measured
from pipeline.judging.rules import Rule, Stated
from pipeline.model import digests, extras
from pipeline.model.samples import Sample
from pipeline.parity import asked, attribution, stages, verdict
from pipeline.parity.asking import Asking
from pipeline.parity.case import Case
from pipeline.parity.record import Comparison
from pipeline.parity.verdict import Judged, Standard
from pipeline.reference import golden
from pipeline.reference.archived import Archived
from pipeline.reference.golden import Expected, Reference

AGAIN = 3
"""How often an archive that does not agree is run in Python, to tell a wrong one from one that is random."""

_SIDES: dict[Side, list[str]] = {"C++ plain": ["--plain"], "C++ optimised": []}
"""By which options samples run on each: as libtorch does by itself, and in the archive's form."""


class Examination:
    """What is found out, step by step; `record` tells all of it."""

    def __init__(self, case: Case, reference: Reference, asking: Asking, *, to_the_end: bool) -> None:
        self.case = case
        self.asking = asking
        self.to_the_end = to_the_end
        self.reference = reference
        self.asked = asked.of_each_method(case.inputs, reference)
        self.archived = Archived(case.archive)
        self.rule = reference.rule(case.model.tolerance)
        self.rules: dict[Side, Rule] = dict.fromkeys(attribution.EDGES, self.rule)
        verdict.check_notice(reference.every, self._standard(self.rule))
        self.judged: list[Judged] = []
        self.faults: dict[Side, list[Fault]] = {}
        """Of a side as a whole."""
        self.weights_equal = 0
        self.left_out = ""
        self.kept: stages.Kept | None = None

    def begin(self, folder: Path) -> None:
        """Have ts-infer begin what it is asked in any case, in the order in which that is judged."""
        for options in _SIDES.values():
            for one in self.asked:
                self.asking.begin([*one.words(self.case.inputs), *options])
        if self.reference.pictures:
            self.asking.begin_codecs()
            self.kept = stages.Kept.unpack(golden.read_pictures(self.case.inputs), self.reference, folder)
            for way in self.kept.ways:
                self.asking.begin(self.kept.words(way))

    def weights(self) -> None:
        """Hold the archive's weights against eager PyTorch's, bit for bit: what rounding hides shows there."""
        found = digests.of(self.archived.module)
        named = [name for name in self.reference.weights if name in found]
        differ = [name for name in named if found[name] != self.reference.weights[name]]
        self.weights_equal = len(named) - len(differ)
        if self.reference.weights and not named:
            message = f"none of eager PyTorch's {len(self.reference.weights)} weights has its name in the archive"
            self._fault(verdict.PYTHON, "weights", message)
        if differ:
            first = ", ".join(differ[:3]) + (", …" if differ[3:] else "")
            count = f"{len(differ)} of {len(named)} weights"
            message = f"{count} in the archive are not eager PyTorch's, to the bit: {first}"
            self._fault(verdict.PYTHON, "weights", message)

    def extra_files(self) -> None:
        """Hold the archive's extra files against those that came with the model."""
        for message in extras.differences(self.reference.extra_files, self.case.archive):
            self._fault(verdict.PYTHON, "extra", message)

    def samples_in_python(self) -> None:
        """Run the archive without C++."""
        for one in self.asked:
            for index, sample in enumerate(one.samples):
                self._in_python(index, sample, one.expected[index])

    def _in_python(self, index: int, sample: Sample, expected: Expected) -> None:
        for _ in range(AGAIN):
            output = self.archived.run(sample)
            judged = verdict.judge_output(expected, output, index, verdict.PYTHON, self._standard(self.rule))
            self.judged.append(judged)
            if judged.run.agrees:
                break

    def samples_in_cpp(self) -> None:
        """Run it in C++, as libtorch does by itself, and optimised."""
        for side, options in _SIDES.items():
            self._in_cpp(side, *options)

    def samples_in_bfloat16(self) -> None:
        """Run it in C++ in bfloat16; what is measured for that is the archive's error in Python in bfloat16."""
        try:
            self.rules[verdict.BFLOAT16] = self._rule_of_bfloat16()
            every = [entry for one in self.asked for entry in one.expected]
            verdict.check_notice(every, self._standard(self.rules[verdict.BFLOAT16]))
        except (ModelError, Disagreement) as fault:
            self._fault(verdict.BFLOAT16, "failure", f"in bfloat16: {fault}")
            return
        self._in_cpp(verdict.BFLOAT16, "--precision", "bfloat16")

    def _rule_of_bfloat16(self) -> Rule:
        stated = self.case.model.bfloat16
        if not isinstance(stated, bool):
            return Stated(stated)
        if self.reference.no_truth:
            raise ModelError(f"{self.reference.no_truth}; give bfloat16 = {{ atol = …, rtol = … }} in the entry")
        archived = Archived(self.case.archive, torch.bfloat16)
        outputs = [archived.run(sample) for one in self.asked for sample in one.samples]
        every = [entry for one in self.asked for entry in one.expected]
        truths, roots = [entry.truth for entry in every], [entry.root for entry in every]
        return measured.of(outputs, outputs, truths, self.reference.names, BFLOAT16_FACTOR, roots)

    def _in_cpp(self, side: Side, *options: str) -> None:
        standard = self._standard(self.rules[side])

        def judge(one: asked.Asked) -> list[Judged]:
            answers = self.asking.answers([*one.words(self.case.inputs), *options])
            return verdict.judge(one.expected, answers, one.order, side, standard)

        for one in self.asked:
            self._attempt(side, partial(judge, one))

    def pictures(self) -> None:
        """Run what people run: files in, labels out; without codecs it is said that this was left out."""
        if self.kept is None or self._is_over():
            return
        self.left_out = stages.left_out(self.case.model, self.asking.codecs())
        if self.left_out:
            return
        standard = self._standard(self.rule)
        self.judged += self.kept.in_python(self.archived, standard)
        for way in self.kept.ways:
            self._attempt(way.side, partial(self.kept.in_cpp, way, self.asking.answers, standard))

    def _attempt(self, side: Side, judge: Callable[[], list[Judged]]) -> None:
        """Where ts-infer fails, or its answers are none, that is its side's fault, and no more is asked of it."""
        if self._is_over():
            return
        try:
            self.judged += judge()
        except Disagreement as fault:
            self._fault(side, "failure", str(fault))

    def _fault(self, side: Side, kind: Kind, message: str) -> None:
        self.faults.setdefault(side, []).append(Fault(kind=kind, message=message))

    def _is_over(self) -> bool:
        """Whether a side has failed; and where only the verdict is wanted, whether one does not agree."""
        failed = (fault for side, faults in self.faults.items() if side != verdict.BFLOAT16 for fault in faults)
        if any(fault.kind == "failure" for fault in failed):
            return True
        return not self.to_the_end and bool(self.faults or not all(one.run.agrees for one in self.judged))

    def record(self) -> Comparison:
        """All of it, without what the console makes of it."""
        judged = verdict.with_repetitions(self.judged, self.reference.names)
        found = attribution.stations(self.reference, judged, self.faults, self.rules)
        runs = [one.run for one in judged]
        in_float32 = [run for run in runs if run.side in ("C++ plain", "C++ optimised")]
        blamed = attribution.blame(found)
        return Comparison(
            model=self.case.name,
            verdict="disagree" if blamed else "agree",
            blame=blamed,
            summary="",
            weights=self.archived.metadata.weights,
            rule="stated" if isinstance(self.rule, Stated) else "measured",
            note=self._note(),
            smallest=attribution.smallest([] if {*self.faults} - {verdict.BFLOAT16} else in_float32, self.rule),
            threads=attribution.threads(self.reference),
            torch=str(torch.__version__),
            archive_sha256=hashes.sha256(self.case.archive),
            inputs_sha256=hashes.sha256(self.case.inputs),
            executable_sha256=hashes.sha256(self.case.program),
            weights_known=len(self.reference.weights),
            weights_equal=self.weights_equal,
            order=[*self.asked[0].order],
            command=[str(word) for word in self.asking.command(self.asked[0].words(self.case.inputs))],
            form=self.archived.metadata.form,
            form_reason=self.archived.metadata.form_reason,
            decisions=[*self.reference.decisions],
            left_out=self.left_out,
            not_compared=self.archived.metadata.not_compared,
            attribution=found,
            runs=runs,
        )

    def _note(self) -> str:
        """What to know of the rule."""
        if isinstance(self.rule, Measured):
            every = self.reference.every
            truths, roots = [entry.truth for entry in every], [entry.root for entry in every]
            return self.rule.wide(truths, self.reference.names, roots)
        return self.reference.no_truth if self.case.model.tolerance is None else ""

    def _standard(self, rule: Rule) -> Standard:
        return Standard(rule, self.reference.names, self.archived.metadata.categories)
