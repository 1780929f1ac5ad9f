"""What a model's entry may say beyond its types: each fault with its key, and in words what was expected."""

import itertools
import math
import re
from collections.abc import Iterator

from pipeline.catalogue import torchvision_builders
from pipeline.config import Bench
from pipeline.entry import BATCH, FORWARD, PREPROCESS, TORCHVISION, WEIGHT_KINDS, Input, Model, Tolerance
from pipeline.suggest import did_you_mean

_Faults = Iterator[tuple[str, str]]

FEWEST_BATCH_SIZES = 2
"""One size alone cannot show that it was baked in."""
CHANNELS = 3
LARGEST_SEED = 2**62
LONGEST = 7 * 24 * 3600


def faults(name: str, model: Model) -> Iterator[tuple[str, str]]:
    """The faults of an entry, as pairs of the key and what is wrong with it; the key is empty for the name."""
    checks = (
        _builder_faults,
        _weights_faults,
        _sizes_faults,
        _methods_faults,
        _pictures_faults,
        _numbers_faults,
    )
    return itertools.chain(_name_faults(name), *(check(model) for check in checks))


def _name_faults(name: str) -> _Faults:
    if not re.fullmatch(r"\w[\w.-]*", name, re.ASCII):
        yield "", f"'{name}' names a folder; expected letters, digits, '_', '-' and '.'"
    if name in ("build", "bench", "zoo"):
        yield "", f"'{name}' is a folder of other artifacts; give the model another name"


def _builder_faults(model: Model) -> _Faults:
    if model.is_ready:
        for key in ("weights", "sha256", "arguments"):
            if getattr(model, key):
                yield key, f"{getattr(model, key)!r} found; expected none, for {model.builder} holds all of the model"
    elif not re.fullmatch(r"\w+(\.\w+)*:\w+(\.\w+)*", model.builder):
        expected = "torchvision:<name>, package.module:callable, or file:path of a TorchScript file"
        yield "builder", f"'{model.builder}' found; expected {expected}"
    if model.builder.startswith(TORCHVISION):
        name = model.builder.removeprefix(TORCHVISION)
        for key in ("weights", "weights_backbone"):
            if key in model.arguments:
                yield "arguments", f"'{key}' found; expected the weights in the entry's own key, where they are checked"
        known = torchvision_builders()
        if known and name not in known:
            yield "builder", f"torchvision has no model '{name}'; {did_you_mean(name, known)}"


def _weights_faults(model: Model) -> _Faults:
    if model.is_ready:
        return
    if not model.weights:
        yield "weights", f"missing; {did_you_mean('', WEIGHT_KINDS)}"
    elif not model.weights.startswith(WEIGHT_KINDS):
        yield "weights", f"'{model.weights}' is of no known kind; {did_you_mean(model.weights, WEIGHT_KINDS)}"
    elif model.weights_kind in ("seeded", "builder") and model.weights != model.weights_kind:
        yield "weights", f"'{model.weights}' is unknown; did you mean '{model.weights_kind}'?"
    elif model.weights == "builder" and model.builder.startswith(TORCHVISION):
        yield "weights", "'builder' found; torchvision's own are 'torchvision:DEFAULT', and without any it is 'seeded'"
    elif model.weights_kind.startswith("http") and not model.sha256:
        yield "sha256", "missing; a URL needs the file's hash, as sha256sum prints it"
    if model.sha256 and not re.fullmatch(r"[0-9a-f]{64}", model.sha256):
        yield "sha256", "expected 64 hexadecimal digits in lower case, as sha256sum prints them"


def _sizes_faults(model: Model) -> _Faults:
    if len(set(model.batch_sizes)) < FEWEST_BATCH_SIZES or min(model.batch_sizes) < 1:
        yield "batch-sizes", f"{model.batch_sizes} found; expected at least two sizes, each 1 or more"
    every = [*model.inputs, *(argument for method in model.methods.values() for argument in method.inputs)]
    free = {name for argument in every for name in argument.names} - {BATCH}
    for name, sizes in model.extents.items():
        if name not in free or not re.fullmatch(r"[^\W\d]\w*", name, re.ASCII):
            yield "extents", f"no input has an extent '{name}'; {did_you_mean(name, free)}"
        elif len(set(sizes)) < FEWEST_BATCH_SIZES or min(sizes) < 1:
            yield "extents", f"{name}: {sizes} found; expected at least two sizes, each 1 or more"


