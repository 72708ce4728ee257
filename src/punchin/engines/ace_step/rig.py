"""A model that is ready to run: its networks where they belong, and what was computed before."""

from __future__ import annotations

import hashlib
import warnings
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from punchin.engines.ace_step import latents as vae_path
from punchin.engines.ace_step.cache import BoundedCache
from punchin.engines.ace_step.conditions import (
    context_latents,
    encode_conditions,
    encode_timbre,
    text_tokens,
)
from punchin.engines.ace_step.crossing import Seen, always_masked, kept_conditions, padded
from punchin.engines.ace_step.devices import Device, choose_device, free_bytes
from punchin.engines.ace_step.frameworks import Tensor, torch
from punchin.engines.ace_step.loading import Networks, fingerprint, load_networks
from punchin.engines.ace_step.memory import FRAMEWORK_BYTES, Sizes, check_room, choose_placement
from punchin.engines.ace_step.options import PLACEMENTS, RigOptions
from punchin.engines.ace_step.sampler import Repaint, repaint
from punchin.engines.ace_step.threads import OneThread
from punchin.errors import EngineOutOfMemory, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from punchin.engines.ace_step.layouts import Checkpoint
    from punchin.engines.ace_step.prompts import Prompt
    from punchin.engines.ace_step.recipe import Recipe
    from punchin.engines.ace_step.schedule import Schedule
    from punchin.region import Frames
    from punchin.song import Samples

CONDITIONS_BYTES = 64 << 20


