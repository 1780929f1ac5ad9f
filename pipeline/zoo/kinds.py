"""What each kind of torchvision's models takes: the one place that knows families, and here and there a name."""

import fnmatch
from typing import Any, NamedTuple

from pipeline import patterns
from pipeline.entry import Input, Model


class Kind(NamedTuple):
    """The entries of models alike."""

    family: str
    pattern: str
    """Of the builders' names."""
    entry: dict[str, Any]
    """What they say beside builder and weights."""


_PICTURES = [Input(shape=["batch", 3, 224, 224])]
_ANY_PICTURES = [Input(shape=["batch", 3, "height", "width"])]
_LIST = [Input(shape=[3, "height", "width"], listed=True)]
_TWO_SIZES = {"height": [160, 128], "width": [128, 192]}
_SEVERAL_SIZES = {"height": [192, 160, 240], "width": [256, 224, 160]}
_SMALL = {"min_size": 192, "max_size": 320}
"""Pictures are scaled to this before they are looked at; the default of 800 takes ten times as long on a CPU."""

_FEW = {"rpn_post_nms_top_n_test": 200, "box_detections_per_img": 20}
"""With drawn weights everything may be a thing: by default there are a thousand candidates, and keypoints of 100."""

# A threshold keeps what a detector is sure of, and one with drawn weights is sure of nothing: it would return nothing,
# and there would be nothing to compare.
KINDS = [
    Kind("classification", "*", {"inputs": _PICTURES}),
    Kind("quantization", "*", {"inputs": _PICTURES, "builder": "pipeline.zoo.quantized:build"}),
    Kind("segmentation", "*", {"inputs": _ANY_PICTURES, "extents": _TWO_SIZES}),
    Kind(
        "detection",
        "*rcnn*",
        {"inputs": _LIST, "extents": _SEVERAL_SIZES, "arguments": {**_SMALL, "box_score_thresh": 0.015, **_FEW}},
    ),
    Kind("detection", "ssd*", {"inputs": _LIST, "extents": _SEVERAL_SIZES, "arguments": {"score_thresh": 0.012}}),
    Kind("detection", "*", {"inputs": _LIST, "extents": _SEVERAL_SIZES, "arguments": {**_SMALL, "score_thresh": 0.0}}),
    Kind("video", "*_18", {"inputs": [Input(shape=["batch", 3, 8, 112, 112])]}),
    Kind("video", "*", {"inputs": [Input(shape=["batch", 3, 16, 224, 224])]}),
    Kind("optical_flow", "*", {"inputs": _ANY_PICTURES * 2, "extents": _TWO_SIZES}),
]
"""The first that fits a model is its own."""


def entry_of(name: str, family: str) -> Model:
    """The entry of a builder; of a family that is new, that of a classifier."""
    kind = next((k for k in KINDS if k.family == family and fnmatch.fnmatch(name, k.pattern)), KINDS[0])
    said: dict[str, Any] = {"builder": f"torchvision:{name}", **kind.entry}
    if said["builder"] != f"torchvision:{name}":
        said["arguments"] = {"name": name}
    return Model(weights="seeded", batch_sizes=[1, 2], timeout=1800, **said)


def matching(words: list[str], names: list[str]) -> tuple[list[str], str]:
    """The names that any of the words stands for, all for none; and a fault, where one stands for nothing."""
    for word in words:
        if not patterns.matching(word, names):
            return [], f"torchvision has no model '{word}'; {patterns.nearest(word, names)}"
    found = {name for word in words or ["*"] for name in patterns.matching(word, names)}
    return [name for name in names if name in found], ""
