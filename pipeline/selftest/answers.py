"""Faults in what the executable answers, between the real one and the gate."""

from collections.abc import Callable
from typing import Any

import torch

from pipeline.reference.golden import Answers
from pipeline.selftest.workshop import Words

Change = Callable[[Answers, Words], Answers]
Leaf = Callable[[torch.Tensor], torch.Tensor]


def in_first_tensor(how: Leaf) -> Change:
    """Change the first tensor of the first output, if it is floating."""
    return lambda answers, _: answers._replace(outputs=[_changed(answers.outputs[0], how), *answers.outputs[1:]])


def in_all_tensors(how: Leaf, only: Callable[[Answers, Words], bool] = lambda *_: True) -> Change:
    """Change every floating tensor of every output; with `only`, of those runs of the executable alone."""

    def change(answers: Answers, words: Words) -> Answers:
        if not only(answers, words):
            return answers
        return answers._replace(outputs=[_everywhere(output, how) for output in answers.outputs])

    return change


def optimised(answers: Answers, words: Words) -> bool:
    """Whether they come from the default form; a single picture does not."""
    return "--plain" not in words and len(answers.order) > 1


def of_a_method(_: Answers, words: Words) -> bool:
    """Whether they come from a method other than `forward`."""
    return "--method" in words


def from_the_second_run(how: Leaf) -> Change:
    """Change what the default form answers to a sample from its second run on: what is compiled is another graph."""

    def change(answers: Answers, words: Words) -> Answers:
        if not optimised(answers, words):
            return answers
        again = [sample in answers.order[:position] for position, sample in enumerate(answers.order)]
        outputs = [_everywhere(o, how) if wrong else o for o, wrong in zip(answers.outputs, again, strict=True)]
        return answers._replace(outputs=outputs)

    return change


def overwritten(values: torch.Tensor) -> torch.Tensor:
    """As where a tensor was written to before it was read for the last time."""
    return values + values.flip(-1) if values.dim() else values * 2


def lose_a_row(values: torch.Tensor) -> torch.Tensor:
    """The last of a batch."""
    return values[:-1] if values.dim() else values.reshape(1)


def to_nan(values: torch.Tensor) -> torch.Tensor:
    """A single element."""
    values = values.clone(memory_format=torch.contiguous_format)
    values.view(-1)[-1:] = torch.nan
    return values


def off_by_a_thousandth(values: torch.Tensor) -> torch.Tensor:
    """What a wrong kernel may do."""
    return values * 1.001


def lose_a_run(answers: Answers, _: Words) -> Answers:
    """The last output is missing."""
    return answers._replace(outputs=answers.outputs[:-1])


def relabel(answers: Answers, _: Words) -> Answers:
    """The outputs of other samples, under the numbers of those that were asked for."""
    return answers._replace(outputs=[*answers.outputs[1:], answers.outputs[0]])


def in_a_dict(answers: Answers, _: Words) -> Answers:
    """As C++ code may wrap what it returns."""
    return answers._replace(outputs=[{"output": output} for output in answers.outputs])


def to_another_dtype(values: torch.Tensor) -> torch.Tensor:
    """Wider; narrower where it is the widest."""
    return values.float() if values.dtype == torch.float64 else values.double()


def swap_labels(answers: Answers, _: Words) -> Answers:
    """The best class of each row and the last that is named have changed places."""
    labels = [[[row[-1], *row[1:-1], row[0]] if row[1:] else row for row in rows] for rows in answers.labels]
    return answers._replace(labels=labels)


def in_pixels(how: Leaf) -> Change:
    """Change what pictures are decoded to."""

    def change(answers: Answers, _: Words) -> Answers:
        return answers._replace(pixels=[None if pixels is None else how(pixels) for pixels in answers.pixels])

    return change


def swap_channels(pixels: torch.Tensor) -> torch.Tensor:
    """BGR for RGB."""
    return pixels.flip(0)


def a_level_brighter(pixels: torch.Tensor) -> torch.Tensor:
    """A single value by one of 256 levels, as another decoder rounds."""
    pixels = pixels.clone()
    pixels[0, 0, 0] ^= 1
    return pixels


def _changed(output: Any, how: Leaf) -> Any:
    done = False

    def once(values: torch.Tensor) -> torch.Tensor:
        nonlocal done
        if done:
            return values
        done = True
        return how(values)

    return _everywhere(output, once)


def _everywhere(output: Any, how: Leaf) -> Any:
    if isinstance(output, dict):
        return {key: _everywhere(entry, how) for key, entry in output.items()}
    if isinstance(output, (list, tuple)):
        return type(output)(_everywhere(entry, how) for entry in output)
    floating = isinstance(output, torch.Tensor) and output.is_floating_point()
    return how(output) if floating else output
