"""Licences of what is installed, and the scripts that audit and list it."""

import importlib.util
import io
import re
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


licences, audit, sbom = script("licences"), script("audit"), script("sbom")


def test_everything_that_is_locked_may_be_used():
    locked = licences.locked(ROOT / "requirements")
    installed = [package for package in distributions() if package.name.lower() in locked]
    assert len(installed) > 50
    assert licences.findings(installed) == []


@pytest.mark.parametrize(
    ("name", "expression", "allowed"),
    [
        ("new", "MIT", True),
        ("new", "MIT OR GPL-3.0-only", True),
        ("new", "MIT AND GPL-3.0-only", False),
        ("new", "BSD-3-Clause AND MIT", True),
        ("new", "GPL-2.0-or-later", False),
        ("new", "AGPL-3.0-only", False),
        ("new", "LGPL-3.0-only", False),
        ("psycopg", "LGPL-3.0-only", True),
        ("new", "", False),
        ("new", "LicenseRef-Proprietary", False),
    ],
)
def test_who_is_not_on_the_list_is_refused(name, expression, allowed):
    assert licences.is_allowed(name, expression) is allowed


def test_every_list_of_requirements_is_audited_and_nothing_passes_unasked():
    assert set(audit.LOCKS) == {lock.name for lock in (ROOT / "requirements").glob("*.txt")}
    for lock in (ROOT / "requirements").glob("*.txt"):
        command = audit.command(lock, "pypi")
        assert "--strict" in command
        assert ("--no-deps" in command) is ("--hash=" not in lock.read_text())


def test_an_audit_that_cannot_be_made_is_no_clean_one(monkeypatch, tmp_path):
    (tmp_path / "uvx").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "uvx").chmod(0o755)
    monkeypatch.setattr(audit.shutil, "which", lambda *_, **__: str(tmp_path / "uvx"))
    monkeypatch.setattr(sys, "argv", ["audit.py"])
    monkeypatch.setattr(audit, "unreachable", lambda service: "")
    with pytest.raises(SystemExit, match="not audited"):
        audit.main()


@pytest.mark.parametrize("answer", [None, b'{"info": {"name": "pip"}}'])
def test_where_no_advisories_are_to_be_had_it_says_so_and_does_not_pass(monkeypatch, capsys, answer):
    def opened(address, timeout):
        assert address.startswith("https://")
        if answer is None:
            raise OSError("no such host")
        return io.BytesIO(answer)

    monkeypatch.setattr(audit.urllib.request, "urlopen", opened)
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: pytest.fail("nothing can be asked"))
    monkeypatch.setattr(sys, "argv", ["audit.py"])
    with pytest.raises(SystemExit) as left:
        audit.main()
    assert left.value.code == audit.NOT_AUDITED != 0
    assert "NOT AUDITED" in capsys.readouterr().err


def test_advisories_that_are_there_are_asked(monkeypatch):
    told = b"{...%s...}" % audit.KNOWN.encode()
    monkeypatch.setattr(audit.urllib.request, "urlopen", lambda *_, **__: io.BytesIO(told))
    assert audit.unreachable("pypi") == audit.unreachable("osv") == ""


def test_every_dependency_of_the_core_is_locked_and_its_licence_allowed():
    said = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted = {re.split(r"[>=<;\[ ]", line)[0].lower() for line in said}
    assert {"numpy", "threadpoolctl"} <= wanted
    assert wanted <= licences.locked(ROOT / "requirements")
    core = [package for package in distributions() if package.name.lower() in wanted]
    assert {package.name.lower() for package in core} == wanted
    assert licences.findings(core) == []


def test_the_foreign_script_of_the_page_is_in_the_bill_with_its_hashes():
    found = sbom.vendored()
    assert {"wavesurfer.js"} <= {each["name"] for each in found}
    for each in found:
        assert each["purl"] == f"pkg:npm/{each['name']}@{each['version']}"
        assert licences.is_allowed(each["name"], each["licenses"][0]["license"]["id"])
        assert each["components"]
        assert all(re.fullmatch("[0-9a-f]{64}", one["hashes"][0]["content"]) for one in each["components"])
