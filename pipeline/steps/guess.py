"""Guess what a model takes, where its entry does not say: the last line is the guess, as JSON."""

from typing import Any

import msgspec

from pipeline import catalogue, cli, console
from pipeline.config import Settings
from pipeline.entry import TORCHVISION, Input, Model
from pipeline.errors import ModelError
from pipeline.model import builders, guessing, samples
from pipeline.model.evaluating import evaluated
from pipeline.zoo import kinds

ASKED = "say which inputs it takes, such as shape=batch,3,224,224 or inputs='[{ shape = [\"batch\", 8] }]'"


def main(name: str, model: Model, settings: Settings) -> None:
    """Print what the entry should say beside its builder; a ModelError where there is no telling."""
    builders.require_packages(name, model, settings)
    known = model.builder.removeprefix(TORCHVISION)
    family = catalogue.torchvision_builders().get(known, "") if model.builder.startswith(TORCHVISION) else ""
    if family and family != catalogue.CLASSIFICATION:
        kind = kinds.entry_of(known, family)
        found = guessing.Guess(kind.inputs, kind.extents, f"as models of {family} take them")
    else:
        module = evaluated(builders.build(model))
        found = guessing.inputs_of(module, model)
        if not found.inputs:
            raise ModelError(f"there is no telling what {model.builder} takes; {ASKED}")
        tried = msgspec.structs.replace(model, inputs=found.inputs, extents=found.extents)
        if why := guessing.fails(module, samples.all_samples(tried)[0]):
            shape = found.inputs[0].shape
            raise ModelError(f"{model.builder} does not run on {shape}, guessed {found.reason} ({why}); {ASKED}")
    console.say(f"its inputs are guessed {found.reason}")
    guessed = {"inputs": [_said(one) for one in found.inputs]} | ({"extents": found.extents} if found.extents else {})
    console.show(msgspec.json.encode(guessed).decode())


def _said(one: Input) -> dict[str, Any]:
    """An input without what is so by default."""
    said, default = (msgspec.to_builtins(value) for value in (one, Input(shape=[])))
    return {key: value for key, value in said.items() if value != default[key]}


if __name__ == "__main__":
    cli.run_model_step("guess", main)
