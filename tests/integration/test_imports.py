"""What steps leave alone: torch's compiler, which takes longer to import than torch itself."""

import sys
from pathlib import Path

from tests.support.project import checkout

COMPILER = "torch._dynamo"


def test_export_imports_no_compiler(tmp_path: Path) -> None:
    project = checkout(tmp_path / "project")
    assert project.step("weights", "twin").code == 0
    exported = project.step("export", "twin", PYTHONPROFILEIMPORTTIME="1")
    assert exported.code == 0, exported.output
    imported = [line.rpartition("|")[2].strip() for line in exported.output.splitlines()]
    assert "torchvision.ops.roi_align" in imported
    assert [name for name in imported if name.startswith(COMPILER)] == []


def test_torchvision_finds_the_compiler_when_it_asks(tmp_path: Path) -> None:
    """What stands in for it goes with the import."""
    asks = [
        "import importlib, sys",
        "from pipeline.model import vision",
        "vision.torchvision()",
        f"assert '{COMPILER}.utils' not in sys.modules",
        "supported = importlib.import_module('torchvision.ops.roi_align').is_compile_supported",
        "assert supported('cpu') == importlib.import_module('torch._dynamo.utils').is_compile_supported('cpu')",
        "assert not supported('meta')",
    ]
    found = checkout(tmp_path / "project").run([sys.executable, "-c", "; ".join(asks)])
    assert found.code == 0, found.output
