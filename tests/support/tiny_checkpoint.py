"""ACE-Step 1.5 in small: random weights with the real geometry of time, in both layouts, made offline.

48 kHz, 1920 frames to a latent, pairs of latents, sliding attention over 128 tokens, all as published; only
widths and depths shrink, so what is tested about places in the song is what will run.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from diffusers import AceStepPipeline, AutoencoderOobleck, FlowMatchEulerDiscreteScheduler
from diffusers.models.transformers.ace_step_transformer import AceStepTransformer1DModel
from diffusers.pipelines.ace_step import AceStepConditionEncoder
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3Model

if TYPE_CHECKING:
    from pathlib import Path

LATENT_CHANNELS = 8
SILENCE_LATENTS = 15_000
RATIOS = [2, 4, 4, 6, 10]
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")

HEADS = {
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "rope_theta": 1_000_000.0,
    "sliding_window": 128,
}
TRANSFORMER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "in_channels": 3 * LATENT_CHANNELS,
    "audio_acoustic_hidden_dim": LATENT_CHANNELS,
    "patch_size": 2,
}
ENCODERS = {
    "text_hidden_dim": 16,
    "timbre_hidden_dim": LATENT_CHANNELS,
    "num_lyric_encoder_hidden_layers": 2,
    "num_timbre_encoder_hidden_layers": 2,
}


@dataclass(frozen=True)
class Tiny:
    """The networks of a tiny model."""

    transformer: Any
    condition_encoder: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any

    def pipeline(self) -> AceStepPipeline:
        """The reference with these networks."""
        return AceStepPipeline(
            vae=self.vae,
            text_encoder=self.text_encoder,
            tokenizer=self.tokenizer,
            transformer=self.transformer,
            condition_encoder=self.condition_encoder,
            scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
        )

    def save_diffusers(self, folder: Path) -> Path:
        """The diffusers layout."""
        self.pipeline().save_pretrained(folder)
        return folder

    def save_original(self, folder: Path, checkpoint: str) -> Path:
        """The layout of `ACE-Step/Ace-Step1.5`: one file for transformer and condition encoder."""
        own = folder / checkpoint
        own.mkdir(parents=True)
        turbo = bool(self.transformer.config.is_turbo)
        config = {
            **TRANSFORMER, **ENCODERS, **HEADS,
            "attention_bias": False, "attention_dropout": 0.0, "rms_norm_eps": 1e-6,
            "layer_types": ["sliding_attention", "full_attention"],
            "is_turbo": turbo, "model_version": "turbo" if turbo else "base", "model_type": "acestep",
        }  # fmt: skip
        (own / "config.json").write_text(json.dumps(config), encoding="utf-8")
        weights = {f"decoder.{_original_name(k)}": v for k, v in self.transformer.state_dict().items()}
        encoder = dict(self.condition_encoder.state_dict())
        silence = encoder.pop("silence_latent")
        weights["null_condition_emb"] = encoder.pop("null_condition_emb")
        weights |= {f"encoder.{_original_name(k)}": v for k, v in encoder.items()}
        weights["tokenizer.quantizer.project_in.weight"] = torch.zeros(2, 2)
        weights["detokenizer.proj_out.weight"] = torch.zeros(2, 2)
        save_file({k: v.contiguous() for k, v in weights.items()}, own / "model.safetensors")
        torch.save(silence.transpose(1, 2).contiguous(), own / "silence_latent.pt")
        self.vae.save_pretrained(folder / "vae")
        self.text_encoder.save_pretrained(folder / "Qwen3-Embedding-0.6B")
        self.tokenizer.save_pretrained(folder / "Qwen3-Embedding-0.6B")
        return folder


def make_tiny(*, turbo: bool = True, seed: int = 0) -> Tiny:
    """Random weights; every output depends on every input."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # diffusers' autoencoder has the old weight norm
        torch.manual_seed(seed)
        tokenizer, words = byte_tokenizer()
        tiny = Tiny(
            transformer=AceStepTransformer1DModel(
                **TRANSFORMER, **HEADS, encoder_hidden_size=32, is_turbo=turbo,
                model_version="turbo" if turbo else "base",
            ).eval(),
            condition_encoder=AceStepConditionEncoder(
                hidden_size=32, intermediate_size=64, **ENCODERS, **HEADS
            ).eval(),
            vae=_vae(),
            text_encoder=Qwen3Model(_qwen(words)).eval(),
            tokenizer=tokenizer,
        )  # fmt: skip
    with torch.no_grad():
        quiet = tiny.vae.encode(torch.zeros(1, 2, 1920 * 64)).latent_dist.mode()[:, :, 32:33]
        quiet = quiet.transpose(1, 2).expand(1, SILENCE_LATENTS, LATENT_CHANNELS)
        tiny.condition_encoder.silence_latent.copy_(quiet)
    return tiny


def _vae() -> AutoencoderOobleck:
    return AutoencoderOobleck(
        encoder_hidden_size=2 * LATENT_CHANNELS,
        downsampling_ratios=RATIOS,
        channel_multiples=[1, 1, 1, 1, 1],
        decoder_channels=8,
        decoder_input_channels=LATENT_CHANNELS,
        audio_channels=2,
        sampling_rate=48_000,
    ).eval()


def _qwen(words: int) -> Qwen3Config:
    return Qwen3Config(
        vocab_size=words,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=4096,
        bos_token_id=words - 3,
        eos_token_id=words - 3,
        pad_token_id=words - 3,
        tie_word_embeddings=True,
    )


def byte_tokenizer() -> tuple[Qwen2Tokenizer, int]:
    """Bytes as words: any text goes in and comes out, no vocabulary is needed."""
    words = {symbol: number for number, symbol in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    words |= {special: len(words) + number for number, special in enumerate(SPECIALS)}
    made = Tokenizer(models.BPE(vocab=words, merges=[], fuse_unk=False, byte_fallback=False))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.ByteLevel(trim_offsets=False)
    made.add_special_tokens([AddedToken(each, normalized=False, special=True) for each in SPECIALS])
    tokenizer = Qwen2Tokenizer(
        tokenizer_object=made,
        unk_token=None,
        eos_token=SPECIALS[0],
        pad_token=SPECIALS[0],
        model_max_length=32_768,
        padding_side="left",
    )
    return tokenizer, len(words)


def _original_name(key: str) -> str:
    """The name that ACE-Step's own code gives to a weight of diffusers' class."""
    for original, ours in (
        (".q_proj.", ".to_q."),
        (".k_proj.", ".to_k."),
        (".v_proj.", ".to_v."),
        (".o_proj.", ".to_out.0."),
        (".q_norm.", ".norm_q."),
        (".k_norm.", ".norm_k."),
        ("proj_in.1.", "proj_in_conv."),
        ("proj_out.1.", "proj_out_conv."),
    ):
        key = key.replace(ours, original)
    return key
