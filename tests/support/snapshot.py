"""A folder that is put back as it was, at the cost of what has changed."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

FOLDER = (stat.S_IFDIR,)


class Snapshot:
    """What lies in a folder, with a copy of it elsewhere. Links are followed when it is taken."""

    def __init__(self, folder: Path, copy: Path) -> None:
        """Copy the folder."""
        self.folder, self.copy = folder, copy
        shutil.copytree(folder, copy)
        self._stamps = dict(_stamps(folder))

    def restore(self) -> None:
        """Put the folder back; a file that was left alone stays as it is, with its inode and times."""
        now = dict(_stamps(self.folder))
        changed = {path for path in {*now, *self._stamps} if now.get(path) != self._stamps.get(path)}
        for path in sorted(changed & {*now}, reverse=True):  # the contents of a folder come before it
            remove = os.rmdir if now[path] == FOLDER else os.unlink
            remove(path)
        for path in sorted(changed & {*self._stamps}):
            if self._stamps[path] == FOLDER:
                os.mkdir(path)
            else:
                shutil.copy2(self.copy / os.path.relpath(path, self.folder), path)
        self._stamps = dict(_stamps(self.folder))


def _stamps(folder: str | Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What tells that a path is another: of a file, also when it last changed in any way, which no program can set."""
    for entry in os.scandir(folder):
        found = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            yield entry.path, FOLDER
            yield from _stamps(entry.path)
        else:
            yield entry.path, (found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
