"""Tiles give what the whole gives, whatever the weights; equal sound gives equal bits."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from punchin.engines.ace_step import latents  # noqa: E402
from punchin.engines.ace_step.cache import BoundedCache  # noqa: E402
from punchin.engines.ace_step.latents import decode, encode  # noqa: E402
from punchin.engines.ace_step.tiles import tiles  # noqa: E402
from punchin.region import Frames  # noqa: E402
from support.songs import made_song  # noqa: E402

SONG = made_song(8.0, 48_000)
WHOLE = Frames(0, 200)
MINUS_120_DB = 10 ** (-120 / 20)


def quiet(fraction):
    pass


def no_cache():
    return BoundedCache(0, lambda tensor: 0)


def encoded(vae, samples, runs, cache=None):
    with torch.inference_mode():
        return encode(vae, samples, runs, "cpu", no_cache() if cache is None else cache, quiet)


def rms(values):
    return float(np.sqrt(np.mean(np.square(np.asarray(values, dtype=np.float64)))))


@pytest.fixture(scope="module")
def vae(engine):
    return engine._rig.networks.vae


@pytest.fixture(scope="module")
def whole(vae):
    return encoded(vae, SONG.samples, [WHOLE])[WHOLE]


def test_tiled_encode_equals_untiled_to_120_db(vae, whole):
    tiled = torch.cat(list(encoded(vae, SONG.samples, tiles(WHOLE, 30)).values()))
    assert rms(tiled - whole) < MINUS_120_DB * rms(whole)


def test_tiled_decode_equals_untiled_to_120_db(vae, whole, monkeypatch):
    with torch.inference_mode():
        untiled = decode(vae, whole, WHOLE, "cpu", quiet)
        monkeypatch.setattr(latents, "DECODE_TILE", 30)
        tiled = decode(vae, whole, WHOLE, "cpu", quiet)
    assert tiled.shape == untiled.shape == (2, 200 * 1920)
    assert rms(tiled - untiled) < MINUS_120_DB * rms(untiled)


@pytest.mark.parametrize(("what", "enough"), [("encode", 6), ("decode", 9)])
def test_the_margins_are_as_wide_as_the_network_reaches(vae, whole, monkeypatch, what, enough):
    """One latent less than the reach is audible in the numbers: the margins are not generous by accident."""
    monkeypatch.setattr(latents, f"{what.upper()}_MARGIN", enough - 3)
    if what == "encode":
        tiled = torch.cat(list(encoded(vae, SONG.samples, tiles(WHOLE, 30)).values()))
        assert rms(tiled - whole) > MINUS_120_DB * rms(whole)
        return
    with torch.inference_mode():
        untiled = decode(vae, whole, WHOLE, "cpu", quiet)
        monkeypatch.setattr(latents, "DECODE_TILE", 30)
        tiled = decode(vae, whole, WHOLE, "cpu", quiet)
    assert rms(tiled - untiled) > MINUS_120_DB * rms(untiled)


def test_a_tile_has_the_same_bits_wherever_it_lies(vae):
    run = Frames(40, 80)
    shifted = np.concatenate([np.ones((2, 6 * 1920), np.float32), SONG.samples], axis=1)
    here = encoded(vae, SONG.samples, [run])[run]
    moved = Frames(run.start + 6, run.end + 6)
    assert torch.equal(here, encoded(vae, shifted, [moved])[moved])


def test_half_a_latent_at_the_end_is_filled_with_silence(vae):
    odd = SONG.samples[:, : 48 * 1920 + 77]
    padded = np.pad(odd, ((0, 0), (0, 1920 - 77)))
    run = Frames(20, 49)
    assert torch.equal(encoded(vae, odd, [run])[run], encoded(vae, padded, [run])[run])


def test_equal_sound_is_encoded_once(vae):
    cache = BoundedCache(1 << 20, lambda tensor: tensor.numel() * 4)
    runs = tiles(WHOLE, 40)
    first = encoded(vae, SONG.samples, runs, cache)
    again = encoded(vae, SONG.samples, runs, cache)
    assert cache.misses == cache.hits == len(runs)
    assert all(torch.equal(first[run], again[run]) for run in runs)
    changed = SONG.samples.copy()
    changed[0, 60 * 1920] += 1e-3
    encoded(vae, changed, runs, cache)
    assert cache.misses == len(runs) + 1, "only the tile that hears the changed sample"


def test_silence_is_the_same_everywhere(vae):
    runs = [Frames(20, 30), Frames(60, 70)]
    found = encoded(vae, np.zeros_like(SONG.samples), runs)
    assert torch.equal(found[runs[0]], found[runs[1]])
