"""The forms in which ts-infer runs an archive: each is right, the most optimised of these is chosen, and obeyed."""

import io
import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pipeline.entry import Form, Tolerance
from pipeline.forms import ladder, slowness
from pipeline.forms.execution import Executed, freeze, fusion, make_fusible
from pipeline.judging import structure
from pipeline.judging.findings import Decision
from pipeline.judging.rules import Stated
from pipeline.model import archive
from pipeline.model.samples import Sample
from pipeline.records import Metadata, Provenance
from pipeline.reference.golden import Expected, read_answers
from tests.data import fused
from tests.support.project import Project

from .test_inputs import PICTURE, SEEDED, compare, refused
from .test_optimised import ScalarOfTheInput

SHAPES = [(1, 3, 16, 16), (3, 3, 16, 16)]
RULE = Stated(Tolerance(atol=2e-5, rtol=2e-5))
CALLS = 4


def inputs() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


def close(found: Any, expected: Any) -> bool:
    pairs = zip(structure.tensors(found), structure.tensors(expected), strict=True)
    return all(one.dtype == other.dtype and torch.allclose(one, other, 1e-5, 2e-5) for one, other in pairs)


def exported(model: type[fused.Base]) -> torch.jit.ScriptModule:
    """The model in TorchScript, as it is after it was saved and loaded."""
    file = io.BytesIO()
    module = model().eval()
    made = torch.jit.trace(module, inputs()[0], check_trace=False) if model.traced else torch.jit.script(module)
    torch.jit.save(made, file)
    loaded: torch.jit.ScriptModule = torch.jit.load(io.BytesIO(file.getvalue()))
    return loaded


def is_right(model: type[fused.Base], *, mended: bool) -> bool:
    """Whether the fused form agrees with eager PyTorch in each of several calls."""
    eager = model().eval()
    with torch.inference_mode():
        for x in inputs():
            frozen = freeze(exported(model)) if mended else torch.jit.freeze(exported(model))
            if mended:
                make_fusible(frozen.graph)
            for _ in range(CALLS):
                with fusion(on=True):
                    found = frozen(x.clone())
                if not close(found, eager(x)):
                    return False
    return True


@pytest.mark.parametrize("model", fused.MODELS)
def test_fused_in_python(model: type[fused.Base]) -> None:
    assert is_right(model, mended=True)


@pytest.mark.parametrize("model", fused.MODELS)
def test_fused_in_cpp(model: type[fused.Base], project: Project, tmp_path: Path) -> None:
    """It stays fused as well: it does not fail, and go on as it is."""
    words: list[str | Path] = ["--inputs", tmp_path / "inputs.pt", "--outputs", tmp_path / "outputs.pt"]
    exported(model).save(str(tmp_path / "model.pt"))
    torch.save({"samples": [[x] for x in inputs()]}, tmp_path / "inputs.pt")
    order = [0, 1] * CALLS
    for form in ("fused", "frozen", "plain"):
        finished = project.infer(tmp_path / "model.pt", *words, "--order", ",".join(map(str, order)), "--form", form)
        assert finished.code == 0, finished.output
        assert "as it is" not in finished.output, finished.output
        with torch.inference_mode():
            expected = [model().eval()(x) for x in inputs()]
        found = read_answers(tmp_path / "outputs.pt").outputs
        assert all(close(output, expected[sample]) for output, sample in zip(found, order, strict=True)), form


NOT_WRONG_IN_SCRIPT = {
    *(fused.AddedInPlace, fused.Dense, fused.EveryOther, fused.KeptByAnOutput, fused.KeptByBranches),
    fused.SizesOfWhatIsListed,
    fused.AttendsToPixels,
    fused.AttendsWithPositions,
    fused.AttendsFromOneToken,
    fused.AddsToPixels,
    fused.PooledRows,
    fused.ReadTwice,
    fused.AddedToItsConvolutions,
}
"""What ends the process without mending, or is wrong in other cases only: in a larger graph, in channels-last, or in a
new process, before oneDNN has cached a right kernel. The fuser may change how it divides a graph, so the models stay in
the list."""