def _methods_faults(model: Model) -> _Faults:
    """What is wrong with the inputs of `forward`, and with the methods beside it and theirs."""
    if not model.inputs:
        yield "inputs", 'none found; expected at least one, such as { shape = ["batch", 3, 224, 224] }'
    yield from _inputs_faults("inputs", model.inputs, model)
    for name, method in model.methods.items():
        if name in (FORWARD, PREPROCESS):
            what = "inputs" if name == FORWARD else "images"
            yield "methods", f"'{name}' found; expected others, for it is compared on the entry's {what}"
        elif not re.fullmatch(r"[^\W\d]\w*", name, re.ASCII):
            yield "methods", f"'{name}' found; expected the name of a method: letters, digits and '_'"
        yield from _inputs_faults(f"methods.{name}.inputs", method.inputs, model)


def _inputs_faults(key: str, inputs: list[Input], model: Model) -> _Faults:
    if any(isinstance(extent, int) and extent < 1 for argument in inputs for extent in argument.shape):
        yield key, 'expected extents of 1 or more, or names such as "batch"'
    free = {name for argument in inputs for name in argument.names} - {BATCH}
    for name in sorted(free - model.extents.keys()):
        near = did_you_mean(name, [BATCH, *model.extents])
        yield key, f"the extent '{name}' is unknown; {near}, or give its sizes: extents = {{ {name} = [64, 96] }}"
    if any(not argument.name for argument in inputs[1:] if inputs[0].name):
        yield key, "one without a name after one with a name; expected those with names last"
    names = [argument.name for argument in inputs if argument.name]
    if len(set(names)) < len(names):
        yield key, f"{names} found; expected each name once"
    if any(argument.below < 1 for argument in inputs):
        yield key, "below: expected 1 or more; integers are drawn from 0 up to it"


def _pictures_faults(model: Model) -> _Faults:
    for source in model.reads:
        if not source.startswith("file:"):
            yield "reads", f"'{source}' is of no known kind; expected file:path"
    if model.baseline and not model.baseline.startswith("file:"):
        yield "baseline", f"'{model.baseline}' is of no known kind; expected file:path of a compare.json"
    for source in model.images:
        if not source.startswith(("file:", "package:")):
            yield "images", f"'{source}' is of no known kind; expected file:path or package:name/path"
    if model.categories and not model.categories.startswith((TORCHVISION, "file:", "package:")):
        yield "categories", f"'{model.categories}' is of no known kind; expected torchvision:, file: or package:"
    if table := model.preprocess:
        if min(table.resize, table.crop) < 1:
            yield "preprocess", "expected resize and crop of 1 or more"
        if not len(table.mean) == len(table.std) == CHANNELS or min(table.std) <= 0:
            yield "preprocess", f"expected a mean and a std for each of {CHANNELS} channels, and each std above 0"


def _is_sound(tolerance: Tolerance) -> bool:
    atol, rtol = tolerance.atol, tolerance.rtol
    return 0 <= atol < math.inf and 0 <= rtol < math.inf and atol + rtol > 0


def _numbers_faults(model: Model) -> _Faults:
    for key, tolerance in (("tolerance", model.tolerance), ("bfloat16", model.bfloat16)):
        if isinstance(tolerance, Tolerance) and not _is_sound(tolerance):
            yield key, "expected finite atol and rtol of 0 or more, and not both 0"
    if not 0 < model.timeout <= LONGEST:
        yield "timeout", f"{model.timeout:g} found; expected seconds, more than 0 and at most {LONGEST}"
    if not 0 <= model.seed <= LARGEST_SEED:
        yield "seed", f"{model.seed} found; expected 0 to {LARGEST_SEED}"


def bench_faults(bench: Bench) -> Iterator[tuple[str, str]]:
    """The faults of `[tool.torchferry.bench]`, in the same form."""
    for key in ("rounds", "runs"):
        if (found := getattr(bench, key)) < 1:
            yield key, f"{found} found; expected 1 or more"
    if not bench.batches or min(bench.batches) < 1 or len(set(bench.batches)) < len(bench.batches):
        yield "batches", f"{bench.batches} found; expected at least one size, each 1 or more, and none twice"
    if bench.threads < 0:
        yield "threads", f"{bench.threads} found; expected 1 or more, or 0 for all"
    if not 0 < bench.timeout <= LONGEST:
        yield "timeout", f"{bench.timeout:g} found; expected seconds, more than 0 and at most {LONGEST}"


def in_toml_words(message: str) -> str:
    """What msgspec says of a wrong type, in the words of TOML."""
    words = {"`object": "`table", "`array": "`list", "`str": "`string", "`bool": "`true or false"}
    for theirs, ours in words.items():
        message = message.replace(theirs, ours)
    if missing := re.fullmatch(r"Object missing required field `(.+)`", message):
        return f"{missing.group(1)} is missing"
    if word := re.fullmatch(r"Invalid enum value '(.*)'", message):  # the one place for a word among numbers
        return f"'{word.group(1)}' found; expected a number or \"batch\""
    return message[:1].lower() + message[1:]
