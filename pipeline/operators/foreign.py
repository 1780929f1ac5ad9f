"""What an archive calls that plain libtorch has not; and what a report of torch's says of such an operator."""

import re
from collections.abc import Iterator

import torch

from pipeline.operators import OPERATORS

# The namespaces that libtorch itself registers operators in, and those of the nodes that its compiler makes.
LIBTORCH = frozenset({
    "_c10d_functional", "_c10d_functional_autograd", "_dtensor", "_quantized", "aten", "c10d", "inductor",
    "inductor_prims", "mkl", "mkldnn", "mkldnn_prepacked", "onednn", "onnx", "prepacked", "prim", "profiler",
    "quantization", "quantized", "sparse", "static_runtime", "symm_mem", "tensorexpr",
})  # fmt: skip
_ABSENT = (
    r"Could not run '(\w+::\w+)(?:\.\w+)?'",
    r"[Uu]nknown builtin op: (\w+::\w+)",
    r"'_OpNamespace' '(\w+)' object has no attribute '(\w+)'",
    r"object has no attribute \w+:[^`]*?torch\.ops\.(\w+)\.(\w+)",
)


def foreign(module: torch.jit.ScriptModule) -> list[str]:
    """The operators that an archive calls, in whichever method, and plain libtorch has not: `torchvision::qnms`."""
    kinds = {node.kind() for graph in graphs(module) for node in nodes(graph)}
    return sorted(kind for kind in kinds if kind.partition("::")[0] not in LIBTORCH or _is_of_python(kind))


def absent(report: str) -> str | None:
    """The operator that a compiler's or dispatcher's report finds missing, as `torchvision::qnms`, if it is of one."""
    for pattern in _ABSENT:
        found = re.search(pattern, report)
        if found:
            return "::".join(found.groups())
    return None


def remedy(operator: str) -> str:
    """What to do about an operator that plain libtorch has not."""
    namespace, _, name = operator.rpartition("::")
    if namespace == "torchvision" and name in OPERATORS:
        return f"call it as torch.ops.torchvision.{name} or torchvision.ops.{name}, which export puts plain PyTorch for"
    if namespace == "torchvision":
        return f"keep it out of forward; of torchvision's operators there are {', '.join(sorted(OPERATORS))}"
    return "compute it from PyTorch's own operators, or keep it out of forward"


def graphs(module: torch.jit.ScriptModule) -> Iterator[torch.Graph]:
    """The graphs of every method of every module in it, as an archive holds them, with what they call inlined."""
    for part in module.modules():
        if isinstance(part, torch.jit.ScriptModule):
            for name in part._c._method_names():
                yield part._c._get_method(name).inlined_graph


def nodes(block: torch.Graph | torch.Block) -> Iterator[torch.Node]:
    """Every node of a graph: those of its branches and loops, and of the graphs that it carries (a fork's)."""
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from nodes(inner)
        for name in node.attributeNames():
            if node.kindOf(name) == "g":
                # Inlining a graph leaves out those that it carries.
                carried = node.g(name).copy()
                torch._C._jit_pass_inline(carried)
                yield from nodes(carried)


def _is_of_python(operator: str) -> bool:
    """Whether Python registered it, in whichever namespace: libtorch then knows nothing of it."""
    registered = re.search(r"^debug: registered at (.*):\d+$", torch._C._dispatch_dump(operator), re.MULTILINE)
    return registered is not None and registered.group(1).endswith(".py")
