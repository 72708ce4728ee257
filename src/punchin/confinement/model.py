"""What a confined program may use, and what this machine really keeps it to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What a program may use. Nothing else of the machine is needed for reading a song.

    Attributes:
        memory_bytes: how much memory of its own it may take, more than it has when it is confined.
        cpu_s: seconds of computing, all threads together; None sets no limit (a program that stays).
        file_bytes: the largest file that it may write; 0: none.
        folders_readable: folders, or single files, that it may read, and run programs from.
        folders_writable: folders in which it may also make, write, rename and remove files.
        network: whether it may open sockets.
        programs: whether it may start other programs; they are confined as it is.
        open_files: how many files and sockets it may have open.
    """

    memory_bytes: int
    cpu_s: int | None
    file_bytes: int = 0
    folders_readable: tuple[Path, ...] = ()
    folders_writable: tuple[Path, ...] = ()
    network: bool = False
    programs: bool = False
    open_files: int = 128

    def to_json(self) -> str:
        """As text, for a program that is to confine itself."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote."""
        given = json.loads(text)
        for name in ("folders_readable", "folders_writable"):
            given[name] = tuple(map(Path, given[name]))
        return cls(**given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Barriers:
    """What keeps a program in, on this machine. What is missing is said, and never an error.

    Attributes:
        limits: limits of memory, computing, files (setrlimit).
        privileges: it cannot get more rights, and those of root were taken (no_new_privs, capset).
        calls: system calls that reading a song does not need are refused (seccomp).
        folders: only its folders can be opened: the version of Landlock, 0 where the kernel has none.
    """

    limits: bool = False
    privileges: bool = False
    calls: bool = False
    folders: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return self.limits and self.privileges and self.calls and self.folders > 0

    def __str__(self) -> str:
        said = [
            "limits" if self.limits else "no limits",
            "no privileges" if self.privileges else "its privileges",
            "few system calls (seccomp)" if self.calls else "all system calls",
            f"its own folders (Landlock {self.folders})" if self.folders else "every folder",
        ]
        return ", ".join(said)
