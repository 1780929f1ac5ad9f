"""A program: a module as plain data, which can be printed, built, shrunk and sent to another process."""

import copy
import dataclasses
import linecache
import math
import types
import zlib
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

Tensors = list[torch.Tensor]
HEADER = "import math\nimport torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\n"


@dataclasses.dataclass(frozen=True)
class Input:
    """An input of the program; integers where `below` is given, from 0 to below it."""

    name: str
    shape: tuple[int, ...]
    below: int = 0


@dataclasses.dataclass(frozen=True)
class Node:
    """One statement: `results = code`, where `{0}`, `{1}`, ... are the operands and `{m}` is the module, if any."""

    results: tuple[str, ...]
    code: str
    operands: tuple[str, ...]
    module: str = ""
    """How to construct what the node owns, such as `nn.Linear(8, 4)`."""

    def expression(self) -> str:
        """The right side of the statement."""
        return self.code.format(*self.operands, m=f"self.m_{self.results[0]}")


@dataclasses.dataclass(frozen=True)
class Program:
    """Inputs, nodes in order, and which values are returned."""

    seed: int
    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    dtype: str = "float32"

    def live(self) -> "Program":
        """The same without what no output needs; what changes a value in place is needed if the value is."""
        needed = set(self.outputs)
        kept: list[Node] = []
        for node in reversed(self.nodes):
            in_place = "_(" in node.code or "out=" in node.code
            if needed & set(node.results) or (in_place and self._may_share(node, needed)):
                kept.append(node)
                needed |= set(node.operands)
        inputs = tuple(given for given in self.inputs if given.name in needed)
        return dataclasses.replace(self, inputs=inputs or self.inputs[:1], nodes=tuple(reversed(kept)))

    def _may_share(self, node: Node, needed: set[str]) -> bool:
        """Whether the value that a node changes in place may share memory with a needed one."""
        target = node.operands[0]
        related = {target}
        for other in self.nodes:  # a value and all that came from it, or from what it came from
            if related & set(other.operands):
                related |= set(other.results)
        for other in reversed(self.nodes):
            if related & set(other.results):
                related |= set(other.operands)
        return bool(related & needed)

    def source(self) -> str:
        """The module as Python source."""
        lines = ["class Net(nn.Module):", "    def __init__(self):", "        super().__init__()"]
        lines += [f"        self.m_{node.results[0]} = {node.module}" for node in self.nodes if node.module]
        names = ", ".join(f"{given.name}: Tensor" for given in self.inputs)
        lines += ["", f"    def forward(self, {names}):"]
        lines += [f"        {', '.join(node.results)} = {node.expression()}" for node in self.nodes]
        lines += [f"        return {', '.join(self.outputs)}"]
        return "\n".join(lines) + "\n"

    def shown(self) -> str:
        """The source, and what goes in."""
        given = ", ".join(
            f"{one.name}: {'x'.join(map(str, one.shape))}" + (f" below {one.below}" if one.below else "")
            for one in self.inputs
        )
        return f"{self.source()}# {self.dtype}; {given}; seed {self.seed}\n"

    def build(self) -> nn.Module:
        """The module in float32, in evaluation mode, with weights that follow from the seed and the names."""
        text = HEADER + self.source()
        file = f"<graph {zlib.crc32(text.encode()):08x}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        # A module of its own: TorchScript looks names up there.
        namespace = types.ModuleType("tests_graphs_net")
        namespace.__file__ = file
        exec(compile(text, file, "exec"), namespace.__dict__)
        net: nn.Module = namespace.Net()
        for name, child in net.named_children():
            randomise(child, f"{self.seed} {name}")
        for name, parameter in net.named_parameters(recurse=False):
            fill(parameter.data, f"{self.seed} {name}", name)
        return net.requires_grad_(requires_grad=False).eval()

    def given(self, shapes: Iterable[tuple[int, ...]] | None = None) -> Tensors:
        """Values of the inputs, in float32, for these shapes or the program's own."""
        chosen = list(shapes) if shapes is not None else [one.shape for one in self.inputs]
        return [draw(one, shape, self.seed) for one, shape in zip(self.inputs, chosen, strict=True)]


def draw(given: Input, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Values of an input, which follow from the seed and its name."""
    generator = torch.Generator().manual_seed(zlib.crc32(f"{seed} {given.name}".encode()))
    if given.below:
        return torch.randint(0, given.below, shape, generator=generator)
    return torch.randn(shape, generator=generator)


def randomise(module: nn.Module, key: str) -> None:
    """Fill the weights and the statistics, so that values keep their size from layer to layer."""
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if tensor.is_floating_point():
            fill(tensor.data, f"{key}.{name}", name)


def fill(tensor: torch.Tensor, key: str, name: str) -> None:
    """Fill one weight, by what its name says that it is."""
    generator = torch.Generator().manual_seed(zlib.crc32(key.encode()))
    if "var" in name or ("weight" in name and tensor.dim() == 1):
        values = torch.rand(tensor.shape, generator=generator) + 0.5
    else:
        fan_in = math.prod(tensor.shape[1:]) if tensor.dim() > 1 and "weight" in name else 4
        values = torch.randn(tensor.shape, generator=generator) * (1.3 / math.sqrt(max(fan_in, 1)))
    tensor.copy_(values)


class Scope:
    """The values of a program that is being written, computed as it grows."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.values: dict[str, torch.Tensor] = {}
        self.owner = types.SimpleNamespace()
        self.kept: set[int] = set()
        """The memory that may not change: inputs and weights."""

    def evaluate(self, node: Node) -> Tensors:
        """What a node gives; whatever is wrong with it is raised."""
        space: dict[str, Any] = {"torch": torch, "F": nn.functional, "nn": nn, "math": math, "self": self.owner}
        if node.module:
            made = eval(node.module, dict(space))
            name = f"m_{node.results[0]}"
            if isinstance(made, nn.Module):
                randomise(made.requires_grad_(requires_grad=False).eval(), f"{self.seed} {name}")
            else:
                fill(made.requires_grad_(requires_grad=False).data, f"{self.seed} {name}", name)
                self.kept.add(made.untyped_storage().data_ptr())
            setattr(self.owner, name, made)
        got = eval(node.expression(), space | self.values)
        return [got] if isinstance(got, torch.Tensor) else list(got)

    def snapshot(self) -> dict[str, torch.Tensor]:
        """A copy of all values, in which those that share memory still do."""
        return copy.deepcopy(self.values)
