from pathlib import Path

import pytest

from punchin.errors import SettingsError
from punchin.settings import Settings, settings_from, variable


def test_the_environment_fills_the_fields():
    settings = settings_from({"PUNCHIN_HOME": "~/music", "PUNCHIN_ENGINE": " tone ", "PATH": "/bin"})
    assert settings.home == Path("~/music").expanduser()
    assert settings.engine == "tone"


def test_what_clients_are_told_is_no_setting():
    assert settings_from({"PUNCHIN_KEY": "abc", "PUNCHIN_URL": "http://localhost:8000"}) == settings_from({})


def test_what_is_empty_counts_as_not_given():
    assert settings_from({"PUNCHIN_ENGINE": ""}) == settings_from({})
    assert settings_from({}).engine == "auto"
    assert settings_from({}).home.name == "punchin"


def test_a_misspelt_setting_is_refused_with_those_there_are():
    with pytest.raises(SettingsError, match=r"PUNCHIN_HOEM.*PUNCHIN_HOME"):
        settings_from({"PUNCHIN_HOEM": "x"})


def test_the_name_of_a_setting_is_its_field_in_capitals():
    assert [variable(name) for name in Settings.__struct_fields__][:2] == ["PUNCHIN_HOME", "PUNCHIN_ENGINE"]


def test_devices_are_dealt_out_to_the_slots():
    settings = settings_from({"PUNCHIN_DEVICES": "cuda:0, cuda:1"})
    assert [settings.device_of(slot) for slot in range(3)] == ["cuda:0", "cuda:1", "cuda:0"]
    assert Settings().device_of(5) == "auto"


def test_a_setting_in_small_letters_is_named_as_it_was_written():
    with pytest.raises(SettingsError, match="PUNCHIN_WoRKERS is 'bad'"):
        settings_from({"PUNCHIN_WoRKERS": "bad"})
