"""One 10 s edit in a long song: diffusers' pipeline on the whole song against Punchin's window.

    python bench/ace_step.py [--small] [--device auto|cpu|cuda] [--threads N] [--song-s 240] [--only a,b,...]
                             [--lean] [--every N]

Full-size ACE-Step 1.5 turbo with random weights, made here: nothing is downloaded, and cost does not depend
on what weights say. `--small` has the same geometry of time and an eighth of every width: about a sixtieth of
the work in every part. `--lean` gives the layers of each encoder one set of weights: the same work, and
3.8 GB less in float32. `--every N` runs only every Nth call of the transformer and every Nth tile of the
autoencoder of row a, counts the others like those by their length, and says "computed" in the row.
Rows:

    a   diffusers' AceStepPipeline, the whole song (autoencoder in its own tiles; untiled it takes 40 GB)
    b   Punchin, 15 s of music on each side      B   30 s on each side (quality: high)
    c   as b, once more with another seed: latents and texts are kept
    d   as b, in a song of 30 minutes            D   of 60 minutes, both cut from a file
    t   four takes at once                       k   compiled, second edit (--compile)
    n   as c, without keeping the keys and values of the conditions over the steps

For each: seconds of every stage (CPU time of all cores, or wall clock on a card), wall clock and CPU time of
all, and the most memory in use.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from punchin.edits import Edit
from punchin.engines.ace_step import AceStepEngine, RigOptions
from punchin.engines.ace_step.catalogue import TURBO
from punchin.engines.ace_step.loading import Networks
from punchin.engines.ace_step.rig import Rig, device_for
from punchin.engines.ace_step.window import FRAMES_PER_LATENT
from punchin.region import Frames, Region
from punchin.songfile import open_song

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from punchin.song import Song

RATE_HZ = 48_000
EDIT_S = 10
TAGS = ("lofi hip hop", "chill piano", "warm bass")
HEADER = " " * 38 + "    encode     texts   denoise    decode    wall s     CPU s      GB ratio"
LYRICS = "[verse]\nWalking home along the river\nEvery light is burning low"


@dataclass
class Row:
    """What one case took; memory is of the process (CPU) or of the card."""

    name: str
    stages_s: dict[str, float] = field(default_factory=dict)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_gb: float = 0.0

    def line(self, first: Row | None) -> str:
        """One line of the table."""
        ratio = f"{first.cost_s / self.cost_s:6.1f}" if first else "     -"
        stages = "".join(
            f"{self.stages_s.get(name, float('nan')):10.2f}"
            for name in ("encode", "conditions", "denoise", "decode")
        )
        return f"{self.name:38}{stages}{self.wall_s:10.2f}{self.cpu_s:10.1f}{self.peak_gb:8.2f}{ratio}"

    @property
    def cost_s(self) -> float:
        """What is compared: CPU time where that is the machine, wall clock on a card."""
        return self.cpu_s if not torch.cuda.is_available() else self.wall_s


@contextmanager
def measured(row: Row) -> Iterator[None]:
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    else:
        _reset_peak()
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    if cuda:
        torch.cuda.synchronize()
    row.wall_s, row.cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    row.peak_gb = torch.cuda.max_memory_allocated() / 1e9 if cuda else _peak_gb()


def _reset_peak() -> None:
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def _peak_gb() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e9


def clock() -> float:
    """What is compared: CPU time where that is the machine, wall clock on a card."""
    if not torch.cuda.is_available():
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def random_networks(dtype: Any, *, small: bool, lean: bool = False) -> Networks:
    """ACE-Step 1.5 turbo without its knowledge; the published sizes, or an eighth of each width."""
    from diffusers import AceStepTransformer1DModel, AutoencoderOobleck
    from diffusers.pipelines.ace_step import AceStepConditionEncoder
    from transformers import Qwen3Config, Qwen3Model

    from support.tiny_checkpoint import RATIOS, byte_tokenizer

    part = 8 if small else 1
    heads = {"num_attention_heads": 16 // part, "num_key_value_heads": 8 // part, "head_dim": 128}
    sizes = {"hidden_size": 2048 // part, "intermediate_size": 6144 // part}
    tokenizer, _ = byte_tokenizer()
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    encoder = AceStepConditionEncoder(
        **sizes, **heads, text_hidden_dim=1024 // part, timbre_hidden_dim=64 // part
    ).eval()
    text = Qwen3Model(
        Qwen3Config(
            vocab_size=151_669, hidden_size=1024 // part, intermediate_size=3072 // part,
            num_hidden_layers=28, num_attention_heads=16 // part, num_key_value_heads=8 // part, head_dim=128,
        )
    ).eval()  # fmt: skip
    if lean:
        for layers in (text.layers, encoder.lyric_encoder.layers, encoder.timbre_encoder.layers):
            _shared(layers)
    transformer = AceStepTransformer1DModel(
        **sizes,
        **heads,
        in_channels=192 // part,
        audio_acoustic_hidden_dim=64 // part,
        is_turbo=True,
        model_version="turbo",
    ).eval()
    torch.set_default_dtype(torch.float32)
    vae = AutoencoderOobleck(
        encoder_hidden_size=128 // part,
        downsampling_ratios=RATIOS,
        channel_multiples=[1, 2, 4, 8, 16],
        decoder_channels=128 // part,
        decoder_input_channels=64 // part,
        sampling_rate=RATE_HZ,
    ).eval()
    torch.set_default_dtype(before)
    return Networks(transformer, encoder, text, tokenizer, vae)


def _shared(layers: Any) -> None:
    """Give all layers of one kind the weights of the first of them."""
    first: dict[Any, Any] = {}
    for number, layer in enumerate(layers):
        layers[number] = first.setdefault(getattr(layer, "attention_type", None), layer)


def fold(vae: Any) -> None:
    """What the engine does when it loads: diffusers' classes compute each weight anew in every call."""
    for module in vae.modules():
        if hasattr(module, "weight_g"):
            torch.nn.utils.remove_weight_norm(module)


