"""The recipe's first step: a torchvision model, scripted and saved."""

import warnings

import torch

from pipeline.model import vision

warnings.simplefilter("ignore")
model = vision.builder("resnet18")().eval()
torch.jit.save(torch.jit.script(model), "r18_scripted.pt")
