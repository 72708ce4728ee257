import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.engines.embedded.tags import Circumstances, Kind, Style, parse_tags, vocabulary
from punchin.errors import EditError

PRODUCT_PAGE = ["lofi", "hiphop", "trap", "chill"]

# The ten presets and the default tags of ACE-Step's user interface (acestep/ui/components.py), the tags of
# its examples (examples/*/input_params), and what the captions of ACE-Step 1.5's examples name most.
ACE_STEP = """
pop, synth, drums, guitar, upbeat, catchy, vibrant, female vocals, polished vocals, rock, electric guitar,
bass, energetic, rebellious, gritty, male vocals, raw vocals, hip hop, 808 bass, hi-hats, bold, urban,
intense, rhythmic vocals, country, acoustic guitar, steel guitar, fiddle, heartfelt, rustic, warm, twangy
vocals, edm, kick drum, euphoric, pulsating, instrumental, reggae, chill, soulful, positive, smooth vocals,
classical, orchestral, strings, piano, elegant, emotive, timeless, jazz, saxophone, double bass, smooth,
improvisational, crooning vocals, metal, double kick drum, aggressive, heavy, screamed vocals, r&b, sultry,
groovy, romantic, silky vocals, funk, soul, melodic, keyboard, percussion, dynamic, rap, spoken word, clear,
male, bright, fast, synthesizer, rap music, electronic, dark, anime, j-pop, female, super fast, uplifting,
kawaii pop, singing, melodic rap, slightly nasal, rap flow, rapping, crisp snare, hip-house, modern, melodic
flow, street, hardcore rap, tempo - fast, elements - chorus hook, instrument - live bass guitar, vocals -
syncopated flow, genre - hip-hop, blues, rhythm and blues, country rock, folk rock, southern rock,
bluegrass, country pop, electronic rap, house, electro house, exciting, synth-pop, cuban music, salsa, son,
afro-cuban, traditional cuban, atmospheric, surf music, alternative rock, violin, viola, cello,
motivational, inspirational, empowering, tango finlandés, campanas, disco, dark pop, electro, guitarra
clásica, corridos tumba, nightclubs, dance parties, workout playlists, radio broadcasts, melancholic, world,
sad, medieval, cute female vocals, childish, happy, cheerful, lighthearted, death rock, hardcore, powerful,
heavy riffs, blast beats, satanic black metal, funk/soul, chorus hook, ambient synth pads, very fast,
storytelling, hip-hop, vocals, g-funk, summer, laid-back groove, smooth rhythm, synthesizer lead, heavy
bassline, west coast hip hop, lyrical rap, ad-libs, relaxed, breathy, night club, auto-tune, mumble rap,
trap, kawaii future bass, femal vocals, boombap, hi-hat rolls, female rap, lo-fi hip hop, keyboard chords,
male rap, lazy rhythm, melancholy, orchestra, symphony, sonata, opera, concerto, beat, driving drums,
upright bass, grand piano, harmonica, pulsing arpeggios, sweeping strings, vocal chops, vinyl crackle, wah-
wah guitar, epic brass, soft strings, trap hi-hats, thundering drums, mellow rhodes piano, tambourine, brass
stabs, driving bass, distorted guitars, analog warmth, brushed drums, walking bass, handclaps
"""


def test_tags_that_people_use_are_understood():
    for tag in [*PRODUCT_PAGE, *ACE_STEP.replace("\n", " ").split(",")]:
        parsed = parse_tags([tag])
        assert parsed.used, f"{tag!r} changes nothing"
        assert not parsed.unknown, f"{tag!r}: {parsed.unknown}"


def test_the_list_holds_the_hundred_most_common():
    assert len({tag.strip() for tag in ACE_STEP.split(",")}) >= 100


def test_every_tag_alone_is_used():
    for term in vocabulary().terms:
        parsed = parse_tags([term.name])
        assert not parsed.unknown, term.name
        assert bool(parsed.used) == (term.kind is not Kind.IGNORED), term.name


def test_no_tags_leave_the_song_as_it_is():
    parsed = parse_tags([])
    assert parsed.style == Style()
    assert not parsed.style.plays
    assert parsed.used == parsed.unused == parsed.unknown == ()


