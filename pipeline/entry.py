"""What can be asked of a model: an entry of the settings, as a frozen value."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec

DType = Literal["float32", "float64", "float16", "bfloat16", "uint8", "int32", "int64", "bool"]
Form = Literal["fused", "frozen", "plain"]
"""What ts-infer makes of an archive before it runs: fused by oneDNN Graph and frozen, frozen, or nothing."""
Wanted = Literal["auto", "fused", "frozen", "plain"]
TORCHVISION = "torchvision:"
BATCH = "batch"
FORWARD = "forward"
"""The method that each model has."""
PREPROCESS = "preprocess"
"""The method of ours, which turns a picture into an input."""
FILE = "file:"
READY = "ready"
"""The kind of weights that are inside a TorchScript file."""
WEIGHT_KINDS = ("torchvision:", "https://", "http://", "file:", "package:", "seeded", "builder")


class Table(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """A TOML table; a key is the field's name with dashes. The example is for messages about a wrong one."""

    example: ClassVar[str] = "{ … }"


class Input(Table, frozen=True):
    """One argument of `forward`, a tensor or a list of tensors.

    The extent "batch" stands for each of the batch sizes in turn, and any other name for what `extents` says of it.
    """

    example: ClassVar[str] = '{ shape = ["batch", 3, 224, 224] }'

    shape: list[int | str]
    dtype: DType = "float32"
    below: int = 256
    """Integers are drawn from 0 up to, and without, this: the size of a vocabulary, say."""
    name: str = ""
    """Of a keyword argument; those without one come first."""
    listed: bool = False
    """Whether it is a list with a tensor of this shape for each of the batch, each of the next size."""

    @property
    def names(self) -> list[str]:
        """The extents that are free."""
        return [extent for extent in self.shape if isinstance(extent, str)]

    def at(self, sizes: Mapping[str, int]) -> list[int]:
        """The shape where the free extents are of these sizes."""
        return [sizes[extent] if isinstance(extent, str) else extent for extent in self.shape]


class Method(Table, frozen=True):
    """A method beside `forward`, which the archive is to have, and which is compared as `forward` is.

    Its batch sizes, extents and seed are those of the entry.
    """

    example: ClassVar[str] = '{ inputs = [{ shape = ["batch", 3, 224, 224] }] }'

    inputs: list[Input]
    """None where it takes nothing."""


class Preprocess(Table, frozen=True):
    """How a picture becomes an input: resize the shorter side, crop the centre, normalise."""

    example: ClassVar[str] = "{ resize = 256, crop = 224, mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5] }"

    resize: int
    crop: int
    mean: list[float]
    std: list[float]
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"


class Tolerance(Table, frozen=True):
    """C++ agrees with Python where |c - r| <= atol + rtol * |r|, for each element.

    An entry that states none is judged by what is measured (`judging/measured.py`), or else by this one.
    """

    example: ClassVar[str] = "{ atol = 1e-4, rtol = 1e-4 }"

    atol: float = 1e-4
    rtol: float = 1e-4


class Model(Table, frozen=True):
    """A model: how to build it, where its weights come from, how to export it, what to try it on."""

    builder: str
    """`torchvision:resnet18`, `package.module:callable` for anything that returns an `nn.Module`, or `file:model.pt`,
    which is TorchScript already."""
    arguments: dict[str, Any] = {}
    """Keyword arguments of the builder."""
    reads: list[str] = []
    """Files that the builder reads, as `file:`, where no argument names them: they are watched like its sources."""
    weights: str = ""
    """`torchvision:DEFAULT`, `file:path`, `package:name/path`, `https://…`, `seeded`, or `builder`:
    as the builder leaves them."""
    sha256: str = ""
    """The weights file's full hash, where one wants it pinned; a URL needs it."""
    if_unreachable: Literal["fail", "seeded"] = "fail"
    """What to do when the weights' host cannot be reached at all."""
    seed: int = 0
    """For seeded weights and seeded inputs."""
    method: Literal["auto", "script", "trace"] = "auto"
    """Of these two, "auto" is the first that does."""
    form: Wanted = "auto"
    """In which form ts-infer runs the archive; "auto" is the most optimised that agrees with eager PyTorch."""
    inputs: list[Input] = msgspec.field(default_factory=lambda: [Input(shape=["batch", 3, 224, 224])])
    """Unless it says otherwise, a batch of ImageNet's pictures."""
    methods: dict[str, Method] = {}
    """The methods beside `forward` that are compared as well, each with inputs of its own."""
    batch_sizes: list[int] = msgspec.field(default_factory=lambda: [1, 4])
    extents: dict[str, list[int]] = {}
    """The sizes in turn of each other free extent of the inputs, such as a picture's height."""
    images: list[str] = []
    """Pictures to compare on, as `file:` or `package:`."""
    preprocess: Preprocess | None = None
    """For the pictures; torchvision weights bring their own."""
    categories: str = ""
    """Class names: `torchvision:ResNet18_Weights.DEFAULT`, or a `file:` with a name a line."""
    tolerance: Tolerance | None = None
    """Rules where it is given; else what may differ is measured, by the error that eager PyTorch has itself."""
    bfloat16: bool | Tolerance = False
    """Whether compare runs the model in bfloat16 as well; a tolerance rules there, else it is measured."""
    baseline: str = ""
    """An earlier `compare.json` as `file:`; compare says what became worse since, and fails on what it compared."""
    timeout: float = 600
    """Seconds that the C++ side may take to run the samples."""
    extra: str = ""
    """The optional extra of this project that brings the model's packages."""

    @property
    def may_take_pictures(self) -> bool:
        """Whether there is preprocessing for them: in the entry, or with its weights."""
        return self.preprocess is not None or self.weights.startswith(TORCHVISION)

    @property
    def is_ready(self) -> bool:
        """Whether it is a TorchScript file, and its weights are inside."""
        return self.builder.startswith(FILE)

    @property
    def keywords(self) -> list[str]:
        """The names of the last inputs, which are passed by them."""
        return [argument.name for argument in self.inputs if argument.name]

    def taking(self, method: str) -> "Model":
        """The same entry with the inputs of a method in the place of those of `forward`."""
        return self if method == FORWARD else msgspec.structs.replace(self, inputs=self.methods[method].inputs)

    def sizes(self, turn: int) -> dict[str, int]:
        """What the free extents are in one turn; a batch of b takes up b turns of the others."""
        every = {BATCH: self.batch_sizes, **self.extents}
        return {name: sizes[turn % len(sizes)] for name, sizes in every.items()}

    @property
    def turns(self) -> int:
        """After how many turns every size was there."""
        return max(len(sizes) for sizes in (self.batch_sizes, *self.extents.values()))

    @property
    def weights_kind(self) -> str:
        """The member of `WEIGHT_KINDS` that the weights begin with."""
        return READY if self.is_ready else next(kind for kind in WEIGHT_KINDS if self.weights.startswith(kind))
