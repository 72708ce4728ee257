"""A PostgreSQL server of our own on loopback, and databases in it that live as long as a test.

PUNCHIN_TEST_POSTGRES names another one (postgresql://user:password@host/name, with the right to make
databases); `off` leaves these tests out. Without it, the programs of the system's package are used:
`apt-get install postgresql`.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from support.running import free_port

if TYPE_CHECKING:
    from collections.abc import Generator

GIVEN = os.environ.get("PUNCHIN_TEST_POSTGRES", "")
START_S = 60
USERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root: whose name it runs under then."""
QUICK = {"fsync": "off", "full_page_writes": "off"}
"""Tests kill servers, not machines: what is written need not be on the disk, but it must be written."""


@cache
def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, or None."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt/homebrew/opt").glob("postgresql*/bin")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    usable = [folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return max(usable) if usable else None


def missing() -> str:
    """Why there is no PostgreSQL for tests, or ""."""
    if GIVEN == "off":
        return "PUNCHIN_TEST_POSTGRES is off"
    if not GIVEN and binaries() is None:
        return "no PostgreSQL here: apt-get install postgresql, or set PUNCHIN_TEST_POSTGRES"
    return ""


@cache
def server_user() -> str:
    """Whose name a server runs under that root starts."""
    return next(entry.pw_name for entry in pwd.getpwall() if entry.pw_name in USERS)


class Postgres:
    """A server in a folder, which can be ended, killed and started again.

    Args:
        folder: made here; belongs to the user that the server runs as.
        host: the address that it listens at.
        port: where; any free one when 0.
        before: words in front of its command, as those that run it in another network.
    """

    def __init__(
        self, folder: Path, *, host: str = "127.0.0.1", port: int = 0, before: tuple[str, ...] = ()
    ) -> None:
        found = binaries()
        assert found, missing()
        self._binaries, self._folder, self._before = found, folder, before
        self.host, self.port = host, port or free_port()
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam(server_user())
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            self._name = user.pw_name
        else:
            self._name = getpass.getuser()
        self._process: subprocess.Popen[bytes] | None = None
        self._make()

    def _make(self) -> None:
        self._folder.mkdir(parents=True)
        if self._as:
            os.chown(self._folder, self._as["user"], self._as["group"])
        subprocess.run(
            [
                self._binaries / "initdb", "--pgdata", self._folder / "data", "--auth", "trust",
                "--encoding", "UTF8", "--locale", "C", "--no-sync", "--username", "punchin",
            ],
            check=True, capture_output=True, cwd=self._folder, env=self._environment, **self._as,
        )  # fmt: skip
        with (self._folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 0.0.0.0/0 trust\n")

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(self._folder)}

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        options = QUICK | {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "300",
            "shared_buffers": "64MB",
            "autovacuum": "off",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._before, self._binaries / "postgres", "-D", self._folder / "data", *words],
                stdout=log, stderr=log, cwd=self._folder, env=self._environment,
                **({} if self._before else self._as),
            )  # fmt: skip
        deadline = time.monotonic() + START_S
        ask = [*self._before, self._binaries / "pg_isready", "-h", self.host, "-p", str(self.port), "-q"]
        while subprocess.run(ask, check=False).returncode:
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT ("fast") drops all connections, SIGQUIT ("immediate") does not even tidy up."""
        if self._process is not None:
            pid = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
            os.kill(pid, how)
            self._process.wait(START_S)
            self._process = None

    @property
    def address(self) -> str:
        """Of its first database."""
        return f"postgresql://punchin@{self.host}:{self.port}/postgres"


@contextlib.contextmanager
def own(*, host: str = "127.0.0.1", before: tuple[str, ...] = ()) -> Generator[Postgres]:
    """A server that a test may kill, started; see `Postgres`."""
    folder = Path(tempfile.mkdtemp(prefix="punchin-pg-"))
    folder.chmod(0o755)
    try:
        server = Postgres(folder / "server", host=host, before=before)
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
                server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _server() -> tuple[Postgres, str]:
    """The server of this test process; ended with it."""
    import atexit

    stack = contextlib.ExitStack()
    server = stack.enter_context(own())
    atexit.register(stack.close)
    return server, server.address


@contextlib.contextmanager
def database(template: str | None = None) -> Generator[str]:
    """The address of a new database, which is dropped afterwards.

    Args:
        template: the name of one that it is a copy of.
    """
    name = f"punchin_test_{secrets.token_hex(4)}"
    with _maintenance() as (url, run):
        run(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        try:
            yield url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        finally:
            run(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def _maintenance() -> Generator[tuple[Any, Any]]:
    url = make_url(GIVEN or _server()[1]).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def run(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(statement))

    try:
        yield url, run
    finally:
        engine.dispose()


@cache
def prepared() -> str:
    """The name of a database with our tables and the dispatcher's, to be copied."""
    from punchin.dispatch import prepare
    from punchin.store import Store, migrate

    name = f"punchin_template_{secrets.token_hex(4)}"
    with _maintenance() as (url, run):
        run(f"CREATE DATABASE {name}")
    address = url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    migrate(address)
    store = Store.open(address)
    prepare(store.engine, 0.05)
    store.close()
    return name