class Every:
    """Runs only every Nth call of a network and counts the others by the length of their input.

    Args:
        network: its `forward` is replaced inside `with`.
        n: 1 runs all.
        axis: of the first input, along which cost grows.
        shape: what a skipped call answers.
    """

    def __init__(self, network: Any, n: int, axis: int, shape: Callable[[Any], tuple[int, ...]]) -> None:
        self.network, self.n, self.axis, self.shape = network, n, axis, shape
        self.calls, self.run, self.skipped, self.spent_s = 0, 0, 0, 0.0

    def __enter__(self) -> Every:
        self.forward = self.network.forward
        self.network.forward = self
        return self

    def __exit__(self, *_: object) -> None:
        del self.network.forward

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Answer, or leave the call out."""
        given = arguments[0] if arguments else named["hidden_states"]
        length = given.shape[self.axis]
        self.calls += 1
        if (self.calls - 1) % self.n:
            self.skipped += length
            answer = torch.zeros(self.shape(given), dtype=given.dtype, device=given.device)
            return (answer,) if named.get("return_dict") is False else answer
        began = clock()
        answer = self.forward(*arguments, **named)
        self.spent_s += clock() - began
        self.run += length
        return answer

    @property
    def missing_s(self) -> float:
        """What the calls that were left out would have taken."""
        return self.spent_s * self.skipped / self.run if self.run else 0.0


def whole_song(networks: Networks, device: str, song: Song, row: Row, every: int = 1) -> None:
    """The reference, with its autoencoder in float32 as ours and its stages timed from outside."""
    from diffusers import AceStepPipeline, FlowMatchEulerDiscreteScheduler

    pipeline = AceStepPipeline(
        vae=networks.vae, text_encoder=networks.text_encoder, tokenizer=networks.tokenizer,
        transformer=networks.transformer, condition_encoder=networks.condition_encoder,
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    networks.vae.use_tiling = True
    decode = networks.vae.decode

    def in_float32(latents: Any, **arguments: Any) -> Any:
        return decode(latents.float(), **arguments)

    networks.vae.decode = in_float32
    stages = (
        ("encode", networks.vae, "encode"), ("conditions", pipeline, "encode_prompt"),
        ("conditions", networks.condition_encoder, "forward"), ("denoise", networks.transformer, "forward"),
        ("decode", networks.vae, "decode"),
    )  # fmt: skip
    kept = [(owner, name, getattr(owner, name)) for _, owner, name in stages]
    for (stage, owner, name), (_, _, function) in zip(stages, kept, strict=True):
        setattr(owner, name, _timed(function, stage, row.stages_s))
    start = (song.duration_s - EDIT_S) / 2
    vae = networks.vae
    audio, latent = vae.config.audio_channels, vae.config.decoder_input_channels
    parts = {
        "denoise": Every(networks.transformer, every, 1, lambda given: tuple(given.shape)),
        "encode": Every(
            vae.encoder, every, 2, lambda x: (x.shape[0], 2 * latent, x.shape[2] // FRAMES_PER_LATENT)
        ),
        "decode": Every(vae.decoder, every, 2, lambda z: (z.shape[0], audio, z.shape[2] * FRAMES_PER_LATENT)),
    }
    try:
        with ExitStack() as replaced, measured(row):
            for part in parts.values():
                replaced.enter_context(part)
            pipeline(
                prompt=", ".join(TAGS), lyrics=LYRICS, audio_duration=song.duration_s, task_type="repaint",
                src_audio=torch.from_numpy(song.samples.copy()), repainting_start=start,
                repainting_end=start + EDIT_S, generator=torch.Generator(device).manual_seed(1),
            )  # fmt: skip
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)
        networks.vae.decode, networks.vae.use_tiling = decode, False
    for stage, part in parts.items():
        row.stages_s[stage] += part.missing_s
        row.cpu_s += part.missing_s
        row.wall_s = float("nan") if every > 1 else row.wall_s


def _timed(function: Callable[..., Any], stage: str, seconds: dict[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        began = clock()
        answer = function(*arguments, **named)
        seconds[stage] = seconds.get(stage, 0.0) + clock() - began
        return answer

    return timed


class Spent:
    """A `Progress` that adds up the time between reports by stage."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds, self.stage, self.began = seconds, "", clock()

    def __call__(self, stage: str, fraction: float) -> None:  # noqa: ARG002
        """Since the last report the time was that stage's."""
        now = clock()
        if self.stage:
            self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self.began
        self.stage, self.began = stage, now


