"""The way of a picture, stage by stage: decoded pixels, preprocessed, logits, top-5."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch

from pipeline import layout
from pipeline.config import Model, Tolerance
from pipeline.errors import Disagreement
from pipeline.model import pictures
from pipeline.model.samples import Picture
from pipeline.parity import comparison, executable, verdict
from pipeline.parity.golden import Answers, Reference
from pipeline.records import Difference, Row, SampleRecord


def left_out(reference: Reference, model: Model) -> str:
    """Why pictures cannot be compared here, and what to do; empty where they can, or there are none.

    Where the entry names pictures of its own, to leave them out is a Disagreement.
    """
    if not reference.pictures:
        return ""
    codecs = executable.codecs()
    missing = [package for kind, package in (("JPEG", "libjpeg-dev"), ("PNG", "libpng-dev")) if f"no {kind}" in codecs]
    reason = f"pictures, as ts-infer was built without {' and '.join(missing)}" if missing else ""
    if reason and model.images:
        raise Disagreement(f"not compared: {reason}, and the entry names images; install that, and run doit")
    return reason


class Kept(NamedTuple):
    """The pictures of the inputs, as files."""

    pictures: list[Picture]
    paths: list[Path]

    @classmethod
    def unpack(cls, found: list[Picture], folder: Path) -> "Kept":
        """Write the pictures there; their names are numbers, for a picture's own may be anything."""
        paths = [folder / f"{number}{Path(picture.name).suffix}" for number, picture in enumerate(found)]
        for picture, path in zip(found, paths, strict=True):
            path.write_bytes(picture.content)
        return cls(found, paths)

    def compare(self, archive: Path, reference: Reference, model: Model, categories: list[str]) -> list[SampleRecord]:
        """Run the pictures through ts-infer as a user would, in an order drawn afresh, and judge every stage."""
        if [picture.name for picture in self.pictures] != [entry["name"] for entry in reference.pictures]:
            raise Disagreement("the pictures are not those of the reference; run doit, which will export again")
        pixels = [pictures.decode(picture.content, picture.name) for picture in self.pictures]
        references = [entry["output"] for entry in reference.pictures]
        if path := comparison.below_notice(references, model.tolerance):
            raise Disagreement(f"{path} is nowhere larger than the tolerance on the pictures; set a smaller atol")
        runs = []
        for order, words in _ways(references):
            argv: list[str | Path] = [layout.EXECUTABLE, archive, *words, *(self.paths[index] for index in order)]
            answers = executable.answers(argv, model.timeout)
            verdict.check_paired(answers, order, range(len(order)))
            runs += [
                _judge(reference.pictures[index], pixels[index], answers, position, model.tolerance, categories, index)
                for position, index in enumerate(order)
            ]
        return runs


def _ways(references: list[Any]) -> Iterator[tuple[list[int], list[str]]]:
    """In which order, and with which options, the pictures are run: each is a way of its own through ts-infer."""
    count = len(references)
    yield verdict.draw_order(count), []
    yield [random.randrange(count)], []  # one alone is not worth optimising to it
    if all(isinstance(output, torch.Tensor) and output.dim() and len(output) == 1 for output in references):
        yield verdict.draw_order(count), ["--batch", "3"]  # whose last batch is a smaller one


def _judge(  # noqa: PLR0913, PLR0917 - a verdict rests on all of this
    reference: dict[str, Any],
    pixels: torch.Tensor,
    answers: Answers,
    position: int,
    tolerance: Tolerance,
    categories: list[str],
    index: int,
) -> SampleRecord:
    stages = (
        ("pixels", pixels, answers.pixels[position], tolerance),
        ("preprocessed", reference["preprocessed"], answers.preprocessed[position], Tolerance()),
        ("output", reference["output"], answers.outputs[position], tolerance),
    )
    differences: list[Difference] = []
    faults: list[str] = []
    for stage, expected, found, allowed in stages:
        compared = comparison.compare(expected, found, allowed, stage)
        differences += compared.differences
        faults += compared.faults
    rows: list[Row] = []
    if len(differences) == len(stages):
        rows, ranking_faults = verdict.rank(answers, position, reference["output"], tolerance, categories)
        faults += ranking_faults
    return SampleRecord(
        sample=index,
        name=reference["name"],
        picture=True,
        agrees=not faults,
        faults=faults,
        differences=differences,
        rows=rows,
    )
