"""Write what the page knows of tags, from the embedded engine's vocabulary and the presets below.

python scripts/vocabulary.py            write it
python scripts/vocabulary.py --check    fail if it is not what would be written
"""

from __future__ import annotations

import json
from pathlib import Path

from punchin.engines.embedded.tags import Kind, vocabulary
from punchin.engines.embedded.tags.vocabulary import canonical

FILE = Path(__file__).resolve().parents[1] / "src" / "punchin" / "web" / "vocabulary.json"

PRESETS = {
    "genre": {
        "Lofi": "lofi, chill, piano",
        "Hip hop": "hip hop, boom bap",
        "Trap": "trap, dark, 808",
        "House": "deep house, warm pad",
        "Techno": "techno, hypnotic",
        "Drum and bass": "drum and bass, energetic",
        "Synthwave": "synthwave, nostalgic",
        "Pop": "pop, catchy",
        "Indie": "indie pop, dreamy",
        "Rock": "rock, driving",
        "Metal": "metal, aggressive",
        "Punk": "punk, fast",
        "Funk": "funk, groovy",
        "Disco": "disco, strings",
        "Soul": "soul, warm",
        "R&B": "rnb, smooth",
        "Gospel": "gospel, choir",
        "Blues": "blues, harmonica",
        "Jazz": "jazz, saxophone",
        "Bossa nova": "bossa nova, nylon guitar",
        "Reggae": "reggae, organ",
        "Country": "country, fiddle",
        "Folk": "folk, fingerpicked guitar",
        "Latin": "salsa, trumpet",
        "Afrobeat": "afrobeat, percussion",
        "Ambient": "ambient, pad",
        "Cinematic": "cinematic, strings, epic",
        "Classical": "classical, strings, piano",
        "Chiptune": "chiptune, playful",
    },
    "mood": {
        "Chill": "chill",
        "Calm": "calm, soft",
        "Happy": "happy, bright",
        "Uplifting": "uplifting",
        "Playful": "playful",
        "Energetic": "energetic, driving",
        "Aggressive": "aggressive, heavy",
        "Dark": "dark",
        "Sad": "sad, slow",
        "Melancholic": "melancholic",
        "Dreamy": "dreamy, atmospheric",
        "Romantic": "romantic, warm",
        "Nostalgic": "nostalgic",
        "Mysterious": "mysterious",
        "Tense": "suspenseful",
        "Euphoric": "euphoric",
        "Groovy": "groovy",
        "Minimal": "minimal",
    },
    "instrument": {
        "Piano": "piano",
        "Rhodes": "electric piano",
        "Organ": "organ",
        "Acoustic guitar": "guitar",
        "Electric guitar": "electric guitar",
        "Distorted guitar": "distorted guitar",
        "Nylon guitar": "nylon guitar",
        "Strings": "strings",
        "Violin": "violin",
        "Cello": "cello",
        "Choir": "choir",
        "Trumpet": "trumpet",
        "Brass": "brass",
        "Saxophone": "saxophone",
        "Flute": "flute",
        "Harp": "harp",
        "Marimba": "marimba",
        "Music box": "music box",
        "Synth pad": "pad",
        "Arpeggio": "arp",
        "Synth lead": "lead",
    },
}
"""What people press instead of typing; each of its tags is one that is understood."""


def content() -> str:
    """The whole file.

    Raises:
        KeyError: a preset has a tag that is not in the vocabulary.
    """
    words = vocabulary()
    for group in PRESETS.values():
        for tags in group.values():
            for tag in tags.split(", "):
                words.by_name[canonical(tag)]
    terms = [
        {"name": term.name, "kind": str(term.kind), "aliases": list(term.names[1:])}
        for term in words.terms
        if term.kind is not Kind.IGNORED
    ]
    presets = {
        kind: [{"name": name, "tags": tags} for name, tags in group.items()]
        for kind, group in PRESETS.items()
    }
    return json.dumps({"terms": terms, "presets": presets}, ensure_ascii=False, indent=0) + "\n"


def main() -> int:
    """Write the file, or with `--check` compare it."""
    # Here and not above: tests load this file by itself, without its neighbours.
    from written import write_or_check

    return write_or_check(FILE, content())


if __name__ == "__main__":
    raise SystemExit(main())
