"""Fetch a model's weights, check them, and note where they come from."""

from pipeline import cli, console, weights
from pipeline.config import Model, Settings
from pipeline.layout import ModelFiles
from pipeline.model import builders, statedict


def main(name: str, model: Model, settings: Settings) -> None:
    """Write `weights.pt` of the model."""
    builders.require_packages(name, model, settings)
    state, provenance = weights.fetch(model)
    statedict.write_artifact(ModelFiles.of(name, model).weights, state, provenance)
    console.say(provenance.notice or f"{provenance.source}, sha256 {provenance.sha256[:16]}…")


if __name__ == "__main__":
    cli.run_model_step("weights", main)
