"""Stage by stage the same as diffusers' `AceStepPipeline` on the same weights, noise and source.

The reference draws its source latents from the global random state; here both take the mean. Where Punchin
differs on purpose, a test shows the difference and that it goes away with the option.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from punchin.edits import Edit  # noqa: E402
from punchin.engines.ace_step import RigOptions  # noqa: E402
from punchin.engines.ace_step.catalogue import BASE, TURBO  # noqa: E402
from punchin.engines.ace_step.conditions import context_latents  # noqa: E402
from punchin.engines.ace_step.layouts import find_checkpoint  # noqa: E402
from punchin.engines.ace_step.prompts import prompt_of  # noqa: E402
from punchin.engines.ace_step.recipe import read_recipe  # noqa: E402
from punchin.engines.ace_step.rig import Rig  # noqa: E402
from punchin.engines.ace_step.sampler import Repaint  # noqa: E402
from punchin.engines.ace_step.schedule import schedule  # noqa: E402
from punchin.engines.ace_step.tiles import tiles  # noqa: E402
from punchin.region import Frames, Region  # noqa: E402
from support.songs import made_song  # noqa: E402

SONG = made_song(6.0, 48_000)
LATENTS, CHANNELS = 150, 8
MASK = Frames(50, 100)  # 2 to 4 s
TAGS = ("lofi", "chill piano")
LYRICS = "[verse]\nhow is the weather\nça va très bien 好"
EDIT = Edit(region=Region.parse(2, 4), tags=TAGS, lyrics=LYRICS, seed=1)
STEPS = {"turbo": 8, "base": 6}


class Reference:
    """One run of the pipeline over a whole file, and what it fed its transformer."""

    def __init__(self, tiny, steps, patch):
        from diffusers.models.autoencoders.autoencoder_oobleck import OobleckDiagonalGaussianDistribution

        patch.setattr(OobleckDiagonalGaussianDistribution, "sample", lambda self, generator=None: self.mean)
        self.pipeline = tiny.pipeline()
        self.pipeline.set_progress_bar_config(disable=True)
        self.noise = torch.randn(1, LATENTS, CHANNELS, generator=torch.Generator().manual_seed(7))
        self.inputs, self.trajectory = [], []
        forward = tiny.transformer.forward

        def recorded(**inputs):
            self.inputs.append(inputs)
            return forward(**inputs)

        patch.setattr(tiny.transformer, "forward", recorded)
        sound = torch.from_numpy(SONG.samples.copy())
        self.source, _ = self.pipeline.prepare_src_latents(
            torch.device("cpu"), torch.float32, src_audio=sound
        )
        self.latents = self.pipeline(
            prompt=", ".join(TAGS),
            lyrics=LYRICS,
            audio_duration=6.0,
            num_inference_steps=steps,
            task_type="repaint",
            src_audio=sound,
            repainting_start=2.0,
            repainting_end=4.0,
            latents=self.noise.clone(),
            output_type="latent",
            callback=lambda step, time, latents: self.trajectory.append(latents.clone()),
        ).audios


def make_rig(folder, model):
    return Rig.load(
        find_checkpoint(folder, model.checkpoint),
        RigOptions(device="cpu", precision="fp32", cache_bytes=1 << 20),
    )


@pytest.fixture(scope="module", params=["turbo", "base"])
def pair(request, tiny, tiny_base, turbo_folder, base_folder):
    """(reference, ours, recipe)"""
    turbo = request.param == "turbo"
    model = TURBO if turbo else BASE
    steps = STEPS[request.param]
    edit = EDIT if turbo else Edit(region=EDIT.region, tags=TAGS, parameters={"number_of_steps": steps})
    with pytest.MonkeyPatch.context() as patch:
        reference = Reference(tiny if turbo else tiny_base, steps, patch)
    return reference, make_rig(turbo_folder if turbo else base_folder, model), read_recipe(edit, model)


def encoded(rig):
    found = rig.encode(SONG.samples, tiles(Frames(0, LATENTS), 40), lambda fraction: None)
    return torch.cat(list(found.values()))


def repainted(pair, *, hold):
    reference, rig, recipe = pair
    mask = torch.zeros(LATENTS, dtype=torch.bool)
    mask[MASK.start : MASK.end] = True
    what = Repaint(source=encoded(rig)[None], noise=reference.noise, mask=mask[None], hold=hold)
    prompt = prompt_of(TAGS, LYRICS, 6, recipe)
    with rig.steady():
        conditions = rig.conditions(prompt, None)
        return rig.repaint(what, schedule(recipe.steps, 3.0, None), [conditions], recipe, lambda step: None)


def close(ours, theirs, tolerance=2e-5):
    return torch.allclose(ours, theirs, rtol=0, atol=tolerance)


def test_the_texts_are_the_same(pair):
    reference, _, recipe = pair
    prompt = prompt_of(TAGS, LYRICS, 6, recipe)
    instruction = reference.pipeline._get_task_instruction("repaint")
    assert (prompt.text, prompt.lyrics) == reference.pipeline._format_prompt(
        ", ".join(TAGS), LYRICS, audio_duration=6.0, instruction=instruction
    )


def test_source_latents_are_the_same(pair):
    reference, rig, _ = pair
    assert close(encoded(rig), reference.source[0].detach())


def test_conditions_are_the_same(pair):
    reference, rig, recipe = pair
    theirs = reference.inputs[0]["encoder_hidden_states"][:1]
    with rig.steady():
        ours = rig.conditions(prompt_of(TAGS, LYRICS, 6, recipe), None)
    assert ours.shape == theirs.shape
    assert close(ours, theirs)


def test_context_and_mask_are_the_same(pair):
    reference, rig, _ = pair
    theirs = reference.inputs[0]["context_latents"][:1]
    mask = torch.zeros(LATENTS, dtype=torch.bool)
    mask[MASK.start : MASK.end] = True
    ours = context_latents(encoded(rig)[None], mask[None], rig.networks.condition_encoder.silence_latent)
    assert close(ours, theirs)
    assert torch.equal(ours[..., CHANNELS:], theirs[..., CHANNELS:]), "the mask is 0 and 1"


def test_the_whole_trajectory_is_the_same_when_the_song_is_not_held(pair):
    reference, _, recipe = pair
    assert len(reference.trajectory) == recipe.steps
    ours = repainted(pair, hold=False)
    assert close(ours, reference.latents, 1e-4)
    assert ours.std() > 0.1


def test_holding_the_song_is_the_only_difference(pair):
    """On purpose: outside the mask the reference drifts away from the song, Punchin does not."""
    reference, rig, _ = pair
    ours, source = repainted(pair, hold=True)[0], encoded(rig)
    outside = torch.ones(LATENTS, dtype=torch.bool)
    outside[MASK.start : MASK.end] = False
    assert torch.equal(ours[outside], source[outside])
    assert not close(reference.latents[0][outside], source[outside], 0.05)


def test_decoded_sound_is_the_same_before_the_reference_rescales_it(pair):
    reference, rig, _ = pair
    theirs = reference.pipeline.vae.decode(reference.latents.transpose(1, 2)).sample[0].detach().numpy()
    with rig.steady():
        ours = rig.decode(reference.latents[0].detach(), Frames(0, LATENTS), lambda fraction: None)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 1e-5 * max(1.0, np.abs(theirs).max())


def test_guidance_projects_as_the_reference_does():
    from diffusers.guiders.adaptive_projected_guidance import MomentumBuffer, normalized_guidance

    from punchin.engines.ace_step.guidance import Guide
    from punchin.engines.ace_step.recipe import Guidance

    generator = torch.Generator().manual_seed(0)
    guide, buffer = Guide(Guidance(scale=7.0)), MomentumBuffer(-0.75)
    for step in range(4):
        read, unread = (torch.randn(2, 50, 8, generator=generator) * (step + 1) for _ in range(2))
        theirs = normalized_guidance(read, unread, 6.0, buffer, 0.0, 2.5, True, (1,))
        assert close(guide(read, unread, 7.0, step), theirs)


def test_guidance_of_one_is_none_for_plain_cfg():
    from punchin.engines.ace_step.guidance import Guide
    from punchin.engines.ace_step.recipe import Guidance

    read, unread = torch.randn(2, 2, 10, 4)
    assert close(Guide(Guidance(kind="cfg"))(read, unread, 1.0, 3), read)
    assert close(Guide(Guidance(kind="cfg_star"))(read, unread, 1.0, 3), read)
    assert torch.equal(Guide(Guidance(kind="cfg_star"))(read, unread, 5.0, 0), torch.zeros_like(read))
