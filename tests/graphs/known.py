"""Small programs that torch 2.13 gets wrong in some form unless the module or its graph is prepared."""

from typing import NamedTuple

from .program import Input, Node, Program


class Known(NamedTuple):
    """A fault of torch's."""

    program: Program
    form: str
    """In which it shows."""
    kind: str
    """As what."""


def program(lines: str, *inputs: Input, dtype: str = "float32", returned: str = "") -> Program:
    """A program of lines such as `b = F.relu({m}({0})) | a | nn.Linear(8, 8)`; returns the last value."""
    nodes = []
    for line in lines.strip().splitlines():
        statement, operands, module = (part.strip() for part in (line + "||").split("|")[:3])
        name, _, code = statement.partition(" = ")
        nodes.append(Node((name,), code, tuple(operands.split()), module))
    outputs = tuple(returned.split()) or nodes[-1].results
    return Program(0, inputs, tuple(nodes), outputs, dtype)


def x(*shape: int, name: str = "x", below: int = 0) -> Input:
    """An input."""
    return Input(name, shape, below)


IMAGE = x(2, 8, 6, 6)
ROWS = x(3, 8)

KNOWN = {
    "linear folded although it is read elsewhere": Known(
        program("a = {m}({0}) | x | nn.Linear(8, 8)\nb = {m}({0}) | a | nn.BatchNorm1d(8)", ROWS, returned="a b"),
        "frozen",
        "wrong",
    ),
    "linear folded although the norm is over another dimension": Known(
        program("a = {m}({0}) | x | nn.Linear(8, 8)\nb = {m}({0}) | a | nn.BatchNorm1d(8)", x(3, 8, 8)),
        "frozen",
        "wrong",
    ),
    "overwritten although it is read later": Known(
        program(
            "a = F.relu({0}) | x\nb = {0} + {1} | y a\nc = {0} + {1} * 0.3 | b z\n"
            "d = torch.cat([{0}, {1}, {2}], 1) | y b c",
            IMAGE,
            x(2, 8, 6, 6, name="y"),
            x(2, 8, 6, 6, name="z"),
        ),
        "fused",
        "wrong",
    ),
    "division that rounds": Known(
        program("a = {m}({0}) | x | nn.Conv2d(8, 8, 1)\nb = torch.div({0}, 0.3, rounding_mode='floor') | a", IMAGE),
        "fused",
        "wrong",
    ),
    "gelu by tanh": Known(
        program("a = {m}({0}) | x | nn.Linear(8, 8)\nb = F.gelu({0}, approximate='tanh') | a", ROWS),
        "fused",
        "wrong",
    ),
    "rounding to decimals": Known(
        program("a = {m}({0}) | x | nn.Linear(8, 8)\nb = torch.round({0}, decimals=1) | a", ROWS),
        "fused",
        "wrong",
    ),
    "integers times a fraction": Known(
        program("a = {0} * 0.5 | y\nb = {0} + {1} | a x", ROWS, x(3, 8, name="y", below=5)),
        "fused",
        "wrong",
    ),
    "pooling without a batch": Known(program("a = F.avg_pool2d({0}, 3, 1, 1) | x", x(8, 6, 6)), "fused", "wrong"),
    "a sum with 0 of what is changed in place": Known(
        program(
            "a = {m}({0}) | x | nn.Conv2d(8, 8, 1)\nb = {0} + 0.0 | a\nc = {0}.add_({0}, alpha=0.5) | a",
            IMAGE,
            returned="b c",
        ),
        "fused",
        "wrong",
    ),
    "a scalar in float64": Known(
        program("a = torch.matmul({0} / 2.828, {0}.t()) | x", ROWS, dtype="float64"), "fused", "wrong"
    ),
    "concatenation in float64": Known(
        program("a = torch.cat([{0}, {0}], 1) | x", ROWS, dtype="float64"), "fused", "exception"
    ),
    "pooling without a stride": Known(program("a = F.max_pool2d({0}, 2) | x", IMAGE), "fused", "exception"),
    "padding in words": Known(
        program("a = {m}({0}) | x | nn.Conv2d(8, 8, 3, padding='same')", IMAGE), "fused", "exception"
    ),
    "layer norm without a weight": Known(
        program("a = {m}({0}) | x | nn.LayerNorm(8, elementwise_affine=False)", ROWS), "fused", "exception"
    ),
    "batch norm without a weight": Known(
        program("a = F.relu({0}) | x\nb = F.relu({m}({0})) | a | nn.BatchNorm2d(8, affine=False)", IMAGE),
        "fused",
        "exception",
    ),
    "clamp by tensors": Known(program("a = torch.clamp({0}, {0} * 0.5, {0}.abs()) | x", ROWS), "fused", "exception"),
    "a product times a constant": Known(
        program(
            "a = {m}({0}) | x | nn.Linear(8, 8)\np = {m} | | nn.Parameter(torch.zeros(8))\nb = {0} * {1} | a p", ROWS
        ),
        "fused",
        "exception",
    ),
    "a product plus what has no inputs": Known(
        program("a = {m}({0}) | x | nn.Linear(8, 8)\nb = torch.full((8,), 0.5) + {0} | a", ROWS), "fused", "exception"
    ),
    "addmm of whole factors": Known(
        program("a = torch.addmm({0}, {1}, {0}.t() @ {0}, beta=0.5) | x x", x(8, 8)), "fused", "exception"
    ),
    "a tensor without dimensions": Known(
        program("a = {m}({0}) | x | nn.Linear(8, 8)\nb = {0} * {1}.mean() | a x", ROWS), "fused", "exception"
    ),
    "extents of what is concatenated": Known(
        program(
            "s = F.relu({0}) | x\na = torch.cat([{0}, {1}], 1) | s x\nb = {0} + torch.zeros({1}.size()) | x s",
            IMAGE,
            returned="a b",
        ),
        "fused",
        "exception",
    ),
    "lstm": Known(program("a = {m}({0})[0] | x | nn.LSTM(8, 4)", x(3, 2, 8)), "fused", "exception"),
    "convolution of every other element": Known(
        program("a = {0}[:, :, ::2, ::2] | x\nb = {m}({0}) | a | nn.Conv2d(8, 4, 1)", x(2, 8, 7, 7)),
        "fused",
        "exception",
    ),
    "convolution without a batch": Known(
        program("a = {m}({0}) | x | nn.Conv2d(8, 8, 1)", x(8, 6, 6)), "fused", "exception"
    ),
    "one channel between convolutions": Known(
        program("a = {m}({0}) | x | nn.Conv2d(8, 1, 1)\nb = {m}({0}) | a | nn.Conv2d(1, 1, 3, padding=1)", IMAGE),
        "fused",
        "exception",
    ),
    "in place in bfloat16": Known(
        program(
            "a = {0} + {1} | x y\nb = {0}.sigmoid_() | a",
            ROWS,
            x(3, 8, name="y"),
            x(3, 8, name="z"),
            returned="b z",
        ),
        "fused bfloat16",
        "exception",
    ),
    "in place, of a dtype that is not known": Known(
        program("a = torch.maximum({0}, {1}) | x y\nb = {0}.mul_({1}) | a x", ROWS, x(3, 8, name="y")),
        "fused",
        "exception",
    ),
    "extents of what is returned": Known(
        program(
            "a = F.interpolate({0}, size={1}.shape[2:]) + {1} | y x",
            IMAGE,
            x(2, 8, 3, 3, name="y"),
            returned="a x",
        ),
        "fused",
        "exception",
    ),
    "concatenations in one although an operand changes between them": Known(
        program(
            "a = torch.cat([{0}, {1}], 1) | x y\nb = {0}.sub_(0.2) | y\nc = torch.cat([{0}, {1}], 1) | y a",
            IMAGE,
            x(2, 8, 6, 6, name="y"),
        ),
        "script",
        "wrong",
    ),
    "an axis of extent 1 that has changed places": Known(
        program(
            "a = {m}({0}) | x | nn.Linear(16, 16)\nb = {0}.view(2, 1, 4, 4).transpose(1, 2) | a\n"
            "c = torch.matmul({0} * 0.5, {1}) | b k",
            x(2, 1, 16),
            x(2, 4, 4, 7, name="k"),
        ),
        "fused",
        "wrong",
    ),
    "a pool of a picture of height 1 whose axes have changed places": Known(
        program(
            "a = {0}.transpose(1, 2) | x\nb = F.max_pool2d({0}, 3, 1, 1) | a\nc = {0} + {1} | b y",
            x(2, 1, 3, 6),
            x(6, name="y"),
        ),
        "fused",
        "wrong",
    ),
    "matrices of a slice, with as many samples as slices": Known(
        program("a, b = {0}.split(4, 1) | x\nc = torch.matmul({0}, {1}.transpose(-1, -2)) | a b", IMAGE),
        "fused",
        "wrong",
    ),
    "matrices of one row": Known(
        program(
            "a = {m}({0}) | x | nn.Linear(16, 16)\nb = {0}.view(3, 1, 2, 4, 2)[:, :, 1].transpose(1, 2) | a\n"
            "c = torch.matmul({0}, {1}) | w b",
            x(3, 16),
            x(3, 4, 5, 1, name="w"),
        ),
        "fused",
        "wrong",
    ),
    "a linear layer's rows times a gate": Known(
        program("a = {m}({0}) | x | nn.Linear(8, 8)\nb = {0} * {1} | a g", x(2, 3, 4, 8), x(2, 1, 1, 8, name="g")),
        "fused",
        "wrong",
    ),
    "a number for each channel of a vector": Known(
        program(
            "a = {0} / {1} | x y\nb = {0} + {1} | a z", x(2, 8, 1, 1), x(2, 8, 1, 1, name="y"), x(8, 1, 1, name="z")
        ),
        "fused",
        "wrong",
    ),
    "an operand that a kernel reads twice": Known(
        program("a = {0} * {1} | x z\nb = {0} + {1} | a z", IMAGE, x(8, 1, 1, name="z")), "fused", "crash"
    ),
    "a sum of two convolutions and what they read": Known(
        program(
            "a = {m}({0}) | x | nn.Conv2d(8, 8, 1)\nb = {m}({0}) | a | nn.Conv2d(8, 8, 3, padding=1)\n"
            "c = {m}({0}) | a | nn.Conv2d(8, 8, 1)\nd = {0} + {1} | b c\ne = {0} + {1} | d a\n"
            "f = {m}({0}) | e | nn.Conv2d(8, 8, 1)",
            IMAGE,
        ),
        "fused",
        "crash",
    ),
    "a vector along the width in channels-last": Known(
        program("a = {0}.abs() + 1 | x\nb = {0} / {1} | x a\nc = {0} + {1} | b v", IMAGE, x(6, name="v")),
        "fused channels-last",
        "wrong",
    ),
    "means along the width in channels-last": Known(
        program("a = {0} + {0} | x\nb = {0}.mean((1, 2), keepdim=True) | x\nc = {0} * {1} | a b", x(1, 8, 5, 6)),
        "fused channels-last",
        "wrong",
    ),
    "one channel of a transposed convolution along the width in channels-last": Known(
        program(
            "a = {0}.abs() + 1 | x\nb = {m}({0}) | y | nn.ConvTranspose2d(8, 1, 1)\nc = {0} * {1} | a b",
            IMAGE,
            x(1, 8, 1, 6, name="y"),
        ),
        "fused channels-last trace",
        "wrong",
    ),
    "a quotient of a product in channels-last": Known(
        program(
            "a = {m}({0}) | x | nn.Conv2d(2, 2, 3, padding=1, groups=2)\nb = {0} @ {1}.transpose(-1, -2) | y a\n"
            "c = {0} / ({1}.abs() + 1) | b a",
            x(1, 2, 2, 1),
            x(1, 1, 2, 1, name="y"),
        ),
        "fused channels-last",
        "wrong",
    ),
    "a vector and one element that stands for many": Known(
        program(
            "a = {0}.unsqueeze(2).expand(-1, -1, 2) | x\nb = F.gelu({0}) | a\n"
            "v = {m} | | nn.Parameter(torch.zeros(1, 1, 2))\nc = {0} + {1} | b v",
            x(1, 1),
        ),
        "fused",
        "wrong",
    ),
    "a convolution of a constant": Known(
        program(
            "p = {m} | | nn.Parameter(torch.zeros(1, 8, 6, 6))\n"
            "a = {m}({0}) | p | nn.Conv2d(8, 8, 1)\nb = F.elu({0}, inplace=True) | a",
            IMAGE,
        ),
        "fused",
        "crash",
    ),
    "the rank of a convolution without a batch": Known(
        program("a = {m}({0}) | x | nn.Conv2d(8, 8, 1)\nb = {m}({0}) | a | nn.BatchNorm1d(6)", x(8, 6, 6)),
        "script",
        "exception",
    ),
}
"""What each is about."""
