"""A smaller program that fails in the same way."""

import dataclasses
import re
from collections.abc import Callable, Iterator

import torch

from .program import Input, Node, Program

Fails = Callable[[Program], bool]
MOST_TRIALS = 250
NUMBER = re.compile(r"(?<![\w.])(\d+)(?![\w.])")


def minimise(program: Program, fails: Fails, trials: int = MOST_TRIALS) -> Program:
    """Remove and simplify as long as `fails` says so."""
    left = trials
    seen = {program}
    changed = True
    while changed and left > 0:
        changed = False
        for smaller in candidates(program):
            if smaller in seen:
                continue
            seen.add(smaller)
            left -= 1
            if fails(smaller):
                program, changed = smaller, True
                break
            if left <= 0:
                break
    return program


def candidates(program: Program) -> Iterator[Program]:
    """Programs that are a little smaller, the much smaller ones first."""
    yield from _fewer_outputs(program)
    shapes = shapes_of(program)
    nodes = [node for node in reversed(program.nodes) if all(name in shapes for name in node.results)]
    for node in nodes:
        yield from _cut(program, node, shapes)
    for node in nodes:
        yield from (one for one in _bypass(program, node, shapes) if len(one.nodes) < len(program.nodes))
    for node in nodes:
        yield from _early(program, node)
    yield from _numbers(program)


def _fewer_outputs(program: Program) -> Iterator[Program]:
    """With one output, or without one."""
    outputs = program.outputs
    if len(outputs) > 1:
        kept = [(name,) for name in outputs] + [tuple(one for one in outputs if one != name) for name in outputs]
        for names in dict.fromkeys(kept):
            yield dataclasses.replace(program, outputs=names).live()


def shapes_of(program: Program) -> dict[str, tuple[int, ...]]:
    """The shapes of all values."""
    names = tuple(name for node in program.nodes for name in node.results)
    if not names:
        return {}
    whole = dataclasses.replace(program, outputs=names)
    try:
        with torch.no_grad():
            values = whole.build()(*program.given())
    except Exception:
        return {}
    values = [values] if isinstance(values, torch.Tensor) else values
    return {one.name: one.shape for one in program.inputs} | {
        name: tuple(value.shape) for name, value in zip(names, values, strict=True) if value.is_floating_point()
    }


def renamed(program: Program, old: str, new: str, without: Node) -> Program:
    """The program with another value in place of one, and without the node that made it."""
    nodes = tuple(
        dataclasses.replace(node, operands=tuple(new if name == old else name for name in node.operands))
        for node in program.nodes
        if node is not without or len(node.results) > 1
    )
    outputs = tuple(dict.fromkeys(new if name == old else name for name in program.outputs))
    return dataclasses.replace(program, nodes=nodes, outputs=outputs)


def _bypass(program: Program, node: Node, shapes: dict[str, tuple[int, ...]]) -> Iterator[Program]:
    """Without a node: an earlier value of the same shape in place of its result."""
    if len(node.results) > 1:
        return
    (name,) = node.results
    earlier = [one.name for one in program.inputs]
    for other in program.nodes:
        if other is node:
            break
        earlier += other.results
    same = [one for one in earlier if one in shapes and shapes[one] == shapes.get(name)]
    for other_name in dict.fromkeys([*(one for one in node.operands if one in same), *same[-2:]]):
        yield renamed(program, name, other_name, node).live()


def _cut(program: Program, node: Node, shapes: dict[str, tuple[int, ...]]) -> Iterator[Program]:
    """With an input in place of what a node makes."""
    smaller = program
    for name in node.results:
        given = Input(f"x{name}", shapes[name])
        smaller = renamed(smaller, name, given.name, node)
        smaller = dataclasses.replace(smaller, inputs=(*smaller.inputs, given))
    smaller = dataclasses.replace(smaller, nodes=tuple(one for one in smaller.nodes if one.results != node.results))
    smaller = smaller.live()
    if smaller.nodes and len(smaller.nodes) < len(program.nodes):
        yield smaller


def _early(program: Program, node: Node) -> Iterator[Program]:
    """With the operands of an output's node as outputs in its place."""
    for name in node.results:
        if name in program.outputs and node.operands:
            others = tuple(one for one in program.outputs if one != name)
            made = {one for other in program.nodes for one in other.results}
            ends = tuple(one for one in node.operands if one in made)
            smaller = dataclasses.replace(program, outputs=tuple(dict.fromkeys((*others, *ends)))).live()
            if smaller.outputs and len(smaller.nodes) < len(program.nodes):
                yield smaller


def _numbers(program: Program) -> Iterator[Program]:
    """With smaller numbers, each wherever it stands."""
    texts = [node.module for node in program.nodes] + [node.code for node in program.nodes]
    found = {int(number) for text in texts for number in NUMBER.findall(text.replace("{", "_").replace("}", "_"))}
    found |= {extent for one in program.inputs for extent in one.shape}
    for number in sorted(found, reverse=True):
        for other in dict.fromkeys((number // 2, number - 1, 8 if number > 8 else 1, 1)):
            if 0 < other < number:
                yield _replaced(program, number, other)
    for one in program.inputs:
        for place, extent in enumerate(one.shape):
            if extent > 1:
                shape = (*one.shape[:place], max(1, extent // 2), *one.shape[place + 1 :])
                smaller = dataclasses.replace(one, shape=shape)
                yield dataclasses.replace(
                    program, inputs=tuple(smaller if other is one else other for other in program.inputs)
                )


def _replaced(program: Program, number: int, other: int) -> Program:
    def text(before: str) -> str:
        return re.sub(rf"(?<![\w.{{-]){number}(?![\w.}}])", str(other), before)

    nodes = tuple(dataclasses.replace(node, code=text(node.code), module=text(node.module)) for node in program.nodes)
    inputs = tuple(
        dataclasses.replace(one, shape=tuple(other if extent == number else extent for extent in one.shape))
        for one in program.inputs
    )
    return dataclasses.replace(program, nodes=nodes, inputs=inputs)
