"""Fetch a model's weights, check them, and note where they come from."""

from pipeline import cli, console, weights
from pipeline.config import Settings
from pipeline.entry import Model
from pipeline.layout import ModelFiles
from pipeline.model import builders, statedict
from pipeline.records import Provenance


def main(name: str, model: Model, settings: Settings) -> None:
    """Write `weights.pt` of the model."""
    builders.require_packages(name, model, settings)
    state, provenance = weights.fetch(model)
    target = ModelFiles.of(name, model).weights
    statedict.write_artifact(target, state, provenance)
    again = f"; once it can be: rm {target}, and doit" if provenance.reason else ""
    console.say(f"{provenance.notice or _origin(provenance)}{again}")


def _origin(provenance: Provenance) -> str:
    return f"{provenance.source}, sha256 {provenance.sha256[:16]}…"


if __name__ == "__main__":
    cli.run_model_step("weights", main)
