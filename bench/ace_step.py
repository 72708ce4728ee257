"""One 10 s edit in a long song: diffusers' pipeline on the whole song against Punchin's window.

    python bench/ace_step.py [--small] [--device auto|cpu|cuda] [--threads N] [--song-s 240] [--only a,b,...]

Full-size ACE-Step 1.5 turbo with random weights, made here: nothing is downloaded, and cost does not depend
on what weights say. `--small` has the same geometry of time and an eighth of every width: about a sixtieth of
the work in every part.
Rows:

    a   diffusers' AceStepPipeline, the whole song (autoencoder in its own tiles; untiled it takes 40 GB)
    b   Punchin, 15 s of music on each side      B   30 s on each side (quality: high)
    c   as b, once more with another seed: latents and texts are kept
    d   as b, in a song of 30 minutes            D   of 60 minutes, both cut from a file
    t   four takes at once                       k   compiled, second edit (--compile)

For each: seconds of every stage, wall clock, CPU time of all cores, and the most memory in use.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from punchin.edits import Edit
from punchin.engine import no_progress
from punchin.engines.ace_step import AceStepEngine, RigOptions
from punchin.engines.ace_step.catalogue import TURBO
from punchin.engines.ace_step.loading import Networks
from punchin.engines.ace_step.rig import Rig, device_for
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


def random_networks(dtype: Any, *, small: bool) -> Networks:
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
    transformer = AceStepTransformer1DModel(
        **sizes,
        **heads,
        in_channels=192 // part,
        audio_acoustic_hidden_dim=64 // part,
        is_turbo=True,
        model_version="turbo",
    ).eval()
    encoder = AceStepConditionEncoder(
        **sizes, **heads, text_hidden_dim=1024 // part, timbre_hidden_dim=64 // part
    ).eval()
    text = Qwen3Model(
        Qwen3Config(
            vocab_size=151_669, hidden_size=1024 // part, intermediate_size=3072 // part,
            num_hidden_layers=28, num_attention_heads=16 // part, num_key_value_heads=8 // part, head_dim=128,
        )
    ).eval()  # fmt: skip
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


def whole_song(networks: Networks, device: str, song: Song, row: Row) -> None:
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
    try:
        with measured(row):
            pipeline(
                prompt=", ".join(TAGS), lyrics=LYRICS, audio_duration=song.duration_s, task_type="repaint",
                src_audio=torch.from_numpy(song.samples.copy()), repainting_start=start,
                repainting_end=start + EDIT_S, generator=torch.Generator(device).manual_seed(1),
            )  # fmt: skip
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)
        networks.vae.decode, networks.vae.use_tiling = decode, False


def _timed(function: Callable[..., Any], stage: str, seconds: dict[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        answer = function(*arguments, **named)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - began
        return answer

    return timed


def windowed(engine: AceStepEngine, song: Song, row: Row, edit: Edit, takes: int = 1) -> None:
    with measured(row):
        hole = _middle(song.frames, song.rate_hz)
        window = engine.window(hole, song.frames, song.rate_hz, edit)
        edits = [replace(edit, seed=1 + take) for take in range(takes)]
        edits = edits if takes > 1 else [edit]
        fillings = engine.fill_takes(song.cut(window), hole.within(window), edits, no_progress)
    row.stages_s = dict(fillings[-1].details["seconds"])


def from_file(engine: AceStepEngine, minutes: int, music: Song, row: Row, edit: Edit) -> None:
    """An edit in the middle of a long WAV; the music around it is real, the rest of the file is empty."""
    with tempfile.TemporaryDirectory() as folder:
        path = _long_wav(Path(folder) / "long.wav", minutes * 60, music)
        with measured(row), open_song(path) as source:
            hole = _middle(source.frames, source.rate_hz)
            window = engine.window(hole, source.frames, source.rate_hz, edit)
            filling = engine.fill(source.read(window), hole.within(window), edit, no_progress)
        row.stages_s = dict(filling.details["seconds"])


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
    parser.add_argument("--only", default="a,b,B,c,d,D,t")
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


def main() -> None:
    from support.songs import made_song

    warnings.simplefilter("ignore")
    asked = _options()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    options = RigOptions(device=asked.device, precision=asked.precision)
    device = device_for(options)
    networks = random_networks(device.dtype, small=asked.small)
    only = set(asked.only.split(","))
    song = made_song(asked.song_s, RATE_HZ)
    size = "a small stand-in for ACE-Step 1.5 turbo" if asked.small else "ACE-Step 1.5 turbo, full size"
    print(f"{size}, random weights; {device.label}, {device.precision}, torch {torch.__version__}, "
          f"diffusers {version('diffusers')}; a {EDIT_S} s edit in a song of {asked.song_s} s")  # fmt: skip
    print(HEADER)
    edit = Edit(region=Region.parse(0, EDIT_S), tags=TAGS, lyrics=LYRICS, seed=1)
    first: Row | None = None
    for row in _rows(networks, device, options, song, edit, only, compiled=asked.compile):
        first = first or (row if row.name.startswith("a") else None)
        print(row.line(first), flush=True)


def _rows(
    networks: Networks,
    device: Any,
    options: RigOptions,
    song: Song,
    edit: Edit,
    only: set[str],
    *,
    compiled: bool,
) -> Iterator[Row]:
    if device.kind != "cpu":
        for name in ("transformer", "condition_encoder", "text_encoder", "vae"):
            getattr(networks, name).to(device.kind)
    if "a" in only:
        row = Row("a  diffusers, the whole song")
        whole_song(networks, device.kind, song, row)
        yield row

    def engine(**changes: Any) -> AceStepEngine:
        return AceStepEngine(TURBO, rig=Rig(networks, device, replace(options, **changes)))

    ours = engine()
    if "b" in only:
        windowed(ours, song, row := Row("b  window of 15 s on each side"), edit)
        yield row
    if "c" in only:
        windowed(ours, song, row := Row("c  again with another seed"), replace(edit, seed=2))
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
    if compiled:
        fast = engine(compiled=True)
        windowed(fast, song, Row(""), edit)
        windowed(fast, song, row := Row("k  compiled, second edit"), replace(edit, seed=2))
        yield row


if __name__ == "__main__":
    main()
