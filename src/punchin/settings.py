"""Every setting, from the environment: `PUNCHIN_HOME` is the field `home`, and so on (docs/settings.md).

Read once at the top (command, start of the service, start of a worker) and passed down; nothing below reads
the environment.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta

from punchin.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "PUNCHIN_"
FOR_CLIENTS = ("PUNCHIN_KEY", "PUNCHIN_URL")
"""What the docs' examples call a client's key and address: not settings, and no reason to refuse to start."""


def _home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("punchin")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may choose. Values are checked when they are read."""

    home: Annotated[Path, Meta(description="Where all state lives: models, database, uploads, outputs.")] = (
        msgspec.field(default_factory=_home)
    )
    engine: Annotated[
        str,
        Meta(description="Who fills the hole: a name of `punchin engines`, or auto for the best that runs."),
    ] = "auto"
    serves: Annotated[
        tuple[str, ...],
        Meta(
            description="Whose jobs the workers of this machine take: engines' names, with commas, and "
            "auto for jobs that name none. Empty: auto, and every engine that runs here."
        ),
    ] = ()
    devices: Annotated[
        tuple[str, ...],
        Meta(
            description="What models compute on: auto, cpu, cuda, cuda:1, mps. Several, with commas between, "
            "are dealt out to the workers: the first to slot 0, and so on."
        ),
    ] = ("auto",)
    ace_step: Annotated[
        tuple[str, ...],
        Meta(
            description="How ACE-Step runs, as name=value with commas between: precision, placement, int8, "
            "compiled, few_lengths, batch, cache_mb. docs/ace-step.md explains them."
        ),
    ] = ()

    # The ledger
    db: Annotated[
        str,
        Meta(
            description="The database: sqlite:////path/punchin.db or postgresql://user:password@host/name; "
            "empty: punchin.db in PUNCHIN_HOME."
        ),
    ] = ""
    api_key: Annotated[
        str,
        Meta(description="The first API key, 16 characters or more; empty: one is made and shown once."),
    ] = ""
    retention_days: Annotated[
        float, Meta(gt=0, le=36500, description="How long jobs, uploads and outputs are kept.")
    ] = 7
    price_per_s: Annotated[
        float,
        Meta(ge=0, le=1e6, description="What a second of new sound costs, in whatever keys are prepaid in."),
    ] = 0.0002
    rate_per_minute: Annotated[
        int,
        Meta(ge=0, description="Jobs that a key may submit in a minute; more are refused. 0: any number."),
    ] = 0
    max_running: Annotated[
        int, Meta(ge=0, description="Jobs of a key at work at once; more wait. 0: any number.")
    ] = 0
    max_queued: Annotated[
        int, Meta(ge=0, description="Jobs of a key that may wait; more are refused. 0: any number.")
    ] = 0

    max_waiting: Annotated[
        int,
        Meta(ge=0, description="Jobs of all keys that may wait; more are refused (429). 0: any number."),
    ] = 0

    # The processes
    host: Annotated[str, Meta(min_length=1, description="The address that the service listens at.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=1, le=65535, description="The port that the service listens at.")] = 8000
    workers: Annotated[
        int,
        Meta(ge=0, le=64, description="How many workers `punchin serve` keeps; see also PUNCHIN_BATCH."),
    ] = 1
    batch: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="How many jobs a worker takes at once if its engine fills several in one call: "
            "ACE-Step, which gains by it on a GPU and not on a CPU. A fill made with others differs in the "
            "last bits, and its receipt says so.",
        ),
    ] = 1
    poll_s: Annotated[
        float, Meta(ge=0.01, le=60, description="How often an idle worker looks for a job, in seconds.")
    ] = 0.1
    job_limit_s: Annotated[
        float, Meta(gt=0, description="How long one job may take, in seconds; then it is failed.")
    ] = 1800
    max_attempts: Annotated[
        int,
        Meta(
            ge=1, le=100, description="How often a job is begun whose worker dies with it; then it is failed."
        ),
    ] = 3
    grace_s: Annotated[
        float,
        Meta(ge=0, description="How long a worker that is told to stop may go on with its job, in seconds."),
    ] = 30
    dead_after_s: Annotated[
        float,
        Meta(ge=3, description="A worker that gave no sign of life for so many seconds is replaced."),
    ] = 30

    # Files, the network, words
    files: Annotated[
        str,
        Meta(
            description="Where uploads and outputs are kept: a folder, or s3://bucket/prefix; empty: "
            "the folder files in PUNCHIN_HOME."
        ),
    ] = ""
    direct_files: Annotated[
        bool,
        Meta(
            description="Whether clients send and read files at the store itself, by addresses that it "
            "signs, where PUNCHIN_FILES can sign (S3, GCS, Azure) and they reach it; else all goes through "
            "the API."
        ),
    ] = True
    worker_cache_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="How many bytes of songs of an object store the workers of a machine keep, so that a "
            "song is fetched once; 0: none.",
        ),
    ] = 2_000_000_000
    secret: Annotated[
        str,
        Meta(
            description="What addresses of files are signed with, 32 characters or more, where several "
            "machines share one; empty: the file secret in PUNCHIN_HOME, made at first start."
        ),
    ] = ""
    link_hours: Annotated[
        float,
        Meta(gt=0, le=87600, description="How long the address of an upload or output works once given out."),
    ] = 168
    upload_minutes: Annotated[
        float, Meta(gt=0, le=10080, description="How long the address that a file is sent to works.")
    ] = 60
    max_song_mb: Annotated[
        float,
        Meta(
            gt=0, description="The largest song that is fetched or uploaded, in megabytes of 1,000,000 bytes."
        ),
    ] = 1100
    fetch_limit_s: Annotated[
        float, Meta(gt=0, description="How long fetching one song may take, in seconds.")
    ] = 600
    trusted_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Hosts that songs and webhooks may use although they are private or plain http: "
            "names, name:port, addresses, or networks like 10.0.0.0/8, with commas between."
        ),
    ] = ()
    allow_http: Annotated[
        bool, Meta(description="Whether public songs and webhooks may be at plain http addresses.")
    ] = False
    confine: Annotated[
        Literal["auto", "off"],
        Meta(
            description="Whether songs are read in a process of their own, kept in by what the system has "
            "for it: limits, seccomp, Landlock (auto), or in the worker, which a bad file can then bring "
            "down (off)."
        ),
    ] = "auto"
    song_memory_mb: Annotated[
        int,
        Meta(
            ge=256, le=1_000_000, description="How much memory reading and editing one song may take, in MB."
        ),
    ] = 2000
    song_cpu_s: Annotated[
        int,
        Meta(
            ge=5,
            le=86400,
            description="How long reading and editing one song may compute, in seconds; the "
            "engine's time is not counted.",
        ),
    ] = 900
    max_song_minutes: Annotated[
        float, Meta(gt=0, le=1440, description="The longest song that is edited, in minutes.")
    ] = 60
    max_song_msamples: Annotated[
        float,
        Meta(gt=0, description="The largest song that is edited, in millions of samples of all channels."),
    ] = 1400
    max_output_mb: Annotated[
        float,
        Meta(gt=0, description="The largest output that is written, in megabytes of 1,000,000 bytes."),
    ] = 6000
    nsfw: Annotated[
        Literal["off", "flag", "refuse"],
        Meta(
            description="Unsafe words in tags or lyrics, found by a word list: not looked for (off), told "
            "in the result (flag), or the job fails (refuse)."
        ),
    ] = "flag"

    # The web
    public_base_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^/?#\s]+(/[^?#\s]*)?)?$",
            description="How clients reach this server, as in https://host or https://host/path; empty: as "
            "each request says.",
        ),
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses of proxies whose X-Forwarded-Host, -Proto and -Prefix are believed, with "
            "commas between; * believes everybody."
        ),
    ] = ("127.0.0.1", "::1")
    cors_origins: Annotated[
        tuple[str, ...],
        Meta(
            description="Web pages that may use this server from a browser, with commas between; * for all."
        ),
    ] = ()
    max_upload_mb: Annotated[
        float, Meta(gt=0, description="The largest upload, in megabytes of 1,000,000 bytes.")
    ] = 1100
    max_time_s: Annotated[
        float,
        Meta(gt=0, le=86400, description="The largest start_time and end_time, in seconds."),
    ] = 240
    sync_limit_s: Annotated[
        float,
        Meta(gt=0, le=3600, description="How long a request with enable_sync_mode waits, in seconds."),
    ] = 90
    max_base64_mb: Annotated[
        float,
        Meta(gt=0, description="The largest output that is given as base64, in megabytes of the file."),
    ] = 100

    # The playground
    welcome: Annotated[
        bool,
        Meta(
            description="Whether the page at / gets a key by itself where the service listens at loopback "
            "only and is asked by this machine."
        ),
    ] = True
    heard_mb: Annotated[
        float,
        Meta(ge=10, description="How much is kept of what the page asked about songs, in megabytes."),
    ] = 1000

    @property
    def db_address(self) -> str:
        """Where the database is."""
        # A folder's name may hold what means something in an address: "?", "#", "%".
        return self.db or f"sqlite:///{quote(str(self.home.absolute() / 'punchin.db'))}"

    def device_of(self, slot: int) -> str:
        """What the worker of that slot computes on."""
        return self.devices[slot % len(self.devices)] if self.devices else "auto"

    @property
    def files_address(self) -> str:
        """Where uploads and outputs are."""
        return self.files or str(self.home.absolute() / "files")

    @property
    def max_song_bytes(self) -> int:
        """The largest song, in bytes."""
        return round(self.max_song_mb * 1_000_000)


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the settings.

    Args:
        environment: usually `os.environ`; names without the prefix are ignored.

    Raises:
        SettingsError: if a name with the prefix is unknown or a value cannot be used; names it.
    """
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    given: dict[str, Any] = {}
    written: dict[str, str] = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name in FOR_CLIENTS or not text.strip():
            continue
        field = fields.get(name.removeprefix(PREFIX).lower())
        if field is None:
            raise SettingsError(f"there is no setting {name}; there are {', '.join(map(variable, fields))}")
        written[field.name] = name
        given[field.name] = _split(text) if _is_list(field.type) else text.strip()
    try:
        return msgspec.convert(given, Settings, strict=False, dec_hook=_decoded)
    except msgspec.ValidationError as error:
        message, _, path = str(error).rpartition(" - at `$.")
        name = re.split(r"[.\[`]", path)[0]
        raise SettingsError(
            f"{written[name]} is {environment[written[name]]!r}: {message.lower()}"
        ) from error


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def _is_list(kind: Any) -> bool:
    return "tuple" in str(kind)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _decoded(kind: type, value: Any) -> Any:
    try:
        return kind(value).expanduser() if kind is Path else kind(value)
    except RuntimeError as error:  # "~somebody" who is not there
        raise ValueError(str(error)) from error
