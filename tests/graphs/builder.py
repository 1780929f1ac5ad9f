"""What writes a program: values to choose from, and nodes that are kept only if they work and stay in range."""

import dataclasses
import random
import re
from collections.abc import Callable, Sequence

import torch

from .program import Input, Node, Program, Scope, draw

LARGEST = 60.0
SMALLEST = 1e-3
ELEMENTS = 60000


class RejectedError(Exception):
    """A node that does not work, or whose values leave the range in which a tolerance means something."""


class Builder:
    """A program that is being written."""

    def __init__(self, seed: int, avoid: str = "") -> None:
        self.avoid = re.compile(avoid or "(?!)")
        self.random = random.Random(seed)
        self.seed = seed
        self.scope = Scope(seed)
        self.inputs: list[Input] = []
        self.nodes: list[Node] = []
        self.count = 0

    def fresh(self, prefix: str = "v") -> str:
        """Another name."""
        self.count += 1
        return f"{prefix}{self.count}"

    def input(self, *shape: int, below: int = 0) -> str:
        """Another input."""
        given = Input(self.fresh("x"), tuple(shape), below)
        self.inputs.append(given)
        value = draw(given, given.shape, self.seed)
        self.scope.values[given.name] = value
        self.scope.kept.add(value.untyped_storage().data_ptr())
        return given.name

    def emit(self, code: str, *operands: str, module: str = "") -> str:
        """Add a node with one result."""
        return self.emit_many(code, *operands, module=module, results=1)[0]

    def emit_many(self, code: str, *operands: str, module: str = "", results: int = 1) -> list[str]:
        """Add a node, or raise RejectedError."""
        node = Node(tuple(self.fresh() for _ in range(results)), code, operands, module)
        in_place = "_(" in code
        if self.avoid.search(f"{code} {module}"):
            raise RejectedError
        if in_place and self.value(operands[0]).untyped_storage().data_ptr() in self.scope.kept:
            raise RejectedError
        before = self.scope.snapshot() if in_place else None
        try:
            values = self.scope.evaluate(node)
            if len(values) != results or not all(map(self.healthy, values)):
                raise RejectedError  # noqa: TRY301
            if in_place and not all(map(self.healthy, self.scope.values.values())):
                raise RejectedError  # noqa: TRY301
        except Exception as error:
            if before is not None:
                self.scope.values = before
                self.scope.kept |= {before[given.name].untyped_storage().data_ptr() for given in self.inputs}
            raise RejectedError from error
        self.scope.values |= dict(zip(node.results, values, strict=True))
        self.nodes.append(node)
        return list(node.results)

    def healthy(self, value: torch.Tensor) -> bool:
        """Whether a value is of a useful size."""
        if not value.is_floating_point():
            return 0 < value.numel() <= ELEMENTS
        if not (0 < value.numel() <= ELEMENTS and bool(torch.isfinite(value).all())):
            return False
        return SMALLEST < float(value.abs().max()) < LARGEST

    def value(self, name: str) -> torch.Tensor:
        """The value of that name."""
        return self.scope.values[name]

    def shape(self, name: str) -> tuple[int, ...]:
        """Its shape."""
        return tuple(self.value(name).shape)

    def any(self, test: Callable[[torch.Tensor], bool] = lambda _: True) -> str:
        """A value of floating point that passes a test, mostly a recent one."""
        found = [name for name, value in self.scope.values.items() if value.is_floating_point() and test(value)]
        if not found:
            raise RejectedError
        if self.random.random() < 0.7:
            found = found[-3:]
        return self.random.choice(found)

    def like(self, name: str) -> str:
        """A value of the same shape, which may be the same one."""
        shape = self.value(name).shape
        return self.any(lambda value: value.shape == shape)

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self.random.random() < probability

    def one_of(self, choices: "Sequence[str]") -> str:
        """One of some texts."""
        return self.random.choice(choices)

    def attempt(self, write: Callable[["Builder"], object]) -> bool:
        """Write something; what a rejected attempt has written before stays, as it works."""
        try:
            write(self)
        except RejectedError:
            return False
        return True

    def program(self) -> Program:
        """What has been written, with some of its values as outputs."""
        made = [name for node in self.nodes for name in node.results if self.value(name).is_floating_point()]
        used = {name for node in self.nodes for name in node.operands}
        ends = [name for name in made if name not in used] or made[-1:]
        outputs = ends[-4:]
        if made and self.chance(0.35):  # also what is used further on
            outputs += [name for name in self.random.sample(made, min(len(made), 2)) if name not in outputs]
        if self.chance(0.04):
            outputs.append(self.inputs[0].name)
        whole = Program(self.seed, tuple(self.inputs), tuple(self.nodes), tuple(outputs))
        return dataclasses.replace(whole.live())
