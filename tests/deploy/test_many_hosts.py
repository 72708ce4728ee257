"""deploy/: the compose file of one host set up as many, and the manifests for Kubernetes.

Neither can be run here. What is checked: the manifests against Kubernetes' own schemas (PyPI package
kubernetes-validate, strict: unknown fields are refused), that Kustomize builds them (kubectl), that every
setting in them is one, and that what must fit together does.
"""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from punchin.settings import settings_from

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
COMPOSE = yaml.safe_load((DEPLOY / "compose.scale.yaml").read_text())
OLDEST, NEWEST = "1.30", "1.37"
"""Versions of Kubernetes that the manifests are checked against."""
SECRET = {"PUNCHIN_DB": "postgresql://punchin:p@database/punchin", "PUNCHIN_SECRET": "s" * 32}
"""What the secret `punchin` must hold, beside the storage's own credentials."""


def documents(folder):
    for file in sorted((KUBERNETES / folder).glob("*.yaml")):
        if file.name != "kustomization.yaml":
            yield from yaml.safe_load_all(file.read_text())


BASE = {(each["kind"], each["metadata"]["name"]): each for each in documents("base")}
(SCALED,) = documents("keda")
PODS = [each["spec"]["template"] for each in BASE.values() if "template" in each.get("spec", {})]


def containers(pod):
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def environment(container):
    """What a container's processes see, with a secret as it should be."""
    given = {each["name"]: each["value"] for each in container.get("env", [])}
    if container.get("envFrom"):
        given = SECRET | BASE["ConfigMap", "punchin"]["data"] | given
    return given


@pytest.mark.skipif(
    importlib.util.find_spec("kubernetes_validate") is None,
    reason="no kubernetes-validate here: pip install kubernetes-validate",
)
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_is_what_kubernetes_knows(version):
    from kubernetes_validate import ValidationError, validate

    for each in BASE.values():
        validate(each, version, strict=True)
    wrong = BASE["Deployment", "punchin-api"] | {
        "spec": BASE["Deployment", "punchin-api"]["spec"] | {"no": 1}
    }
    with pytest.raises(ValidationError):
        validate(wrong, version, strict=True)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl on the path")
def test_kustomize_builds_both():
    built = {}
    for name in ("base", "keda"):
        words = ["kubectl", "kustomize", str(KUBERNETES / name)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        built[name] = {each["kind"]: each for each in yaml.safe_load_all(done.stdout)}
        spaces = {each["metadata"].get("namespace", "punchin") for each in built[name].values()}
        assert spaces == {"punchin"}
    assert "replicas" in built["base"]["StatefulSet"]["spec"]
    assert "replicas" not in built["keda"]["StatefulSet"]["spec"]
    images = re.findall(r"image: (\S+)", done.stdout)
    assert set(images) == {"registry.example.org/punchin:cpu", "registry.example.org/punchin:gpu"}


def test_kustomize_is_told_of_every_file():
    for name in ("base", "keda"):
        told = yaml.safe_load((KUBERNETES / name / "kustomization.yaml").read_text())["resources"]
        files = {file.name for file in (KUBERNETES / name).glob("*.yaml")} - {"kustomization.yaml"}
        assert set(told) - {"../base"} == files


def test_the_settings_are_settings():
    for pod in PODS:
        for container in containers(pod):
            read = settings_from(environment(container))
            assert str(read.home) == "/home/punchin/state"
    api, gpu = (containers(BASE[name]["spec"]["template"])[-1] for name in (API, GPU))
    assert settings_from(environment(api)).workers == 0
    assert settings_from(environment(api)).host == "0.0.0.0"
    assert settings_from(environment(gpu)).workers == gpu["resources"]["limits"]["nvidia.com/gpu"]
    assert settings_from(environment(gpu)).host == "127.0.0.1"


API, GPU = ("Deployment", "punchin-api"), ("StatefulSet", "punchin-gpu")


def test_secrets_are_named_and_never_written():
    assert not [kind for kind, _ in BASE if kind == "Secret"]
    text = "".join(file.read_text() for file in KUBERNETES.glob("*/*.yaml"))
    assert "://punchin:" not in text
    for pod in PODS:
        main = pod["spec"]["containers"][0]
        assert {"secretRef": {"name": "punchin"}} in main["envFrom"]


def test_pods_have_no_rights_and_a_place_to_write():
    for pod in PODS:
        assert pod["spec"]["securityContext"]["runAsNonRoot"]
        assert pod["spec"]["automountServiceAccountToken"] is False
        for container in containers(pod):
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
            assert mounts == {"/home/punchin/state", "/tmp"}


def test_a_job_at_work_has_the_time_that_the_settings_say():
    for name in (API, GPU):
        pod = BASE[name]["spec"]["template"]
        grace_s = settings_from(environment(pod["spec"]["containers"][0])).grace_s
        assert pod["spec"]["terminationGracePeriodSeconds"] >= grace_s + 15
    for service in ("api", "cpu", "gpu"):
        stop = COMPOSE["services"][service]["stop_grace_period"]
        assert int(stop.removesuffix("s")) > settings_from({}).grace_s + 5


def test_selectors_select():
    for (kind, _), each in BASE.items():
        if kind in {"Deployment", "StatefulSet"}:
            wanted = each["spec"]["selector"]["matchLabels"]
            assert wanted.items() <= each["spec"]["template"]["metadata"]["labels"].items()
        elif kind in {"Service", "PodDisruptionBudget", "NetworkPolicy"}:
            told = each["spec"].get("podSelector") or each["spec"]["selector"]
            labels = told.get("matchLabels", told)
            assert any(labels.items() <= pod["metadata"]["labels"].items() for pod in PODS)
    stateful = BASE[GPU]["spec"]["serviceName"]
    assert BASE["Service", stateful]["spec"]["clusterIP"] == "None"


def test_keda_scales_the_workers_by_figures_that_there_are():
    """Fields as KEDA 2.17 documents them; its schema is not on PyPI."""
    target = SCALED["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == GPU
    assert 0 <= SCALED["spec"]["minReplicaCount"] < SCALED["spec"]["maxReplicaCount"]
    (trigger,) = SCALED["spec"]["triggers"]
    assert trigger["type"] == "prometheus"
    assert {"serverAddress", "query", "threshold"} <= set(trigger["metadata"])
    assert all(isinstance(value, str) for value in trigger["metadata"].values())
    source = (DEPLOY.parent / "src/punchin/web/measuring.py").read_text()
    figures = re.findall(r"punchin_[a-z_]+", trigger["metadata"]["query"])
    assert figures
    for figure in figures:
        assert f'"{figure}"' in source


def test_the_compose_file_shares_one_state():
    for name in ("migrate", "api", "cpu", "gpu"):
        given = COMPOSE["services"][name]["environment"]
        filled = {key: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for key, value in given.items()}
        filled = {key: re.sub(r"\$\{\w+:\?.*?\}", "s" * 32, value) for key, value in filled.items()}
        read = settings_from(filled)
        assert read.db.startswith("postgresql://")
        assert read.files == "s3://punchin/files"
        assert read.workers == (0 if name == "api" else read.workers)
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"]
        for needed in service.get("depends_on", {}):
            assert needed in COMPOSE["services"]
        assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.skipif(
    shutil.which("compose-lint") is None, reason="no compose-lint on the path: pip install compose-lint"
)
def test_the_linter_finds_nothing_grave():
    words = ["compose-lint", "check", "--fail-on", "high", str(DEPLOY / "compose.scale.yaml")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
