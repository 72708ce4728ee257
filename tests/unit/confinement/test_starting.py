"""Each line here is something that a broken decoder could be made to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from punchin.confinement import Confinement, confine, folders_of_python, start
from punchin.confinement.folders import version
from support.confined import ended, tried

SMALL = Confinement(memory_bytes=200_000_000, cpu_s=20)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine not in ("x86_64", "aarch64"),
    reason="the barriers are those of Linux",
)
needs_landlock = pytest.mark.skipif(version() == 0, reason="this kernel has no Landlock")


def with_folders(place: Path, **more: object) -> Confinement:
    for name in ("read", "write", "other"):
        (place / name).mkdir()
        (place / name / "there").write_text("something")
    return Confinement(
        memory_bytes=200_000_000,
        cpu_s=20,
        file_bytes=100_000,
        folders_readable=(place / "read",),
        folders_writable=(place / "write",),
        **more,  # pyright: ignore[reportArgumentType]
    )


@needs_landlock
def test_only_its_folders_are_there(tmp_path: Path) -> None:
    found = tried(
        with_folders(tmp_path),
        tmp_path,
        """
import os
from pathlib import Path
place = Path(PLACE)
attempt("read", (place / "read" / "there").read_bytes)
attempt("list", lambda: os.listdir(place / "read"))
attempt("write", lambda: (place / "write" / "new").write_text("x"))
attempt("rename", lambda: (place / "write" / "new").rename(place / "write" / "newer"))
attempt("link", lambda: (place / "write" / "linked").hardlink_to(place / "write" / "newer"))
attempt("remove", (place / "write" / "linked").unlink)
attempt("write what is read", lambda: (place / "read" / "new").write_text("x"))
attempt("change what is read", lambda: (place / "read" / "there").open("r+"))
attempt("truncate what is read", lambda: os.truncate(place / "read" / "there", 0))
attempt("read another", (place / "other" / "there").read_bytes)
attempt("passwords", Path("/etc/passwd").read_bytes)
attempt("environment", lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes())
attempt("lead elsewhere", lambda: (place / "write" / "away").symlink_to("/etc/passwd"))
attempt("take out", lambda: (place / "write" / "away").hardlink_to(place / "read" / "there"))
attempt("too large", lambda: (place / "write" / "large").write_bytes(bytes(200_000)))
""",
    )
    done = {"read", "list", "write", "rename", "link", "remove"}
    assert {name for name, how in found.items() if how == "done"} == done, found
    assert (tmp_path / "read" / "there").read_text() == "something"
    assert (tmp_path / "write" / "large").stat().st_size <= 100_000


def test_no_network_no_other_programs_no_more_rights(tmp_path: Path) -> None:
    found = tried(
        SMALL,
        tmp_path,
        """
import ctypes, mmap, os, resource, signal, socket, subprocess, threading
attempt("socket", socket.socket)
attempt("local socket", lambda: socket.socket(socket.AF_UNIX))
attempt("fork", os.fork)
attempt("program", lambda: subprocess.run(["true"]))
attempt("kill the parent", lambda: os.kill(os.getppid(), signal.SIGKILL))
attempt("kill all", lambda: os.kill(-1, signal.SIGKILL))
attempt("the parent's limits", lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE, (0, 0)))
attempt("the parent's processor", lambda: os.sched_setaffinity(os.getppid(), {0}))
attempt("a higher limit", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)))
attempt("another user", lambda: os.setuid(12345))
attempt("uncounted memory", lambda: mmap.mmap(-1, 4096))
attempt("uncounted file", lambda: os.memfd_create("x"))
attempt("own session", os.setsid)
def outlive():
    if ctypes.CDLL(None, use_errno=True).prctl(1, 0) != 0:
        raise PermissionError
attempt("outlive", outlive)
def gain_rights():
    # PR_GET_NO_NEW_PRIVS; then capget(2): the effective rights of this process
    header, held = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capget(header, held) == 0
    if ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1 and not held[0] & (1 << 21):  # CAP_SYS_ADMIN
        raise PermissionError
attempt("new rights", gain_rights)
attempt("thread", lambda: threading.Thread(target=int).start())
attempt("signal itself", lambda: os.kill(os.getpid(), 0))
""",
    )
    assert {name for name, how in found.items() if how == "done"} == {"thread", "signal itself"}, found


def test_network_and_programs_where_they_are_allowed(tmp_path: Path) -> None:
    allowed = Confinement(memory_bytes=200_000_000, cpu_s=20, network=True, programs=True)
    found = tried(
        allowed,
        tmp_path,
        """
import socket, subprocess
attempt("socket", socket.socket)
attempt("program", lambda: subprocess.run(["true"], check=True))
""",
    )
    assert found == {"socket": "done", "program": "done"}


def test_bombs_go_off_inside() -> None:
    short = Confinement(memory_bytes=100_000_000, cpu_s=1)
    assert ended(short, "while True: pass") == -signal.SIGXCPU
    assert ended(short, "held = [bytearray(1 << 20) for _ in range(1 << 20)]") == 1
    assert ended(short, "import os; os.abort()") == -signal.SIGABRT
    assert ended(short, "import ctypes; ctypes.string_at(0)") == -signal.SIGSEGV
    assert ended(short, "held = [open('/dev/zero') for _ in range(1000)]") == 1


def test_the_packages_that_songs_need_work_inside(tmp_path: Path) -> None:
    found = tried(
        SMALL,
        tmp_path,
        """
import numpy, soundfile
attempt("matrix", lambda: numpy.ones((64, 64)) @ numpy.ones((64, 64)))
attempt("too much", lambda: numpy.ones(100_000_000))
""",
    )
    assert found == {"matrix": "done", "too much": "MemoryError"}


def test_a_program_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        start(["no-such-program"], SMALL)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    lost = Confinement(memory_bytes=200_000_000, cpu_s=5, folders_readable=(tmp_path / "lost",))
    with start([sys.executable, "-c", ""], lost, stderr=subprocess.PIPE) as program:
        _, wrong = program.communicate(timeout=60)
    assert program.returncode != 0
    assert b"lost" in wrong


def test_the_current_folder_is_not_one_of_pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m` puts it on the path of modules; a service's is often the one with everything in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), *sys.path])
    assert tmp_path.resolve() not in folders_of_python()
    assert Path("/") not in folders_of_python()


def test_a_process_with_threads_is_not_half_confined() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        with pytest.raises(RuntimeError, match="before it has threads"):
            confine(SMALL)
    finally:
        over.set()
        thread.join()


def test_a_confinement_survives_the_way_to_another_program() -> None:
    here = Confinement(memory_bytes=1, cpu_s=None, folders_readable=(Path("/a b"),), network=True)
    assert Confinement.from_json(here.to_json()) == here