@pytest.mark.since(2, 13, "the models are those that torch 2.13 gets wrong, and 2.10 gets some of them right")
@pytest.mark.parametrize("model", [model for model in fused.MODELS if model not in NOT_WRONG_IN_SCRIPT])
def test_the_fuser_needs_the_mending(model: type[fused.Base]) -> None:
    """Without it each is wrong or fails. If this test fails with a new torch, that has mended it itself."""
    try:
        assert not is_right(model, mended=False)
    except RuntimeError as error:
        assert str(error)  # noqa: PT017 - either will do


def saved(model: type[fused.Base], path: Path) -> list[ladder.Pair]:
    """Write an archive; returns the samples, with what eager PyTorch makes of them."""
    weights = Provenance(source="seeded", sha256="")
    metadata = Metadata(
        model="m", builder="b", method="script", weights=weights, inputs=[], categories=[], torch=str(torch.__version__)
    )
    archive.save(exported(model), metadata, path)
    eager = model().eval()
    with torch.inference_mode():
        outputs = [structure.plain(eager(x.clone())) for x in inputs()]
    samples = [Sample(f"sample {number}", [x]) for number, x in enumerate(inputs())]
    return [(sample, Expected(sample.name, out, out, None)) for sample, out in zip(samples, outputs, strict=True)]


class Wide(fused.Base):
    """A tensor without dimensions, on which oneDNN Graph gives up."""

    def forward(self, x: Tensor) -> Tensor:
        return self.row(x) + (x.mean() * 2 + 1)


