"""What is written down for people and machines: plain data, versioned, as JSON."""

from typing import Literal

import msgspec

SCHEMA = 1
UNTRAINED = "UNTRAINED WEIGHTS"
METADATA_FILE = "torchferry.json"
EXTRA_FILES = (METADATA_FILE, "about.txt", "inputs.txt", "categories.txt", "notice.txt", "form.txt")
"""The names of the extra files that are ours, in every archive."""
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
    methods: list[str] = []
    """The methods that it offers beside `forward`, and ours."""
    compared_methods: list[str] = []
    """Those of them that were held against eager PyTorch's."""
    extra_files: list[str] = []
    """The extra files that came with the model."""
    torch: str
    form: str = "plain"
    """In which form `ts-infer` runs it: "fused", "frozen" or "plain"."""
    form_reason: str = ""
    """Why it is that one."""

    @property
    def not_compared(self) -> list[str]:
        """The methods that nobody has looked at."""
        return [name for name in self.methods if name not in self.compared_methods]

    def own_files(self) -> dict[str, str]:
        """The archive's extra files: all of it for people, and for `ts-infer` each fact in its plainest form."""
        return {
            METADATA_FILE: msgspec.json.format(msgspec.json.encode(self)).decode(),
            "about.txt": self._about(),
            "inputs.txt": "".join(f"{line}\n" for line in self.inputs),
            "categories.txt": "".join(f"{name}\n" for name in self.categories),
            "notice.txt": self.weights.notice,
            "form.txt": f"{self.form}\n{self.form_reason}\n",
        }

    def _about(self) -> str:
        origin = [self.weights.source, f"sha256 {self.weights.sha256}", self.weights.adapted]
        facts = {
            "model": self.model,
            "builder": self.builder,
            "method": self.method,
            "weights": ", ".join(filter(None, origin)),
            "torch": self.torch,
            "form": f"{self.form} ({self.form_reason})" if self.form_reason else self.form,
        }
        if self.changed_inputs:
            facts["changes"] = f"{', '.join(self.changed_inputs)}, in place"
        if self.methods:
            told = [f"{name} ({'not ' * (name in self.not_compared)}compared)" for name in self.methods]
            facts["methods"] = ", ".join(told)
        if self.extra_files:
            names = [name if name.isprintable() else ascii(name) for name in self.extra_files]
            facts["extra files"] = ", ".join(names)
        return "".join(f"  {key:<13}{value}\n" for key, value in facts.items())
