"""Starts a program confined."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from punchin.confinement.model import Confinement

_SOURCE = Path(__file__).resolve().parents[2]
_LAUNCH = (
    "import sys; sys.path.insert(0, sys.argv[1]); from punchin.confinement.launching import launch; launch()"
)
_SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/nix/store", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime",
    "/dev/urandom", "/dev/zero", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu",
)  # fmt: skip
_FOR_THE_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/ssl")


def start(
    argv: Sequence[str],
    confinement: Confinement,
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program that can do no more than it may, as can all that it starts.

        child = start(
            [sys.executable, "-m", "punchin.desk"],
            Confinement(
                memory_bytes=1_000_000_000,
                cpu_s=None,                              # it stays; give a number to one that ends
                file_bytes=64_000_000,
                folders_readable=(home / "files",),
                folders_writable=(home / "desk",),
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )

    The system's folders of programs and those of this Python can be read by every program that is started
    so: it could not begin without them. A program of ours that has begun can keep itself in closer, once for
    each song if it forks: see `confine` and `Zygote`.

    Args:
        argv: the program and its arguments; searched for in PATH.
        confinement: what it may use.
        stdin, stdout, stderr, env, cwd, pass_fds: as `subprocess.Popen`.

    Raises:
        FileNotFoundError: there is no such program.
    """
    program = shutil.which(argv[0])
    if program is None:
        raise FileNotFoundError(f"there is no program {argv[0]}")
    readable = (*confinement.folders_readable, *folders_of_programs(network=confinement.network))
    whole = replace(confinement, folders_readable=readable)
    # A program between, and not code after a fork: this process has threads, whose locks would stay locked.
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(_SOURCE), whole.to_json()]
    return subprocess.Popen(
        [*launcher, os.path.abspath(program), *argv[1:]],  # noqa: PTH100 - a link stays a link
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=env,
        cwd=cwd,
        pass_fds=tuple(pass_fds),
    )


def folders_of_python() -> tuple[Path, ...]:
    """Where this Python and its packages lie: a program that imports late must be able to read them."""
    schemes = sysconfig.get_paths()
    found = {Path(sys.prefix), Path(sys.base_prefix), _SOURCE / "punchin"}
    found |= {Path(schemes[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    # Folders that were named for modules, but never the one that happened to be current.
    found |= {Path(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry}
    return tuple(sorted(path.resolve() for path in found if path.is_dir() and path.resolve() != Path("/")))


def folders_of_programs(*, network: bool = False) -> tuple[Path, ...]:
    """What nearly every program reads when it begins; see `start`."""
    names = (*_SYSTEM, *(_FOR_THE_NETWORK if network else ()))
    found = {*folders_of_python(), *(Path(name).resolve() for name in names if Path(name).exists())}
    # Each costs a little at every start; one that lies in another adds nothing.
    return tuple(sorted(path for path in found if not found.intersection(path.parents)))
