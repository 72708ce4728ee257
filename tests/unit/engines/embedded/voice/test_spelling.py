import pytest

from punchin.engines.embedded.voice.aligning import SILENCE
from punchin.engines.embedded.voice.languages import LANGUAGES, NOT_UNDERSTOOD
from punchin.engines.embedded.voice.sounds import VOWELS
from punchin.engines.embedded.voice.spelling import spelling_of

KNOWN = {**LANGUAGES, **NOT_UNDERSTOOD}
SPELT = [code for code in KNOWN if code != "en"]


def spoken(code, line):
    """Sounds of each word; an apostrophe follows the stressed vowel."""
    language = KNOWN[code]
    found = []
    for word in language.pronounced(language.words(line)):
        stresses = iter(word.stresses)
        marks = ["'" if phone in VOWELS and next(stresses) == 1 else "" for phone in word.phones]
        found.append("".join(phone + mark for phone, mark in zip(word.phones, marks, strict=True)))
    return " ".join(found)


@pytest.mark.parametrize(
    ("code", "line", "sounds"),
    [
        ("es", "Cada noche, corazón", "ka'ða no'tʃe koɾaθo'n"),
        ("es", "guitarra guerra pingüino", "gita'ra ge'ra piŋɣwi'no"),
        ("es", "quiero hielo, huevo", "kje'ɾo ʝe'lo we'βo"),
        ("es", "río ciudad día rey", "ri'o θjuða'ð di'a re'j"),
        ("es", "gente jardín zapato niña lluvia", "xe'nte xaɾði'n θapa'to ni'ɲa ʎu'βja"),
        ("es", "canción exámenes bailar", "kanθjo'n eksa'menes bajla'ɾ"),
        ("it", "Cammino questa notte", "kami'no kwe'sta no'te"),
        ("it", "cielo, chiesa, giorno, ghiaccio", "tʃe'lo kje'za dʒo'rno gja'tʃo"),
        ("it", "scienza pesce maschio gnomo foglie", "ʃe'ntsa pe'ʃe ma'skjo ɲo'mo fo'ʎe"),
        ("it", "città perché più", "tʃita' perke' pju"),
        ("it", "musica magico ultimo anima piccolo", "mu'zika ma'dʒiko u'ltimo a'nima pi'kolo"),
        ("it", "mio tua poesia amico", "mi'o tu'a poezi'a ami'ko"),
        ("de", "Nacht ich leuchtet", "na'xt ɪç lɔʏ'çtət"),
        ("de", "Stern Spiel Schule König", "ʃtɛ'ɐ̯n ʃpiː'l ʃuː'lə køː'nɪç"),
        ("de", "leben lieb Hand Tag", "leː'bən liː'p ha'nt taː'k"),
        ("de", "verstehen gesagt gestern besser", "fɛɐ̯ʃteː'ən gəza'kt gɛ'stɐn bɛ'sɐ"),
        ("de", "Freiheit Träume süß", "fʁaɪ'haɪt tʁɔʏ'mə zyː's"),
        ("fr", "nuit, soleil, travail", "nɥi' sɔlɛ'j tʁava'j"),
        ("fr", "bonheur enfant chambre bien loin", "bɔnœ'ʁ ɑ̃fɑ̃' ʃɑ̃'bʁ bjɛ̃' lwɛ̃'"),
        ("fr", "chanter chantent souvent", "ʃɑ̃te' ʃɑ̃'t suvɑ̃'"),
        ("fr", "oiseaux heureux étoile famille ville", "wazo' œʁø' etwa'l fami'j vi'l"),
        ("fr", "m'appelle aujourd'hui", "mapɛ'l oʒuʁdɥi'"),
        ("fr", "les amis, nous avons un enfant", "le zami' nu zavɔ̃' ɛ̃ nɑ̃fɑ̃'"),
        ("fr", "les jardins, les héros", "le ʒaʁdɛ̃' le eʁo'"),
    ],
)
def test_words_are_read_as_people_say_them(code, line, sounds):
    assert spoken(code, line) == sounds


@pytest.mark.parametrize("code", SPELT)
def test_every_sound_of_the_rules_has_a_model(code):
    spelling = spelling_of(KNOWN[code].name.lower())
    heard = {phone.rstrip("1") for _, _, sounds in spelling.rules for phone in sounds}
    heard |= {phone.rstrip("1") for sounds in spelling.known.values() for phone in sounds}
    assert heard <= set(KNOWN[code].models()) - {SILENCE}


@pytest.mark.parametrize("code", SPELT)
def test_words_of_any_kind_are_read(code):
    """Other accents, other languages, drawn out letters: each vowel is a syllable and has a stress."""
    language = KNOWN[code]
    models = language.models()
    for text in language.words("Ångström naïve WOOOW brrr Łódź İstanbul çok piñata Straße o'clock ﬁn x"):
        word = language.pronounce(text)
        assert len(word.stresses) == sum(phone in VOWELS for phone in word.phones)
        assert set(word.phones) <= set(models)


@pytest.mark.parametrize("code", SPELT)
def test_function_words_carry_no_stress_and_others_carry_one(code):
    language = KNOWN[code]
    spelling = spelling_of(language.name.lower())
    for text in spelling.function_words:
        assert 1 not in language.pronounce(text).stresses
    for text in sorted(spelling.telling_words - spelling.function_words):
        stresses = language.pronounce(text).stresses
        assert stresses.count(1) == (1 if stresses else 0)
