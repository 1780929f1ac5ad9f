"""torchvision, imported so that it works beside either build of torch, and asked by name."""

import contextlib
import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, TypeVar

from pipeline.errors import EnvironmentFault, SettingsError
from pipeline.suggest import did_you_mean
from pipeline.toolchain import INSTALL

_COMPILER = "torch._dynamo.utils"
_kept_alive: list[Any] = []
_Made = TypeVar("_Made")


@functools.cache
def torchvision() -> ModuleType:
    """The torchvision package.

    A torchvision that was compiled for the CUDA build cannot load its operators beside the CPU build of
    torch, and then fails to import because it describes two of them. Declaring these two is enough for
    every model that calls none.
    """
    try:
        with _compiler_put_off():
            return importlib.import_module("torchvision")
    except ModuleNotFoundError as error:
        raise EnvironmentFault(f"the package {error.name} is not installed; run {INSTALL}") from None
    except RuntimeError as error:
        if not _is_of_another_build(error):
            raise
    import torch

    for module in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[module]
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _kept_alive.append(library)
    with _compiler_put_off():
        return importlib.import_module("torchvision")


@contextlib.contextmanager
def _compiler_put_off() -> Iterator[None]:
    """Keep torchvision's import from importing `torch._dynamo`, which takes nine tenths of its time.

    torchvision takes one function from there, for CUDA. Whoever calls that, or asks for another, gets torch's own.
    """
    if _COMPILER in sys.modules:
        yield
        return
    stand_in = ModuleType(_COMPILER)
    stand_in.is_compile_supported = _is_compile_supported  # type: ignore[attr-defined]
    stand_in.__getattr__ = _of_the_compiler  # type: ignore[method-assign]
    sys.modules[_COMPILER] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(_COMPILER) is stand_in:
            del sys.modules[_COMPILER]


def _is_compile_supported(device: Any) -> Any:
    return _of_the_compiler("is_compile_supported")(device)


def _of_the_compiler(name: str) -> Any:
    if name.startswith("__"):  # asked of every module by imports and by `inspect`, which can do without
        raise AttributeError(name)
    if getattr(sys.modules.get(_COMPILER), "__getattr__", None) is _of_the_compiler:
        del sys.modules[_COMPILER]
    return getattr(importlib.import_module(_COMPILER), name)


def beside_either_build(call: Callable[[], _Made]) -> _Made:
    """What a call returns that may import torchvision, which is then imported in the way that works."""
    try:
        return call()
    except Exception as error:
        if not _is_of_another_build(error):
            raise
        torchvision()
        return call()


def _is_of_another_build(error: BaseException | None) -> bool:
    """Whether it comes from an import of a torchvision that was compiled for another build of torch."""
    if error is None:
        return False
    return "operator torchvision::" in str(error) or _is_of_another_build(error.__cause__ or error.__context__)


def builder(name: str) -> Callable[..., Any]:
    """Torchvision's builder of that name."""
    models = torchvision().models
    if name not in models.list_models():
        message = f"torchvision has no model '{name}'; {did_you_mean(name, models.list_models())}"
        raise SettingsError(message)
    build: Callable[..., Any] = models.get_model_builder(name)
    return build


def weights(model_builder: str, wanted: str) -> Any:
    """A member of torchvision's weights enums: `DEFAULT` or `IMAGENET1K_V1` of the builder's own, or `Enum.MEMBER`."""
    models = torchvision().models
    enum_name, _, member = wanted.rpartition(".")
    own = model_builder.startswith("torchvision:")
    if not enum_name and not own:
        remedy = f"name the enum, as in torchvision:ResNet18_Weights.{wanted}"
        raise SettingsError(f"weights 'torchvision:{wanted}' need a torchvision builder; {remedy}")
    try:
        enum = getattr(models, enum_name) if enum_name else models.get_model_weights(model_builder.partition(":")[2])
        enum.__members__  # noqa: B018 - a builder of that name is no enum
    except AttributeError:
        enums = [name for name in dir(models) if name.endswith("_Weights")]
        raise SettingsError(f"torchvision has no weights '{enum_name}'; {did_you_mean(enum_name, enums)}") from None
    try:
        return enum[member]
    except KeyError:
        members = [*enum.__members__]
        raise SettingsError(f"{enum.__name__} has no member '{member}'; {did_you_mean(member, members)}") from None


@contextlib.contextmanager
def loading(state: dict[str, Any]) -> Iterator[None]:
    """Have torchvision's weights enums hand out this state instead of fetching one, which nobody would check."""
    enum: Any = importlib.import_module("torchvision.models").WeightsEnum
    fetch = enum.get_state_dict
    enum.get_state_dict = lambda *_, **__: state
    try:
        yield
    finally:
        enum.get_state_dict = fetch
