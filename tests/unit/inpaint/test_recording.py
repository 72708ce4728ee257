"""Seams are measured on a cut of what an engine hears: the figures must be those of the whole window."""

import numpy as np
import pytest

from punchin.edits import Edit
from punchin.engine import no_progress
from punchin.inpaint import Session
from punchin.join import JoinSettings
from punchin.region import Region
from punchin.seam import measure
from punchin.song import Song
from punchin.songfile import open_song
from support.engines import noise_engine
from support.songs import made_song, wav_of


@pytest.mark.parametrize("fade_s", [0.05, 0.0], ids=["crossfades", "hard cuts"])
def test_the_seams_are_those_that_the_whole_window_shows(tmp_path, fade_s):
    engine = noise_engine()
    engine.listen_s = 30.0
    edit = Edit(region=Region.parse(25, 28), seed=3)
    with open_song(wav_of(made_song(60.0, 8000), tmp_path / "song.wav")) as source:
        session = Session(engine=engine, joins=JoinSettings(fade_in_s=fade_s, fade_out_s=fade_s))
        ((made,),), _ = session.record(source, [edit], no_progress)
        window, hole, _ = engine.asked[0]
        after = window.samples.copy()
        after[:, hole.start : hole.end] = source.sample_format.to_float(made.joined.samples)
    assert window.duration_s > 50
    fades = (made.joined.fade_in, made.joined.fade_out)
    assert made.seams == measure(window, hole, Song(after, window.rate_hz), *fades)
    assert made.seams.score < 1
    assert np.any(after != window.samples)
