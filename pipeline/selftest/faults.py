"""Every fault that is planted, and what the gate must say of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.judging.findings import Edge
from pipeline.parity.case import Case
from pipeline.reference import golden
from pipeline.reference.golden import Answers
from pipeline.selftest import answers, archives
from pipeline.selftest.workshop import NotApplicable, Workshop


class Planted(NamedTuple):
    """A fault: what it is, how it is planted, and the right reason to turn red."""

    name: str
    plant: Callable[[Workshop], Case]
    reason: str
    """A regular expression that the verdict's line must match."""
    blame: Edge | None = None
    """The edge that must be blamed; none where nothing is compared."""


BEYOND = "times what the tolerance allows"
PREPROCESSED = rf"preprocessed\[.*{BEYOND}"
STALE = "is stale: it is not the file that the build left"


def all_faults() -> list[Planted]:
    """In the order of the way that a model goes."""
    return [*_weights(), *_forward(), *_preprocessing(), *_files(), *_executable(), *_pictures()]


def _weights() -> list[Planted]:
    bit, percent = archives.flip_lowest_bit, archives.add_a_percent
    return [
        Planted("a bit of a weight, in the file", _archive(bit, "none"), "is not the file that export verified"),
        Planted("a bit of a weight, at export", _archive(bit, "file"), r"\d+ of \d+ weights .* to the bit", "export"),
        Planted("a percent of a weight, by numbers alone", _by_numbers(percent), f"{BEYOND}|has the shape", "export"),
        Planted("a weight that is NaN", _by_numbers(archives.set_to_nan), "is nan, expected|has the shape", "export"),
    ]


def _forward() -> list[Planted]:
    def wrapped(change: archives.Change) -> Callable[[Workshop], Case]:
        return lambda shop: shop.with_archive(change, "weights", must_matter=True)

    order = "the reference in the order|" + BEYOND
    return [
        Planted("dropout left on", wrapped(archives.leave_dropout_on), "it does not repeat", "export"),
        Planted("batch dimension mixed up", wrapped(archives.mix_up_the_batch), order, "export"),
    ]


def _preprocessing() -> list[Planted]:
    faults: dict[str, Callable[..., object]] = {
        "RGB to BGR": archives.swap_channels,
        "no normalisation": archives.leave_out_normalisation,
        "crop off by one": archives.crop_one_lower,
        "resize without antialiasing": archives.leave_out_antialiasing,
    }
    return [
        Planted(name, lambda shop, how=how: shop.with_preprocessing(how), PREPROCESSED, "export")  # type: ignore[misc]
        for name, how in faults.items()
    ]


def _files() -> list[Planted]:
    return [
        Planted("an empty input set", lambda shop: shop.with_inputs(slice(0)), "no sample: nothing was compared"),
        Planted("an extra file that is lost", _extra_file_lost, "the extra file '.*' is missing", "export"),
        Planted("a sample lost from the inputs", _short_of_a_sample, "holds 1 samples?, the reference"),
        Planted("a stale executable", _stale, STALE),
    ]


def _executable() -> list[Planted]:
    thousandth, every = answers.off_by_a_thousandth, answers.in_all_tensors
    first = answers.in_first_tensor
    relabelled = f"has the shape|it does not repeat|{BEYOND}"
    return [
        Planted("a kernel off by a thousandth", _told(every(thousandth)), BEYOND, "runtime"),
        Planted(
            "an optimisation off by a thousandth", _told(every(thousandth, answers.optimised)), BEYOND, "optimisation"
        ),
        Planted(
            "a wrong fused kernel, from the second run on",
            _told(answers.from_the_second_run(answers.overwritten)),
            "it does not repeat",
            "optimisation",
        ),
        Planted("a decision that flips", _flipped, "has the shape", "optimisation"),
        Planted("a method that differs", _method_off, BEYOND, "runtime"),
        Planted("NaN in an output", _told(first(answers.to_nan)), "is nan, expected", "runtime"),
        Planted("outputs of zeros", _told(every(lambda values: values * 0)), BEYOND, "runtime"),
        Planted("another dtype", _told(every(answers.to_another_dtype)), "is of dtype torch.float", "runtime"),
        Planted("another structure", _told(answers.in_a_dict), "is a dict, expected", "runtime"),
        Planted("output truncated by a row", _told(first(answers.lose_a_row)), "has the shape", "runtime"),
        Planted("output truncated by a run", _told(answers.lose_a_run), "not the outputs of this run", "runtime"),
        Planted("outputs of another run", _earlier, "not the outputs of this run", "runtime"),
        Planted("outputs of other samples", _told(answers.relabel), relabelled, "runtime"),
        Planted("two labels changed places", _told(answers.swap_labels), "rank 1 is .* apart, a swap needs", "runtime"),
    ]


def _pictures() -> list[Planted]:
    return [
        Planted("pictures decoded to BGR", _told(answers.in_pixels(answers.swap_channels)), r"pixels\[", "runtime"),
        Planted(
            "a pixel a level off", _told(answers.in_pixels(answers.a_level_brighter)), r"pixels\[0, 0, 0", "runtime"
        ),
    ]


def _earlier(shop: Workshop) -> Case:
    """The executable hands back what it has once answered, to another order."""

    def ask(argv: Sequence[str | Path], timeout: float) -> Answers:
        words = list(argv)
        words[words.index("--order") + 1] = "0"
        return shop.case.ask(words, timeout)

    return shop.case._replace(ask=ask)


def _flipped(shop: Workshop) -> Case:
    if not golden.read_reference(shop.case.reference).decisions:
        raise NotApplicable("rounding turns no decision of it")
    return shop.with_answers(answers.in_all_tensors(answers.lose_a_row, answers.optimised))


def _method_off(shop: Workshop) -> Case:
    if not shop.case.model.methods:
        raise NotApplicable("no method beside forward is compared")
    return shop.with_answers(answers.in_all_tensors(answers.off_by_a_thousandth, answers.of_a_method))


def _extra_file_lost(shop: Workshop) -> Case:
    if not golden.read_reference(shop.case.reference).extra_files:
        raise NotApplicable("no extra file came with it")
    return shop.with_archive(lambda module: module, "file", extra_files=False)


def _told(change: answers.Change) -> Callable[[Workshop], Case]:
    return lambda shop: shop.with_answers(change)


def _archive(how: Callable[..., None], seal: str) -> Callable[[Workshop], Case]:
    return lambda shop: shop.with_archive(archives.one_weight(how), seal)


def _by_numbers(how: Callable[..., None]) -> Callable[[Workshop], Case]:
    """Even the hashes of weights vouch for it."""

    def plant(shop: Workshop) -> Case:
        reference = golden.read_reference(shop.case.reference)
        samples = golden.read_samples(shop.case.inputs, [expected.name for expected in reference.samples])
        return shop.with_archive(archives.one_weight(how, samples[0]), "weights")

    return plant


def _short_of_a_sample(shop: Workshop) -> Case:
    fewer = shop.with_inputs(slice(1))
    reference = golden.read_reference(shop.case.reference)
    inputs = golden.read_reference(fewer.reference).inputs
    return shop.with_reference(fewer, reference._replace(inputs=inputs))


def _stale(shop: Workshop) -> Case:
    """It runs as well as the one that was built, and is another."""
    program = shop.folder / shop.case.program.name
    program.write_bytes(shop.case.program.read_bytes() + b"\0")
    program.chmod(0o755)
    return shop.case._replace(program=program)