def test_three_genres_become_one_style():
    parsed = parse_tags(["lofi, hiphop, trap, chill"])
    assert parsed.used == ("lofi", "hiphop", "trap", "chill")
    style = parsed.style
    assert (style.groove, style.kit, style.bass.instrument) == ("trap", "lofi", "bass-808")
    assert "vinyl" in style.textures
    assert {"rhodes"} <= {part.instrument for part in style.parts}
    assert style.energy < 0


def test_a_phrase_of_several_words_is_several_terms():
    assert parse_tags(["dark lofi piano"]).used == ("dark", "lofi", "piano")
    assert parse_tags(["an upbeat pop song with a groovy bassline and hand claps"]).used == (
        "upbeat", "pop", "groovy", "bassline", "hand claps",
    )  # fmt: skip


def test_the_longest_name_wins():
    assert parse_tags(["deep house"]).used == ("deep house",)
    assert parse_tags(["electric piano"]).style.parts[0].instrument == "rhodes"
    assert parse_tags(["drum and bass"]).style.groove == "dnb"


@pytest.mark.parametrize(("typed", "means"), [("electric gitar", "electric guitar"), ("regae", "reggae")])
def test_slight_misspellings_are_understood(typed, means):
    assert parse_tags([typed]).style == parse_tags([means]).style


@pytest.mark.parametrize(
    "typed", ["drumless rock", "rock, no drums", "rock without drums", "rock -drums", "beatless rock"]
)
def test_no_drums_means_no_drums_whatever_the_order_and_words(typed):
    for tags in ([typed], typed.split(", ")[::-1]):
        style = parse_tags(tags).style
        assert style.groove is None
        assert style.percussion == ()
        assert style.percussive_db <= -60
        assert style.bass is not None


@pytest.mark.parametrize("typed", ["no vocals", "without vocals", "instrumental", "no singing", "karaoke"])
def test_no_vocals_means_nobody_sings(typed):
    assert parse_tags(["pop", typed]).style.vocals.delivery == "none"


def test_what_is_left_out_is_gone_whatever_brought_it():
    assert all("guitar" not in p.instrument for p in parse_tags(["rock, no guitars"]).style.parts)
    assert parse_tags(["rock, no bass"]).style.bass is None
    assert parse_tags(["lofi without vinyl"]).style.textures == ()
    assert "hats" in parse_tags(["house, no hi-hats"]).style.muted
    assert parse_tags(["rock, no guitars"]).used == ("rock", "no guitars")


def test_leaving_out_another_genre_keeps_what_is_not_its_own():
    lofi = parse_tags(["lofi"]).style
    parsed = parse_tags(["lofi, no jazz"])
    assert parsed.style == lofi
    assert [u.what for u in parsed.unused] == ["no jazz"]


def test_but_ends_a_negation():
    parsed = parse_tags(["rock without drums but with piano"])
    assert parsed.style.groove is None
    assert "piano" in {p.instrument for p in parsed.style.parts}


@pytest.mark.parametrize("tag", ["90 bpm", "90BPM", "tempo: 120", "100-120 bpm", "bpm 85"])
def test_the_songs_tempo_wins(tag):
    parsed = parse_tags([tag, "pop"])
    assert [u.why for u in parsed.unused] == ["the song's own tempo wins"]
    assert parsed.unknown == ()
    assert parsed.style == parse_tags(["pop"]).style


@pytest.mark.parametrize(
    "tag", ["in C minor", "C# minor", "Bb major", "key of G", "Am", "F#m", "key: D", "G major"]
)
def test_the_songs_key_wins(tag):
    parsed = parse_tags([tag, "pop"])
    assert [u.why for u in parsed.unused] == ["the song's own key wins"]
    assert parsed.unknown == ()


def test_a_minimal_beat_has_no_key():
    parsed = parse_tags(["a minimal beat"])
    assert parsed.used == ("minimal", "beat")
    assert parsed.unused == ()


