"""From an entry to a module with its weights."""

import pytest
import torch

from pipeline.entry import Input, Model
from pipeline.errors import ModelError
from pipeline.model import builders, vision
from pipeline.records import Provenance
from pipeline.weights import seeded
from tests.support.project import Project

TRAINED = Provenance(source="a test", sha256="")
GOOGLENET = Model(builder="torchvision:googlenet", weights="torchvision:DEFAULT", method="trace")


def test_torchvision_builds_as_it_does_with_its_own_weights() -> None:
    """With them, googlenet normalises its input anew and drops its auxiliary heads; without them, it does neither."""
    state = vision.builder("googlenet")(weights=None, aux_logits=True, init_weights=False).state_dict()
    module = builders.load(GOOGLENET, state, TRAINED)
    assert module.transform_input
    assert module.aux1 is None
    assert torch.equal(module.state_dict()["fc.weight"], state["fc.weight"])
    del state["fc.weight"]
    with pytest.raises(ModelError, match=r"fc\.weight"):
        builders.load(GOOGLENET, state, TRAINED)


def test_a_users_own_builder_may_import_torchvision(project: Project) -> None:
    project.path("own.py").write_text("import torchvision\n\nmake = torchvision.models.squeezenet1_1\n")
    project.add_model("own", 'builder = "own:make"', 'weights = "seeded"', 'method = "trace"')
    finished = project.doit("weights:own")
    assert finished.code == 0, finished.output


def test_a_backbone_is_not_fetched_on_the_side() -> None:
    module = builders.build(Model(builder="torchvision:fcn_resnet50", weights="seeded"))
    assert isinstance(module, torch.nn.Module)


def test_a_head_of_zeros_is_drawn_too() -> None:
    """As ViT has one: without weights in it, all inputs lead to the same logits."""
    model = Model(
        builder="tests.data.nets:EmptyHead", weights="seeded", inputs=[Input(shape=["batch", 3, 8, 8])], seed=3
    )
    state = seeded.fetch(model).state
    assert bool(state["head.weight"].any())
    assert torch.equal(state["head.weight"], seeded.fetch(model).state["head.weight"])
