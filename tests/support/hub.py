"""A stand-in for the hub on loopback, and models of paper: right in shape, a few kilobytes in size.

It speaks what huggingface_hub asks: a model's files with their LFS hashes, and each file with ranges, ETag
and commit, large ones through a redirect to another address as the hub's storage does. It can break off,
damage files, ignore ranges and answer with errors.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from pathlib import Path

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "1234567890abcdef1234567890abcdef12345678"
REPO = "maker/paper"
LARGE = (".safetensors", ".pt")

CONFIG = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "in_channels": 24, "audio_acoustic_hidden_dim": 8, "patch_size": 2,
    "layer_types": ["sliding_attention", "full_attention"], "head_dim": 8, "rope_theta": 1_000_000,
    "attention_bias": False, "attention_dropout": 0.0, "rms_norm_eps": 1e-6, "sliding_window": 128,
    "text_hidden_dim": 16, "timbre_hidden_dim": 8, "num_lyric_encoder_hidden_layers": 2,
    "num_timbre_encoder_hidden_layers": 2, "is_turbo": True,
}  # fmt: skip


def paper_weights(size: int, seed: int) -> bytes:
    """A safetensors file with one tensor of `size` bytes."""
    header = json.dumps({"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    noise = hashlib.shake_256(seed.to_bytes(4, "little")).digest(size)
    return len(header).to_bytes(8, "little") + header + noise


def paper_model(folder: Path, checkpoint: str = "acestep-v15-turbo", *, turbo: bool = True) -> Path:
    """The files of a model in the original layout, with what a repository holds besides."""
    files: dict[str, bytes] = {
        f"{checkpoint}/config.json": json.dumps(CONFIG | {"is_turbo": turbo}).encode(),
        f"{checkpoint}/model.safetensors": paper_weights(300_000, 1),
        f"{checkpoint}/silence_latent.pt": b"silence" * 100,
        f"{checkpoint}/modeling.py": b"raise SystemExit",
        "vae/config.json": b"{}",
        "vae/diffusion_pytorch_model.safetensors": paper_weights(50_000, 2),
        "Qwen3-Embedding-0.6B/config.json": b"{}",
        "Qwen3-Embedding-0.6B/model.safetensors": paper_weights(40_000, 3),
        "Qwen3-Embedding-0.6B/tokenizer.json": b'{"version": "1.0"}',
        "planner-1.7B/model.safetensors": paper_weights(90_000, 4),
        "README.md": b"# Paper",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@dataclass
class HubStandIn:
    """The server: what it serves, what it does wrong, and what it was asked.

    Attributes:
        root: the files of its one repository.
        break_at: for a file, at which byte connections end; each entry is used up by one connection.
        damaged: files that arrive with one byte changed.
        refused: for a file, the status it answers instead.
        ranges: whether it goes on in the middle.
        asked: (method, file, range) of every request for a file.
    """

    root: Path
    repo: str = REPO
    break_at: dict[str, list[int]] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)
    refused: dict[str, int] = field(default_factory=dict)
    ranges: bool = True
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> HubStandIn:
        stand_in = self

        class Handler(_Handler):
            hub = stand_in

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def siblings(self) -> list[dict[str, Any]]:
        """The files as `model_info(..., files_metadata=True)` tells them."""
        found = []
        for path in sorted(self.root.rglob("*")):
            if not path.is_file():
                continue
            name, content = path.relative_to(self.root).as_posix(), path.read_bytes()
            each: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": _git(content)}
            if name.endswith(LARGE):
                sha = hashlib.sha256(content).hexdigest()
                each["lfs"] = {"sha256": sha, "size": len(content), "pointerSize": 134}
            found.append(each)
        return found


class _Handler(BaseHTTPRequestHandler):
    hub: HubStandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        info = f"/api/models/{self.hub.repo}/revision/{COMMIT}"
        resolve = f"/{self.hub.repo}/resolve/{COMMIT}/"
        if path == info:
            what = {"id": self.hub.repo, "sha": COMMIT, "siblings": self.hub.siblings()}
            self._answer(200, json.dumps(what).encode(), {"Content-Type": "application/json"})
        elif path.startswith(resolve):
            self._file(path.removeprefix(resolve), stored=False)
        elif path.startswith("/storage/"):
            self._file(path.removeprefix("/storage/"), stored=True)
        else:
            kind = "RevisionNotFound" if self.hub.repo in path else "RepoNotFound"
            self._answer(404, b"{}", {"X-Error-Code": kind})

    def _file(self, name: str, *, stored: bool) -> None:
        path = self.hub.root / name
        self.hub.asked.append((self.command, name, self.headers.get("Range", "")))
        if name in self.hub.refused:
            self._answer(self.hub.refused[name], b"", {})
            return
        if not path.is_file():
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        content = path.read_bytes()
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{_git(content)}"', "Accept-Ranges": "bytes"}
        if name.endswith(LARGE) and not stored:
            sha = hashlib.sha256(content).hexdigest()
            headers |= {"X-Linked-ETag": f'"{sha}"', "X-Linked-Size": str(len(content))}
            self._answer(302, b"", headers | {"Location": f"{self.hub.endpoint}/storage/{name}"})
            return
        self._content(name, content, headers)

    def _content(self, name: str, content: bytes, headers: dict[str, str]) -> None:
        if name in self.hub.damaged:
            content = content[:-1] + bytes([content[-1] ^ 1])
        start, status = 0, 200
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes=") and self.hub.ranges:
            start, status = int(asked[6:].split("-")[0]), 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        ends = self.hub.break_at.get(name, [])
        end = ends.pop(0) if ends and self.command == "GET" else len(content)
        self._answer(status, content[start:], headers, until=max(0, end - start))
        if self.command == "GET":
            self.hub.sent[name] += max(0, min(end, len(content)) - start)

    def _answer(self, status: int, body: bytes, headers: dict[str, str], until: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:until])
        if until is not None and until < len(body):
            self.wfile.flush()
            self.close_connection = True


def _git(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
