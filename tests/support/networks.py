"""Machines of a network, on this one: each has a network namespace and a host name, all hang on one bridge.

This needs Linux and the right to make namespaces (root, and `ip` of iproute2); `missing()` says
what is not there.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

AS_HOST = 'hostname "$0" && exec "$@"'


@cache
def missing() -> str:
    """Why there can be no network here, or ""."""
    if lacking := [name for name in ("ip", "unshare", "setpriv") if shutil.which(name) is None]:
        return f"no {lacking[0]} here: apt-get install iproute2 util-linux"
    try:
        with network(["probe"]) as (probe,):
            _run(*probe.before, "true")
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no network namespaces may be made here: {error}"
    return ""


@dataclass(frozen=True)
class Machine:
    """One of them.

    Attributes:
        name: its host name.
        address: where the others, and we, reach it.
        namespace: of its network.
        cable: the end of its cable at the bridge.
    """

    name: str
    address: str
    namespace: str
    cable: str

    @property
    def before(self) -> tuple[str, ...]:
        """The words in front of a command that runs there; its process id is the command's."""
        return (
            "ip", "netns", "exec", self.namespace, "unshare", "--uts", "sh", "-c", AS_HOST, self.name,
        )  # fmt: skip

    def before_as(self, user: str) -> tuple[str, ...]:
        """The same for a command that runs as another user."""
        entry = pwd.getpwnam(user)
        return (
            *self.before, "setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups",
        )  # fmt: skip

    def cut(self) -> None:
        """Pull its cable: nobody is told, packets are gone."""
        _run("ip", "link", "set", self.cable, "down")

    def heal(self) -> None:
        """Plug it in again."""
        _run("ip", "link", "set", self.cable, "up")


@contextmanager
def network(names: Sequence[str]) -> Generator[tuple[Machine, ...]]:
    """Machines of these names; what still runs on them when it is over is killed."""
    tag = secrets.token_hex(2)
    bridge, subnet = f"pb{tag}", f"10.{secrets.randbelow(100) + 120}.{secrets.randbelow(250)}"
    with ExitStack() as stack:
        _run("ip", "link", "add", bridge, "type", "bridge")
        stack.callback(_run, "ip", "link", "del", bridge)
        _run("ip", "addr", "add", f"{subnet}.1/24", "dev", bridge)
        _run("ip", "link", "set", bridge, "up")
        machines = tuple(
            Machine(name, f"{subnet}.{place}", f"punchin-{tag}-{place}", f"pv{tag}{place}")
            for place, name in enumerate(names, 2)
        )
        for machine in machines:
            _run("ip", "netns", "add", machine.namespace)
            stack.callback(_remove, machine)
            _run(
                "ip", "link", "add", machine.cable, "type", "veth", "peer", "eth0", "netns", machine.namespace
            )
            _run("ip", "link", "set", machine.cable, "master", bridge, "up")
            inside = "ip", "-n", machine.namespace
            _run(*inside, "addr", "add", f"{machine.address}/24", "dev", "eth0")
            _run(*inside, "link", "set", "eth0", "up")
            _run(*inside, "link", "set", "lo", "up")
        yield machines


def _remove(machine: Machine) -> None:
    listed = subprocess.run(
        ["ip", "netns", "pids", machine.namespace], capture_output=True, text=True, check=False
    )
    for pid in listed.stdout.split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), 9)
    subprocess.run(["ip", "netns", "del", machine.namespace], capture_output=True, check=False)
    subprocess.run(["ip", "link", "del", machine.cable], capture_output=True, check=False)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Generator[Path]:
    """A disk of so many megabytes, in memory, as this folder."""
    folder.mkdir(parents=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _run("umount", "--lazy", str(folder))


@contextmanager
def full(disk: Path) -> Generator[None]:
    """Not a byte more fits onto a disk within."""
    filler = disk / "filler"
    try:
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
        yield
    finally:
        filler.unlink()


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