class OfAConstant(fused.Base):
    """A group of constants alone, on which oneDNN Graph crashes."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.zeros(1, 16, 6, 6))

    def forward(self, x: Tensor) -> Tensor:
        tokens: Tensor = self.one(self.conv(self.embedding)).flatten(2).transpose(1, 2)
        return tokens.add_(x.mean((0, 1, 2)))


@pytest.mark.parametrize(
    ("model", "form"),
    [
        (fused.KeptResidual, "fused"),
        (fused.AttendsToPixels, "fused"),
        (fused.AttendsWithPositions, "fused"),
        (Wide, "frozen"),
        (OfAConstant, "frozen"),
    ],
)
def test_the_most_optimised_that_is_right(model: type[fused.Base], form: Form, tmp_path: Path) -> None:
    pairs = saved(model, tmp_path / "m.pt")
    chosen = ladder.choose(tmp_path / "m.pt", "auto", [], pairs, RULE, {})
    assert chosen.form == form
    assert ("fused is ruled out" in chosen.why) == (form != "fused")


def test_what_crashes_is_ruled_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = saved(fused.KeptResidual, tmp_path / "m.pt")

    def crash(self: Executed, sample: Sample) -> Any:  # noqa: ARG001
        os.kill(os.getpid(), signal.SIGSEGV)

    monkeypatch.setattr(Executed, "run", crash)
    chosen = ladder.choose(tmp_path / "m.pt", "auto", [], pairs, RULE, {})
    assert chosen == ("plain", "frozen is ruled out: its process was killed by SIGSEGV")


def test_what_never_ends_is_ruled_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = saved(fused.KeptResidual, tmp_path / "m.pt")

    def prepare(self: Executed, sample: Sample) -> Any:  # noqa: ARG001
        while True:
            pass

    monkeypatch.setattr(slowness, "PREPARATION", 0.5)
    monkeypatch.setattr(Executed, "run", prepare)
    chosen = ladder.choose(tmp_path / "m.pt", "auto", [], pairs, RULE, {})
    assert chosen == ("plain", "frozen is ruled out: it takes minutes, far longer than plain, and was stopped")


def test_what_is_slow_is_ruled_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = saved(fused.KeptResidual, tmp_path / "m.pt")
    right = Executed.run

    def slow(self: Executed, sample: Sample) -> Any:
        for output in right(self, sample):
            time.sleep(0.1)
            yield output

    monkeypatch.setattr(Executed, "run", slow)
    chosen = ladder.choose(tmp_path / "m.pt", "auto", [], pairs, RULE, {})
    assert chosen.form == "plain"
    assert re.fullmatch(r"frozen is ruled out: it takes [0-9.]+ times as long as plain", chosen.why)


def test_wrong_in_every_form_but_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = saved(fused.KeptResidual, tmp_path / "m.pt")
    right = Executed.run

    def wrong(self: Executed, sample: Sample) -> Any:
        for number, output in enumerate(right(self, sample)):
            yield output + (number == 2)  # from the third call on

    monkeypatch.setattr(Executed, "run", wrong)
    chosen = ladder.choose(tmp_path / "m.pt", "auto", [], pairs, RULE, {})
    assert chosen.form == "plain"
    assert "frozen is ruled out: on 'sample 0'" in chosen.why


def test_a_model_that_decides_runs_plain(tmp_path: Path) -> None:
    decision = Decision("aten::gt", "close.py:24", 3e-8)
    chosen = ladder.choose(tmp_path / "none.pt", "auto", [decision], [], RULE, {})
    assert chosen == ("plain", "rounding could flip its decision at gt (close.py:24)")


def form_of(project: Project, path: Path) -> Any:
    return json.loads(project.infer(path, "--info", "--json").output)["form"]


def test_the_archive_says_its_form(project: Project) -> None:
    finished, record = compare(project, 'builder = "nets:Net"', SEEDED, PICTURE)
    assert "ts-infer runs it fused: the most optimised form that agrees with eager PyTorch" in finished.output
    assert record.form == "fused"
    assert form_of(project, project.path("artifacts/tried/tried_exported.pt")) == "fused"


def test_an_entry_asks_for_a_form(project: Project) -> None:
    _, record = compare(project, 'builder = "nets:Net"', SEEDED, PICTURE, 'form = "plain"')
    assert (record.form, record.form_reason) == ("plain", "the entry asks for it")
    assert form_of(project, project.path("artifacts/tried/tried_exported.pt")) == "plain"


def test_a_form_that_does_not_agree_is_refused(project: Project) -> None:
    line = refused(project, 'builder = "nets:ScalarAdded"', PICTURE, 'form = "fused"', method="script")
    assert 'form = "fused" does not agree with eager PyTorch' in line
    assert 'set form = "auto"' in line


def test_a_file_from_elsewhere_runs_plain(project: Project, tmp_path: Path) -> None:
    """Its extra files are not ours, though torch would take them for ours by their names."""
    theirs = {"NOTICE.txt": "a licence", "Form.txt": "round"}
    torch.jit.script(ScalarOfTheInput().eval()).save(str(tmp_path / "model.pt"), _extra_files=theirs)
    finished = project.infer(tmp_path / "model.pt")
    assert finished.code == 0, finished.output
    assert "a licence" not in finished.output
    assert "model.pt does not say in which form it was verified, so it runs plain" in finished.output
    assert "--form fused" in finished.output
    assert form_of(project, tmp_path / "model.pt") is None


def test_rows_that_are_kept_by_their_score(project: Project) -> None:
    """The form that decides as Python does; the verdict says how narrowly, and a decision that flips turns it red."""
    inputs = 'inputs = [{ shape = ["batch", 3, 32, 32] }]'
    _, record = compare(project, 'builder = "nets:Kept"', SEEDED, inputs)
    assert record.form == "plain"
    assert [decision.operator for decision in record.decisions] == ["aten::gt"]
    assert "; it DECIDES by aten::gt (nets.py:" in record.summary


@pytest.mark.slow
def test_the_self_test_of_a_model_that_decides(project: Project) -> None:
    compare(project, 'builder = "nets:Kept"', SEEDED, 'inputs = [{ shape = ["batch", 3, 32, 32] }]')
    faults = project.step("selftest", "tried")
    assert faults.code == 0, faults.output
    assert "red: a decision that flips" in faults.output
    assert "red: a wrong fused kernel" in faults.output
