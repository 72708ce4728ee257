"""Where each model is published, which of its files an edit needs, and what these files are.

All four are published by ACE-Step under the MIT licence in the original layout; turbo's repository also holds
the autoencoder and the text encoder that all share. Revisions and SHA-256 are those that the hub gives for
its LFS files (`/api/models/REPO/revision/REVISION?blobs=true`), as several public projects record them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from punchin.engines.ace_step.catalogue import BASE, SFT, TURBO, XL_TURBO
from punchin.engines.ace_step.layouts import ORIGINAL_TEXT_ENCODER

if TYPE_CHECKING:
    from collections.abc import Mapping

WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
NETWORK = ("config.json", *WEIGHTS)
CHECKPOINT = (*NETWORK, "silence_latent.pt")
TEXTS = ("*.json", "*.txt", "*.jinja", "*.safetensors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """The files of one folder of a repository.

    Attributes:
        repo, revision: on the hub; a commit, so that the same name is always the same weights.
        folder: inside the repository; "" is its root.
        place: the folder inside the model's own folder.
        names: which files, as patterns.
        sha256: of the files that are known beforehand, by name. A hub that offers others is refused.
    """

    repo: str
    revision: str
    folder: str
    place: str
    names: tuple[str, ...]
    sha256: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Package:
    """Everything that one model consists of.

    Attributes:
        shipments: where the files come from.
        download_bytes: about how much; the exact figure comes from the hub.
    """

    shipments: tuple[Shipment, ...]
    download_bytes: int


_MAIN = "ACE-Step/Ace-Step1.5"
_MAIN_REVISION = "19671f406d603126926c1b7e2adc169acbcade22"
_SILENCE = "a778e9dd942f5e8b2c09c55370782d318834432b03dabbcdf70e6ed49ad6358b"

_SHARED = (
    Shipment(
        repo=_MAIN,
        revision=_MAIN_REVISION,
        folder="vae",
        place="vae",
        names=NETWORK,
        sha256={
            "diffusion_pytorch_model.safetensors": (
                "da17edb604c40deaf09e9b24974e590d1ca83a374070e5d0884cfa4bed9a99b0"
            )
        },
    ),
    Shipment(
        repo=_MAIN,
        revision=_MAIN_REVISION,
        folder=ORIGINAL_TEXT_ENCODER,
        place=ORIGINAL_TEXT_ENCODER,
        names=TEXTS,
        sha256={"model.safetensors": "0437e45c94563b09e13cb7a64478fc406947a93cb34a7e05870fc8dcd48e23fd"},
    ),
)


def _package(
    repo: str, revision: str, folder: str, checkpoint: str, sha256: str | None, download_bytes: int
) -> Package:
    known = {"silence_latent.pt": _SILENCE}
    if sha256:
        known["model.safetensors"] = sha256
    own = Shipment(
        repo=repo, revision=revision, folder=folder, place=checkpoint, names=CHECKPOINT, sha256=known
    )
    return Package((own, *_SHARED), download_bytes)


PACKAGES: Mapping[str, Package] = {
    TURBO.name: _package(
        _MAIN,
        _MAIN_REVISION,
        TURBO.checkpoint,
        TURBO.checkpoint,
        "3f6e0797fad420a39bd33979eb6e840e30989e34a3794e843d23b60ec6e422d7",
        6_336_000_000,
    ),
    # In four files of 5 GB, float32, whose hashes nobody has written down: the hub's own are taken.
    XL_TURBO.name: _package(
        "ACE-Step/acestep-v15-xl-turbo",
        "d4a0b288b83ebb7e25a8c0b32c573c22e134e8ee",
        "",
        XL_TURBO.checkpoint,
        None,
        21_500_000_000,
    ),
    BASE.name: _package(
        "ACE-Step/acestep-v15-base",
        "e432212fec32b8965a14ffa57ae653438d6abd14",
        "",
        BASE.checkpoint,
        "4177f600501a6d4bd81cadaa0abac557ffd15c54e5c8cb52053cdb24a0844d6b",
        6_336_000_000,
    ),
    SFT.name: _package(
        "ACE-Step/acestep-v15-sft",
        "c410d249e71ea9385a7b586865e65b1473e1098d",
        "",
        SFT.checkpoint,
        "d4dd3a93870f06720027965b90771f529ab02094b3d29e2518f1d5e097e1af7e",
        6_336_000_000,
    ),
}
"""What `punchin models pull NAME` fetches, by the name of the model."""
