"""What the numbers were measured on."""

import os
import platform

from pipeline import toolchain

BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
"""Without one of these, bfloat16 is computed by way of float32, and slower than that."""
PACKAGES = ("torch", "torchvision", "onnx", "onnxruntime", "openvino")


def cpu() -> str:
    """The processor's name, such as "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz"; else its architecture."""
    return toolchain.processor_says("model name") or platform.machine()


def flags() -> list[str]:
    """The flags by which kernels are chosen."""
    return toolchain.cpu().split()[1:]


def has_bfloat16(found: list[str]) -> bool:
    """Whether a processor with these flags computes in bfloat16."""
    return not BFLOAT16_FLAGS.isdisjoint(found)


def threads(wanted: int) -> int:
    """As many as wanted; for 0 as there are processors that this process may run on."""
    return wanted or len(os.sched_getaffinity(0))


def versions() -> dict[str, str]:
    """Of what is installed."""
    return {package: version for package in PACKAGES if (version := toolchain.version(package))}


def system() -> str:
    """The kernel and the C library."""
    return f"{platform.system()} {platform.release()} {platform.machine()}, {os.confstr('CS_GNU_LIBC_VERSION')}"
