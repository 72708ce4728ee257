"""ACE-Step 1.5 as an engine: window, repaint, splice-ready sound. See docs/ace-step.md.

    catalogue   the models               window     which part of the song is heard and made anew
    places      where weights live       lyrics     the right sheet       recipe   the parameters
    layouts     files of both layouts    schedule   noise levels          prompts  the texts
    options     device, precision        job        all of that for one call
    engine      what the core sees       memory     will it fit           levels   the autoencoder's own level
    tiles       how sound is cut         meter      progress              cache    what was computed before

and, imported with the model only, because torch comes with them:

    frameworks  the door to torch        latents    sound to latents and back, in exact tiles
    devices     what is there            conditions texts and timbre
    loading     files to networks        guidance   APG, CFG
    rig         the loaded model         sampler    the repaint loop      run      one job through all stages
"""

from punchin.engines.ace_step.catalogue import MODELS, Model
from punchin.engines.ace_step.engine import AceStepEngine, base_engine, sft_engine, xl_turbo_engine
from punchin.engines.ace_step.options import RigOptions

__all__ = [
    "MODELS",
    "AceStepEngine",
    "Model",
    "RigOptions",
    "base_engine",
    "sft_engine",
    "xl_turbo_engine",
]
