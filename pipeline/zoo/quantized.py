"""Quantized models with drawn weights, whose outputs still depend on their inputs."""

import importlib

import torch

from pipeline.entry import Input, Model
from pipeline.model import vision
from pipeline.weights import seeded


def build(name: str) -> torch.nn.Module:
    """Torchvision's builder and torchvision's quantizer; in between, batch norms settle on drawn inputs.

    What torchvision would quantize by itself is fitted to activations that vanish, and answers every input alike.
    """
    module: torch.nn.Module = vision.builder(name)(weights=None, quantize=False)
    seeded.settle(module, Model(builder=f"torchvision:{name}", inputs=[Input(shape=["batch", 3, 224, 224])]))
    importlib.import_module("torchvision.models.quantization.utils").quantize_model(module, "fbgemm")
    return module