def test_unknown_words_are_told_with_near_names():
    parsed = parse_tags(["pop", "jaz"])
    assert parsed.used == ("pop",)
    assert [u.what for u in parsed.unknown] == ["jaz"]
    assert "jazz" in parsed.unknown[0].why


@pytest.mark.parametrize(
    "tags", [["qwerty"], ["jaz", "xylofoon"], ["taylor swift"], ["in the style of Drake"]]
)
def test_nothing_but_unknown_words_is_refused(tags):
    with pytest.raises(EditError, match="no tag is known") as refusal:
        parse_tags(tags)
    for word in " ".join(tags).split():
        if word not in ("in", "the", "style", "of"):
            assert word.lower() in str(refusal.value)


def test_the_refusal_names_near_matches():
    with pytest.raises(EditError, match="near it: lofi"):
        parse_tags(["lfoi"])


def test_artists_are_not_imitated():
    assert [u.what for u in parse_tags(["pop, Daft Punk"]).unused] == ["daft punk"]
    assert parse_tags(["pop, Taylor Swift"]).unknown[0].what == "taylor swift"


def test_tags_that_need_what_is_missing_are_unused_and_say_what():
    here = Circumstances(words=False, stereo=False, beat=False)
    parsed = parse_tags(["pop", "female vocals", "wide stereo", "sidechain"], here)
    assert {u.what: u.why for u in parsed.unused} == {
        "female vocals": "there are no words to sing",
        "wide stereo": "the song has one channel",
        "sidechain": "no steady beat was found in the song",
    }
    assert parse_tags(["pop", "female vocals", "wide stereo", "sidechain"]).unused == ()


def test_a_tag_that_was_said_already_is_unused():
    assert [u.what for u in parse_tags(["orchestral", "symphony"]).unused] == ["symphony"]


def test_a_tag_that_others_overrule_is_unused():
    parsed = parse_tags(["house drums", "rock drums"])
    assert parsed.used == ("rock drums",)
    assert [(u.what, u.why) for u in parsed.unused] == [
        ("house drums", "other tags decide all that it asks for")
    ]


def test_a_sixth_instrument_does_not_fit():
    parsed = parse_tags(["piano", "organ", "strings", "choir", "flute", "trumpet"])
    assert [(u.what, u.why) for u in parsed.unused] == [("trumpet", "5 other instruments play already")]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([t.name for t in vocabulary().terms]), max_size=6, unique=True))
def test_every_used_tag_changes_the_style(names):
    parsed = parse_tags(names)
    for name in parsed.used:
        assert parse_tags([other for other in parsed.used if other != name]).style != parsed.style


def test_an_instrument_that_is_asked_for_comes_first_and_the_genres_step_back():
    style = parse_tags(["pop, accordion"]).style
    assert (style.parts[0].instrument, style.parts[0].asked) == ("accordion", True)
    assert parse_tags(["pop"]).style.parts[0].gain_db > style.parts[1].gain_db


def test_asking_for_drums_is_remembered():
    assert not parse_tags(["rock"]).style.drums_asked
    assert parse_tags(["rock, drums"]).style.drums_asked
    assert parse_tags(["ambient, shaker"]).style.drums_asked


def test_never_more_parts_than_can_be_heard_apart():
    many = ["piano", "organ", "strings", "choir", "flute", "trumpet", "banjo", "harp"]
    assert len(parse_tags(many).style.parts) <= 5


def test_reading_a_whole_caption_takes_no_time():
    caption = "a blistering virtuosic melange of unheard textures and quixotic zeal, " * 8
    start = time.process_time()
    parse_tags([caption, "pop"])
    assert time.process_time() - start < 2


@settings(deadline=None, max_examples=40)  # the machine may be busy
@given(st.lists(st.sampled_from([name for term in vocabulary().terms for name in term.names]), max_size=8))
def test_any_tags_together_make_a_style(names):
    parsed = parse_tags(names)
    assert parsed.unknown == ()
    assert -60 <= parsed.style.harmonic_db <= 6
    assert 0 <= parsed.style.sparseness <= 0.9
    assert len(parsed.style.parts) <= 5


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        parsed = parse_tags([text, "pop"])
    except EditError:
        pytest.fail("pop is known")
    assert "pop" in parsed.used
