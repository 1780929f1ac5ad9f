"""The way of a picture, stage by stage: decoded pixels, preprocessed, logits, top-5."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from pipeline.entry import Model
from pipeline.errors import Disagreement
from pipeline.judging import comparison
from pipeline.judging.findings import Difference, Fault, Row, Side
from pipeline.judging.rules import PREPROCESSED, Rule
from pipeline.model import pictures
from pipeline.model.samples import Picture, Sample
from pipeline.parity import verdict
from pipeline.parity.verdict import Judged, Standard
from pipeline.reference.archived import Archived
from pipeline.reference.golden import Answers, Expected, Reference

Ask = Callable[[Sequence[str | Path]], Answers]
"""Runs ts-infer with these words after the archive, and reads its answers."""


def left_out(model: Model, codecs: str) -> str:
    """Why pictures cannot be compared with these codecs, and what to do; empty where they can.

    Where the entry names pictures of its own, to leave them out is a Disagreement.
    """
    missing = [package for kind, package in (("JPEG", "libjpeg-dev"), ("PNG", "libpng-dev")) if f"no {kind}" in codecs]
    reason = f"pictures, as ts-infer was built without {' and '.join(missing)}" if missing else ""
    if reason and model.images:
        raise Disagreement(f"not compared: {reason}, and the entry names images; install that, and run doit")
    return reason


class Way(NamedTuple):
    """A run of ts-infer on pictures."""

    side: Side
    name: str
    """Of a way that is not the usual one of its side."""
    order: list[int]
    words: list[str]


class Kept(NamedTuple):
    """The pictures of the inputs, as files and as pixels, with what eager Python made of them."""

    paths: list[Path]
    pixels: list[torch.Tensor]
    expected: Sequence[Expected]
    ways: list[Way]

    @classmethod
    def unpack(cls, found: list[Picture], reference: Reference, folder: Path) -> "Kept":
        """Write the pictures there; their names are numbers, for a picture's own may be anything."""
        if [picture.name for picture in found] != [entry.name for entry in reference.pictures]:
            raise Disagreement("the pictures are not those of the reference; run doit, which will export again")
        paths = [folder / f"{number}{Path(picture.name).suffix}" for number, picture in enumerate(found)]
        for picture, path in zip(found, paths, strict=True):
            path.write_bytes(picture.content)
        pixels = [pictures.decode(picture.content, picture.name) for picture in found]
        return cls(paths, pixels, reference.pictures, [*_ways(reference.pictures)])

    def in_python(self, archived: Archived, standard: Standard) -> Iterator[Judged]:
        """Hold what the archive makes of them in Python against what eager Python does."""
        for index, entry in enumerate(self.expected):
            preprocessed = archived.preprocess(entry.name, self.pixels[index])
            stage = comparison.compare(entry.preprocessed, preprocessed, PREPROCESSED, path="preprocessed")
            differences, faults = stage
            output = None
            if differences:
                output = archived.run(Sample(entry.name, [preprocessed.unsqueeze(0)]))
                last = verdict.judge_output(entry, output, index, "archive in Python", standard).run
                differences, faults = [*differences, *last.differences], [*faults, *last.faults]
            yield Judged(verdict.made("archive in Python", entry, index, faults, differences), output)

    def in_cpp(self, way: Way, ask: Ask, standard: Standard) -> list[Judged]:
        """Run them through ts-infer as a user would, and judge every stage."""
        answers = ask(self.words(way))
        verdict.check_paired(answers, way.order, range(len(way.order)))
        judged = []
        for position, index in enumerate(way.order):
            differences, faults, rows = self._judge(index, answers, position, standard)
            run = verdict.made(way.side, self.expected[index], index, faults, differences, rows=rows, way=way.name)
            judged.append(Judged(run, answers.outputs[position]))
        return judged

    def words(self, way: Way) -> list[str | Path]:
        """What asks ts-infer for it, after the archive."""
        return [*way.words, *(self.paths[index] for index in way.order)]

    def _judge(
        self, index: int, answers: Answers, position: int, standard: Standard
    ) -> tuple[list[Difference], list[Fault], list[Row]]:
        entry = self.expected[index]
        stages: tuple[tuple[str, Any, Any, Rule, Any], ...] = (
            ("pixels", self.pixels[index], answers.pixels[position], PREPROCESSED, None),
            ("preprocessed", entry.preprocessed, answers.preprocessed[position], PREPROCESSED, None),
            ("output", entry.output, answers.outputs[position], standard.rule, entry.truth),
        )
        differences: list[Difference] = []
        faults: list[Fault] = []
        for stage, expected, found, rule, truth in stages:
            compared = comparison.compare(expected, found, rule, truth, stage, standard.names)
            differences += compared.differences
            faults += compared.faults
        if len(differences) < len(stages):
            return differences, faults, []
        rows, ranking_faults = verdict.rank(answers, position, entry, standard)
        return differences, [*faults, *ranking_faults], rows


def _ways(expected: Sequence[Expected]) -> Iterator[Way]:
    """In which order, drawn afresh, and with which options: each is a way of its own through ts-infer."""
    count = len(expected)
    yield Way("C++ plain", "", random.sample(range(count), count), ["--plain"])
    yield Way("C++ plain", "alone", [random.randrange(count)], [])  # one is not worth optimising to it
    yield Way("C++ optimised", "", verdict.draw_order(count), [])
    if all(_is_a_row(entry.output) for entry in expected):
        # whose last batch is a smaller one
        yield Way("C++ optimised", "--batch 3", verdict.draw_order(count), ["--batch", "3"])


def _is_a_row(output: Any) -> bool:
    return isinstance(output, torch.Tensor) and output.dim() > 0 and len(output) == 1
