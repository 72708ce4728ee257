"""Tiny models on disk, and engines that have loaded them, once for the whole session."""

import warnings

import pytest


@pytest.fixture(scope="session")
def tiny():
    pytest.importorskip("torch")
    pytest.importorskip("diffusers")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch about itself while it is imported
        import torch

        from support.tiny_checkpoint import make_tiny

        torch.set_num_threads(1)
        return make_tiny()


@pytest.fixture(scope="session")
def tiny_base(tiny):
    from support.tiny_checkpoint import make_tiny

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_tiny(turbo=False, seed=1)


@pytest.fixture(scope="session")
def turbo_folder(tiny, tmp_path_factory):
    return tiny.save_diffusers(tmp_path_factory.mktemp("turbo"))


@pytest.fixture(scope="session")
def original_folder(tiny, tmp_path_factory):
    return tiny.save_original(tmp_path_factory.mktemp("original"), "acestep-v15-turbo")


@pytest.fixture(scope="session")
def base_folder(tiny_base, tmp_path_factory):
    return tiny_base.save_diffusers(tmp_path_factory.mktemp("base"))


def make_engine(folder, model=None, **options):
    from punchin.engines.ace_step import AceStepEngine, RigOptions
    from punchin.engines.ace_step.catalogue import TURBO

    options = {"device": "cpu", "precision": "fp32"} | options
    engine = AceStepEngine(model or TURBO, folder, RigOptions(**options))
    engine.load()
    return engine


@pytest.fixture(scope="session")
def engine(turbo_folder):
    return make_engine(turbo_folder)


@pytest.fixture(scope="session")
def base_engine(base_folder):
    from punchin.engines.ace_step.catalogue import BASE

    return make_engine(base_folder, BASE)


@pytest.fixture
def new_engine():
    return make_engine