class Rig:
    """A loaded model on its device.

    Args:
        networks: in the precision of the device, see `load`.
        device: where they run.
        options: how.
        weights: a name for exactly these weights, and the layout they came in, for receipts.
    """

    def __init__(
        self, networks: Networks, device: Device, options: RigOptions, weights: tuple[str, str] = ("", "")
    ) -> None:
        self.networks = networks
        self.device = device
        self.options = options
        self.fingerprint, self.layout = weights
        self.sizes = _sizes(networks, device, int8=options.int8)
        self.placement = _placement(options.placement, self.sizes, self.device)
        self._seen: Seen | None = None
        self._thread = OneThread()
        self._transformer = self._placed()
        self.latents: BoundedCache[Tensor] = BoundedCache(options.cache_bytes, _bytes)
        self._conditions: BoundedCache[Tensor] = BoundedCache(CONDITIONS_BYTES, _bytes)

    @classmethod
    def load(cls, checkpoint: Checkpoint, options: RigOptions) -> Self:
        """Read a model from its files.

        Raises:
            EngineUnavailable: if files, device or options do not fit together.
            EngineOutOfMemory: if the weights are larger than the memory that is free.
        """
        device = device_for(options)
        _check_ram(checkpoint, device)
        networks = load_networks(checkpoint, device.dtype)
        return cls(networks, device, options, (fingerprint(checkpoint), checkpoint.layout))

    @property
    def channels(self) -> int:
        """D, the channels of a latent."""
        return int(self.networks.transformer.config.audio_acoustic_hidden_dim)

    def check_room(self, window_s: float, mask_s: float, batch: int) -> None:
        """Refuse what does not fit into the memory that is free now; see `memory.check_room`."""
        # Where there is one memory for all, weights that wait are in it already.
        placement = self.placement if self.device.kind == "cuda" else "resident"
        check_room(self.sizes, window_s, mask_s, batch, free_bytes(self.device), placement)

    def encode(
        self, samples: Samples, runs: Iterable[Frames], progress: Callable[[float], None]
    ) -> dict[Frames, Tensor]:
        """Latents of parts of a song; see `latents.encode`."""
        with self._on_device("vae"):
            return vae_path.encode(self.networks.vae, samples, runs, self.device.name, self.latents, progress)

    def decode(self, latents: Tensor, wanted: Frames, progress: Callable[[float], None]) -> Samples:
        """The sound of some of the latents; see `latents.decode`."""
        with self._on_device("vae"):
            return vae_path.decode(self.networks.vae, latents, wanted, self.device.name, progress)

    def conditions(self, prompt: Prompt, reference: Tensor | None) -> Tensor:
        """What the transformer reads, `[1, L, H]` on the CPU; the same texts are not read twice.

        Args:
            prompt: the texts.
            reference: latents `[T, D]` of music whose timbre is wanted; None for none.

        Raises:
            EditError: if a text is too long.
        """
        key = None if reference is None else hashlib.blake2b(reference.numpy().tobytes()).digest()

        def read() -> Tensor:
            tokens = text_tokens(self.networks, prompt)
            with self._on_device("text_encoder", "condition_encoder"):
                timbre = self._conditions.get(("timbre", key), lambda: self._timbre(reference))
                on = timbre.to(self.device.name)
                return encode_conditions(self.networks, tokens, on, self.device.name).to("cpu")

        return self._conditions.get((prompt, key), read)

    def repaint(
        self,
        what: Repaint,
        plan: Schedule,
        conditions: Sequence[Tensor],
        recipe: Recipe,
        on_step: Callable[[int], None],
    ) -> Tensor:
        """New latents `[B, T, D]` for windows of equal length, on the CPU; see `sampler.repaint`.

        Args:
            what: music, noise and masks.
            plan: noise levels.
            conditions: what each of the B reads, `[1, L, H]`; lengths may differ.
            recipe: guidance and solver, the same for all.
            on_step: called before each step with its number; may raise `Cancelled`.
        """
        where, dtype = self.device.name, self.device.dtype
        here = replace(
            what, source=what.source.to(where), noise=what.noise.to(where), mask=what.mask.to(where)
        )
        silence = self.networks.condition_encoder.silence_latent.to(where)
        context = context_latents(here.source.to(dtype), here.mask, silence)
        read, padding = padded(conditions, fixed=self._seen is not None)
        read, padding = read.to(where), None if padding is None else padding.to(where)
        unread = self.networks.condition_encoder.null_condition_emb.to(where).expand_as(read)

        def velocity(latents: Tensor, sigma: float, unguided_too: bool) -> Tensor:
            copies = 2 if unguided_too else 1
            shown = latents.to(dtype).repeat(copies, 1, 1)
            time = torch.full((shown.shape[0],), sigma, device=where, dtype=dtype)
            return self._transformer(
                hidden_states=shown,
                timestep=time,
                timestep_r=time,
                encoder_hidden_states=torch.cat([read, unread]) if unguided_too else read,
                context_latents=context.repeat(copies, 1, 1),
                return_dict=False,
            )[0].to(torch.float32, copy=True)  # a compiled model writes over its last answer

        def denoised() -> Tensor:
            return repaint(
                velocity, here, plan, guidance=recipe.guidance, solver=recipe.solver, on_step=on_step
            )

        with self._on_device("transformer"):
            if self._seen is not None:  # compiled: the projections are inside its graph
                self._seen.mask = padding
                made = self._thread.do(denoised)
            else:
                with kept_conditions(self.networks.transformer, padding):
                    made = denoised()
        return made.to("cpu")

    @contextmanager
    def steady(self) -> Generator[None]:
        """Inside, nothing is learned and results do not depend on timing; real float32 for the autoencoder.

        Raises:
            EngineOutOfMemory: if the device has no memory left after all.
        """
        exact = torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        )
        try:
            with torch.inference_mode(), exact:
                yield
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise EngineOutOfMemory(
                f"{self.device.label} ran out of memory; choose a shorter region, one take, or quality normal"
            ) from error

    def described(self) -> dict[str, Any]:
        """All that the bits of a take depend on besides edit, music and seed; JSON values."""
        return {
            "weights": self.fingerprint,
            "layout": self.layout,
            "device": self.device.label,
            "precision": self.device.precision + (" int8" if self.options.int8 else ""),
            "compiled": self.options.compiled,
            "few_lengths": self.options.few_lengths,
            "placement": self.placement,
            "threads": int(torch.get_num_threads()),
            "torch": str(torch.__version__),
            "diffusers": version("diffusers"),
            "transformers": version("transformers"),
        }

    def _timbre(self, reference: Tensor | None) -> Tensor:
        return encode_timbre(self.networks, reference, self.device.name, self.device.dtype).to("cpu")

    def _placed(self) -> Any:
        """The transformer as it is called, with all networks where they wait."""
        transformer = self.networks.transformer
        if self.options.int8:
            return _quantized(transformer)
        if self.placement == "resident":
            for name in ("transformer", "condition_encoder", "text_encoder", "vae"):
                getattr(self.networks, name).to(self.device.name)
        elif self.placement == "streamed":
            transformer.enable_group_offload(
                onload_device=torch.device(self.device.name),
                offload_device=torch.device("cpu"),
                offload_type="block_level",
                num_blocks_per_group=1,
            )
        if self.options.compiled:
            self._seen = always_masked(transformer)
            return torch.compile(transformer, mode="reduce-overhead" if self.device.kind == "cuda" else None)
        return transformer

    @contextmanager
    def _on_device(self, *names: str) -> Generator[None]:
        """Bring networks in for a stage where they do not live on the device."""
        streamed = self.placement == "streamed"
        moved = (
            []
            if self.placement == "resident"
            else [n for n in names if not (streamed and n == "transformer")]
        )
        for name in moved:
            getattr(self.networks, name).to(self.device.name)
        try:
            yield
        finally:
            for name in moved:
                getattr(self.networks, name).to("cpu")
            if moved and self.device.kind == "cuda":
                torch.cuda.empty_cache()


