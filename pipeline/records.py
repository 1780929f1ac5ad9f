"""What is written down for people and machines: plain data, versioned, as JSON."""

from typing import Literal

import msgspec

SCHEMA = 1
UNTRAINED = "UNTRAINED WEIGHTS"
Precision = Literal["float32", "bfloat16"]


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where weights come from."""

    source: str
    """In words, such as "torchvision ResNet18_Weights.IMAGENET1K_V1"."""
    file: str | None = None
    """The file that was read."""
    sha256: str
    """Of that file; without one, of the tensors."""
    untrained: bool = False
    reason: str = ""
    """Why these weights are not the ones that the settings ask for first."""
    adapted: str = ""
    """What was done to the file's state dict to make it fit the model; mostly empty."""

    @property
    def notice(self) -> str:
        """What must be said in plain sight wherever these weights appear; mostly empty."""
        return f"{UNTRAINED}: {self.reason or self.source}" if self.untrained else ""


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What travels inside an archive, beside the model."""

    schema: int = SCHEMA
    model: str
    builder: str
    method: str
    weights: Provenance
    inputs: list[str]
    """One per argument of `forward`: the dtype and then each extent, such as "float32 batch 3 224 224"."""
    categories: list[str]
    changed_inputs: list[str] = []
    """What a call changes in place, such as "input[0]"; mostly nothing."""
    torch: str

    def extra_files(self) -> dict[str, str]:
        """The archive's extra files: all of it for people, and for `ts-infer` each fact in its plainest form."""
        return {
            "torchferry.json": msgspec.json.format(msgspec.json.encode(self)).decode(),
            "about.txt": self._about(),
            "inputs.txt": "".join(f"{line}\n" for line in self.inputs),
            "categories.txt": "".join(f"{name}\n" for name in self.categories),
            "notice.txt": self.weights.notice,
        }

    def _about(self) -> str:
        origin = [self.weights.source, f"sha256 {self.weights.sha256}", self.weights.adapted]
        facts = {
            "model": self.model,
            "builder": self.builder,
            "method": self.method,
            "weights": ", ".join(filter(None, origin)),
            "torch": self.torch,
        }
        if self.changed_inputs:
            facts["changes"] = f"{', '.join(self.changed_inputs)}, in place"
        return "".join(f"  {key:<10} {value}\n" for key, value in facts.items())
