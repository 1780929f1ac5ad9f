"""Weights drawn from a seed: they classify nothing, and carry a model to C++ as well as trained ones do."""

import msgspec
import torch

from pipeline import console
from pipeline.entry import TORCHVISION, Model
from pipeline.errors import ModelError
from pipeline.model import builders, digests, samples, statedict
from pipeline.model.evaluating import evaluated
from pipeline.records import Provenance
from pipeline.weights import Weights

CALIBRATION_BATCHES = 4
CALIBRATION_BATCH_SIZE = 4
EMPTY_LAYER_STD = 0.02


def fetch(model: Model) -> Weights:
    """Build the model from its seed, and settle its batch norms on seeded inputs.

    Without that, a deep network's activations vanish or explode, and all inputs lead to the same logits.
    """
    module = builders.build(model)
    _fill_empty_layers(module)
    settle(module, model)
    if not model.builder.startswith(TORCHVISION):
        _tell_what_is_not_drawn(module, model)
    state = module.state_dict()
    source = f"seeded with {model.seed}"
    return Weights(state, Provenance(source=source, sha256=statedict.digest(state), untrained=True))


def _tell_what_is_not_drawn(module: torch.nn.Module, model: Model) -> None:
    """A builder may load weights of its own, which are lost on one that then asks for seeded ones."""
    try:
        others = digests.of(builders.build(msgspec.structs.replace(model, seed=model.seed + 1)))
    except ModelError:  # it builds once only, or memory has no room for two
        return
    ours = digests.of(module)
    same = [
        name
        for name, value in module.named_parameters()
        if value.dim() > 1 and others.get(name, "") == ours.get(name) and bool((value != value.flatten()[0]).any())
    ]
    if same:
        which = f"{len(same)} parameters, such as {same[0]}, do not hang on the seed"
        console.say(f'{which}: where the builder has loaded them, weights = "builder" keeps all that it leaves')


def _fill_empty_layers(module: torch.nn.Module) -> None:
    """Some models are built with a head of zeros, to be trained: all inputs would lead to the same logits."""
    for parameter in module.parameters():
        if parameter.dim() > 1 and not bool(parameter.any()):
            torch.nn.init.normal_(parameter, std=EMPTY_LAYER_STD)


def settle(module: torch.nn.Module, model: Model) -> None:
    """Give batch norms the statistics of drawn inputs, and leave the module in `eval()`."""
    norms = [
        m for m in module.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm) and m.track_running_stats
    ]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    evaluated(module)
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain average of all batches
        norm.train()
    try:
        with torch.no_grad():
            for batch in range(CALIBRATION_BATCHES):
                samples.draw(model, CALIBRATION_BATCH_SIZE, seed=model.seed + 1000 + batch).passed_to(module)
    except Exception:  # training may ask for more than a run does: more than one value a channel, say
        for norm in norms:
            norm.reset_running_stats()
        _run_once(module.eval(), model)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    module.eval()


def _run_once(module: torch.nn.Module, model: Model) -> None:
    sample = samples.draw(model, CALIBRATION_BATCH_SIZE, seed=model.seed)
    try:
        with torch.no_grad():
            sample.passed_to(module)
    except Exception as error:
        raise ModelError(
            f"the model {model.builder} does not run on its own inputs: {sample.explained(error)}"
        ) from error