def device_for(options: RigOptions) -> Device:
    """Where a model with these options runs, and how precisely.

    Raises:
        EngineUnavailable: if this machine cannot.
    """
    device = choose_device(options.device, options.precision)
    if not options.int8:
        return device
    if device.kind != "cpu" or options.compiled:
        raise EngineUnavailable("int8 runs on the CPU and without compiling; set device to cpu")
    return replace(device, precision="fp32")  # eight-bit layers take and give float32


def _check_ram(checkpoint: Checkpoint, device: Device) -> None:
    """Weights pass through the main memory first, whatever the device."""
    wider = 2 if device.precision == "fp32" else 1
    needed = sum(path.stat().st_size for path in checkpoint.weights) * wider + FRAMEWORK_BYTES
    free = free_bytes(Device("cpu", "cpu", "", "fp32"))
    if free is not None and needed > free:
        raise EngineOutOfMemory(
            f"loading this model takes about {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; "
            "close other programs, or use a smaller model"
        )


def _sizes(networks: Networks, device: Device, *, int8: bool) -> Sizes:
    def weights(network: Any) -> int:
        return sum(int(each.numel()) * int(each.element_size()) for each in network.state_dict().values())

    return Sizes(
        transformer_bytes=weights(networks.transformer) // (4 if int8 else 1),
        encoders_bytes=weights(networks.condition_encoder) + weights(networks.text_encoder),
        vae_bytes=weights(networks.vae),
        hidden=int(networks.transformer.config.hidden_size),
        blocks=int(networks.transformer.config.num_hidden_layers),
        value_bytes=4 if device.precision == "fp32" else 2,
    )


def _placement(wanted: str, sizes: Sizes, device: Device) -> str:
    if wanted not in PLACEMENTS:
        raise EngineUnavailable(f"placement is {wanted!r}; it is one of {', '.join(PLACEMENTS)}")
    if wanted != "auto":
        return wanted
    return choose_placement(sizes, free_bytes(device)) if device.kind == "cuda" else "resident"


def _quantized(transformer: Any) -> Any:
    with warnings.catch_warnings():
        # Its successor torchao is a package of its own; the function is still in torch 2.13.
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(
            transformer, {torch.nn.Linear}, dtype=torch.qint8, inplace=True
        )


def _bytes(tensor: Tensor) -> int:
    return int(tensor.numel()) * int(tensor.element_size())
