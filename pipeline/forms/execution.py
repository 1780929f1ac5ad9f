"""An archive in the forms that ts-infer makes of it, `cpp/engine/optimised.cpp`, in Python: frozen, and fused.

A fused graph is compiled for the extents of the inputs that it has seen, and another one for others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from pipeline.entry import FORWARD, PREPROCESS, Form
from pipeline.errors import ModelError
from pipeline.forms import in_place, misread, post_ops, strides
from pipeline.judging import structure
from pipeline.model import archive, memory
from pipeline.model.samples import Sample

CALLS = 3
"""The first observes the extents, the second compiles for them, and the third is as all others."""
COPIES = 3
"""How often the weights are in memory: as they were loaded, as constants, and as oneDNN packs them."""
_LAYOUT = ("as_strided", "as_strided_", "stride", "is_contiguous", "set_", "storage_offset", "resize_", "unfold")
"""Operators that see how a tensor lies in memory."""
_IMAGE_DIMS = 4


class Executed:
    """An archive in one form, with one compiled graph at a time."""

    def __init__(self, path: Path, form: Form) -> None:
        """Load it; a ModelError where there is no memory for it in this form."""
        self._form = form
        self._module, _ = archive.load(path)
        self._module.eval()
        memory.require(COPIES * memory.size(self._module), f"the {form} form")
        self._channels_last = not _sees_layout(self._module)
        if self._channels_last:
            weights_channels_last(self._module)
        self._frozen: torch.jit.ScriptModule | None = None
        self._compiled_for: Any = None

    @property
    def is_double(self) -> bool:
        """Whether a weight is of float64."""
        return any(value.dtype == torch.float64 for value in self._module.state_dict().values())

    def run(self, sample: Sample) -> Iterator[Any]:
        """The outputs of several calls, in plain containers; a ModelError where one fails."""
        try:
            called = self._compiled(sample)
            for _ in range(CALLS):
                with torch.inference_mode(), fusion(on=self._form == "fused"):
                    output = sample.passed_to(called, self._taken)
                yield structure.plain(output)
        except Exception as error:
            last = str(error).strip().rpartition("\n")[2]
            raise ModelError(f"it fails on '{sample.name}' ({last})") from error

    def _compiled(self, sample: Sample) -> torch.jit.ScriptModule:
        wanted = (sample.method, _extents(sample.arguments))
        if self._frozen is None or self._compiled_for != wanted:
            self._frozen = None  # one at a time, for each holds the weights
            self._frozen = freeze(self._module, sample.method)
            self._compiled_for = wanted
            if self._form == "fused":
                make_fusible(getattr(self._frozen, sample.method).graph)
        return self._frozen

    def _taken(self, tensor: torch.Tensor) -> torch.Tensor:
        copy = tensor.clone()
        return channels_last(copy) if self._channels_last else copy


def freeze(module: torch.jit.ScriptModule, method: str = FORWARD) -> torch.jit.ScriptModule:
    """The module with its weights as constants, and batch norms folded into convolutions; with one method beside."""
    kept = {method, *([PREPROCESS] if hasattr(module, PREPROCESS) else [])} - {FORWARD}
    frozen: torch.jit.ScriptModule = torch.jit.freeze(module, preserved_attrs=sorted(kept), optimize_numerics=False)
    while _fold_into_convolutions(frozen.graph):
        pass
    return frozen


def make_fusible(graph: Any) -> None:
    """Keep oneDNN Graph from what it does wrongly; call it on a frozen graph before that is run."""
    torch._C._jit_pass_remove_mutation(graph)  # as the fuser would, but before views are put in
    misread.respell(graph)
    strides.make_usual(graph)
    post_ops.separate(graph)
    in_place.guard(graph)


def _fold_into_convolutions(graph: Any) -> bool:
    """Do what freezing does by itself, except for what it does wrongly: folding batch norms into linear layers.

    It does not look at who else reads the layer, and at which of its axes are the channels (torch 2.10 to 2.14,
    `torch/csrc/jit/passes/frozen_linear_folding.cpp`). Returns whether there was anything to fold.
    """
    passes = torch._C
    changed = [
        passes._jit_pass_fold_frozen_conv_bn(graph),
        passes._jit_pass_fold_frozen_conv_add_or_sub(graph),
        passes._jit_pass_fold_frozen_conv_mul_or_div(graph),
    ]
    return any(changed)


def _extents(arguments: list[Any]) -> list[Any]:
    return [
        _extents(one) if isinstance(one, list) else (one.dtype, one.shape)
        for one in arguments
        if isinstance(one, (list, torch.Tensor))
    ]


def _sees_layout(module: torch.jit.ScriptModule) -> bool:
    graph = module.forward.inlined_graph  # type: ignore[attr-defined]
    return any(graph.findAllNodes(f"aten::{name}", recurse=True) for name in _LAYOUT)


def weights_channels_last(module: torch.nn.Module) -> None:
    """Lay out the weights of layers so; a bias of positions, [1, heads, n, m], would be misread by oneDNN."""
    for name, parameter in module.named_parameters():
        if name.endswith("weight"):
            parameter.data = channels_last(parameter.data)


def channels_last(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor as a picture lies in memory where it has the axes of one; any other as it is."""
    if tensor.dim() != _IMAGE_DIMS or not tensor.is_floating_point():
        return tensor
    return tensor.contiguous(memory_format=torch.channels_last)


@contextmanager
def fusion(*, on: bool) -> Iterator[None]:
    """Fuse what is compiled within; the switch is the whole process's, and nothing else is to be fused."""
    before = torch.jit.onednn_fusion_enabled()
    torch.jit.enable_onednn_fusion(on)
    try:
        yield
    finally:
        torch.jit.enable_onednn_fusion(before)