def windowed(engine: AceStepEngine, song: Song, row: Row, edit: Edit, takes: int = 1) -> None:
    with measured(row):
        hole = _middle(song.frames, song.rate_hz)
        window = engine.window(hole, song.frames, song.rate_hz, edit)
        edits = [replace(edit, seed=1 + take) for take in range(takes)]
        edits = edits if takes > 1 else [edit]
        engine.fill_takes(song.cut(window), hole.within(window), edits, Spent(row.stages_s))


def from_file(engine: AceStepEngine, minutes: int, music: Song, row: Row, edit: Edit) -> None:
    """An edit in the middle of a long WAV; the music around it is real, the rest of the file is empty."""
    with tempfile.TemporaryDirectory() as folder:
        path = _long_wav(Path(folder) / "long.wav", minutes * 60, music)
        with measured(row), open_song(path) as source:
            hole = _middle(source.frames, source.rate_hz)
            window = engine.window(hole, source.frames, source.rate_hz, edit)
            engine.fill(source.read(window), hole.within(window), edit, Spent(row.stages_s))


def _long_wav(path: Path, seconds: int, music: Song) -> Path:
    import struct

    frames = seconds * RATE_HZ
    body = frames * 4
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + body, b"WAVE", b"fmt ", 16, 1, 2, RATE_HZ,
                         RATE_HZ * 4, 4, 16, b"data", body)  # fmt: skip
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + body)
        file.seek(len(header) + (frames - music.frames) // 2 * 4)
        file.write((music.samples.T * 32767).astype("<i2").tobytes())
    return path


def _middle(total: int, rate_hz: int) -> Frames:
    start = (total - EDIT_S * rate_hz) // 2
    return Frames(start, start + EDIT_S * rate_hz)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--song-s", type=int, default=240)
    parser.add_argument("--only", default="a,b,c,n,B,d,D,t")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--lean", action="store_true")
    parser.add_argument("--every", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    from support.songs import made_song

    warnings.simplefilter("ignore")
    asked = _options()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    options = RigOptions(device=asked.device, precision=asked.precision)
    device = device_for(options)
    networks = random_networks(device.dtype, small=asked.small, lean=asked.lean)
    only = set(asked.only.split(","))
    song = made_song(asked.song_s, RATE_HZ)
    size = "a small stand-in for ACE-Step 1.5 turbo" if asked.small else "ACE-Step 1.5 turbo, full size"
    print(f"{size}, random weights; {device.label}, {device.precision}, torch {torch.__version__}, "
          f"diffusers {version('diffusers')}; a {EDIT_S} s edit in a song of {asked.song_s} s")  # fmt: skip
    print(HEADER)
    edit = Edit(region=Region.parse(0, EDIT_S), tags=TAGS, lyrics=LYRICS, seed=1)
    first: Row | None = None
    for row in _rows(networks, device, options, song, edit, only, asked):
        first = first or (row if row.name.startswith("a") else None)
        print(row.line(first), flush=True)
    if hasattr(os, "getloadavg"):
        print("load average at the end: " + ", ".join(f"{load:.1f}" for load in os.getloadavg()))


def _rows(
    networks: Networks,
    device: Any,
    options: RigOptions,
    song: Song,
    edit: Edit,
    only: set[str],
    asked: argparse.Namespace,
) -> Iterator[Row]:
    if device.kind != "cpu":
        for name in ("transformer", "condition_encoder", "text_encoder", "vae"):
            getattr(networks, name).to(device.kind)
    if "a" in only:
        row = Row("a  diffusers, the whole song" + (" (computed)" if asked.every > 1 else ""))
        whole_song(networks, device.kind, song, row, asked.every)
        yield row
    fold(networks.vae)

    def engine(**changes: Any) -> AceStepEngine:
        return AceStepEngine(TURBO, rig=Rig(networks, device, replace(options, **changes)))

    ours = engine()
    if "b" in only:
        windowed(ours, song, row := Row("b  window of 15 s on each side"), edit)
        yield row
    if "c" in only:
        windowed(ours, song, row := Row("c  again with another seed"), replace(edit, seed=2))
        yield row
    if "n" in only:
        with patch("punchin.engines.ace_step.rig.kept_conditions", lambda *_: nullcontext()):
            windowed(ours, song, row := Row("n  as c, conditions projected anew"), replace(edit, seed=3))
        yield row
    if "B" in only:
        high = replace(edit, parameters={"quality": "high"})
        windowed(engine(), song, row := Row("B  window of 30 s on each side"), high)
        yield row
    for key, minutes in (("d", 30), ("D", 60)):
        if key in only:
            row = Row(f"{key}  as b, in {minutes} minutes of file")
            from_file(engine(), minutes, song, row, edit)
            yield row
    if "t" in only:
        windowed(ours, song, row := Row("t  four takes, music known"), edit, takes=4)
        yield row
    if asked.compile:
        fast = engine(compiled=True)
        windowed(fast, song, Row(""), edit)
        windowed(fast, song, row := Row("k  compiled, second edit"), replace(edit, seed=2))
        yield row


if __name__ == "__main__":
    main()
