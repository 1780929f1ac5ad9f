"""How much memory there is for us."""

from collections.abc import Iterator
from pathlib import Path

UNLIMITED = 1 << 60
"""What version 1 of cgroups says, about, where there is no limit."""
PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


def available(proc: Path = PROC, cgroups: Path = CGROUPS) -> int:
    """The bytes that this process can still get: what the machine has, swap included, within our cgroups' limits."""
    return min([_of_machine(proc), *_within_limits(proc, cgroups)])


def _of_machine(proc: Path) -> int:
    try:
        lines = (proc / "meminfo").read_text().splitlines()
        sizes = {line.partition(":")[0]: int(line.split()[1]) << 10 for line in lines}
        return sizes["MemAvailable"] + sizes.get("SwapFree", 0)
    except (OSError, ValueError, IndexError, KeyError):
        return UNLIMITED


def _within_limits(proc: Path, cgroups: Path) -> Iterator[int]:
    """What each cgroup that we are in, and each above it, has left; pages of files that it would drop are left, too."""
    try:
        entries = [line.split(":", 2) for line in (proc / "self/cgroup").read_text().splitlines()]
    except OSError:
        return
    for _, controllers, path in entries:
        if controllers == "":
            root, limit, usage, dropped = cgroups, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            root, limit, usage = cgroups / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
            dropped = "total_inactive_file"
        else:
            continue
        folder = root / path.lstrip("/")
        for one in [folder, *folder.parents]:
            if one.is_relative_to(root):
                yield from _left(one, limit, usage, dropped)


def _left(folder: Path, limit: str, usage: str, dropped: str) -> Iterator[int]:
    try:
        most, used = int((folder / limit).read_text()), int((folder / usage).read_text())  # "max" is no number
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        yield max(0, most - used + int(stat.get(dropped, 0)))
    except (OSError, ValueError):
        return
