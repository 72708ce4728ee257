"""What the doctor finds on machines that we do not have, and what it advises."""

import subprocess
import sys

import pytest

from punchin.cli.advice import device_line, model_line, next_command, torch_advice
from punchin.cli.hardware import Card, Machine, Torch, survey
from punchin.engines.ace_step import MODELS
from punchin.engines.ace_step.weights import Shelved

TURBO, XL = MODELS["ace-step-1.5-turbo"], MODELS["ace-step-1.5-xl-turbo"]
GB = 10**9


def files(root, **contents):
    for place, content in contents.items():
        path = root / place.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def surveyed(root, said="", system="Linux"):
    return survey(root, system, lambda command: said, root / "torch")


def machine(card=None, torch=None, ram=32 * GB, half=True, system="Linux"):
    return Machine(system, card, torch, ram, half)


def card(kind, free_gb):
    return Card(kind, "A card", round((free_gb + 0.5) * GB), round(free_gb * GB))


def shelf(**states):
    return [
        Shelved(model, None, states.get(name.replace("-", "_").replace(".", "_"), "absent"))
        for name, model in MODELS.items()
    ]


def test_an_nvidia_card_is_asked_for_its_memory(tmp_path):
    found = surveyed(tmp_path, "NVIDIA GeForce RTX 4090, 24564, 23000\nNVIDIA T4, 15360, 15000\n")
    assert found.card == Card("cuda", "NVIDIA GeForce RTX 4090", 24564 << 20, 23000 << 20)


@pytest.mark.parametrize("said", ["", "No devices were found", "a, b, c", "\n"])
def test_a_driver_that_says_nonsense_is_no_card(tmp_path, said):
    assert surveyed(tmp_path, said).card is None


def test_an_amd_card_is_read_from_the_kernel(tmp_path):
    device = "sys__class__drm__card1__device__"
    root = files(
        tmp_path,
        **{
            f"{device}vendor": "0x1002\n", f"{device}mem_info_vram_total": "25753026560\n",
            f"{device}mem_info_vram_used": "1000000000\n",
            "sys__class__drm__card0__device__vendor": "0x1002\n",
            "sys__class__drm__card0__device__mem_info_vram_total": "536870912\n",
        },
    )  # fmt: skip
    assert surveyed(root).card == Card("rocm", "AMD graphics card", 25753026560, 24753026560)


@pytest.mark.parametrize(
    ("version", "cuda", "hip", "system", "build"),
    [
        ("2.13.0+cpu", "None", "None", "Linux", "cpu"),
        ("2.15.0+cu130", "'13.0'", "None", "Linux", "cuda"),
        ("2.9.0+rocm6.4", "None", "'6.4.1'", "Linux", "rocm"),
        ("2.9.0", "None", "None", "Darwin", "mps"),
    ],
)
def test_torch_is_known_by_its_own_words(tmp_path, version, cuda, hip, system, build):
    (tmp_path / "torch").mkdir()
    lines = (f"__version__ = '{version}'", f"cuda: Optional[str] = {cuda}", f"hip: Optional[str] = {hip}")
    (tmp_path / "torch" / "version.py").write_text("\n".join(lines) + "\n")
    assert surveyed(tmp_path, system=system).torch == Torch(version, build)


def test_the_smaller_of_machine_and_container_counts(tmp_path):
    files(tmp_path, proc__meminfo="MemTotal: 9 kB\nMemAvailable:   8000000 kB\n")
    assert surveyed(tmp_path).ram_bytes == 8_000_000 * 1024
    group = tmp_path / "sys" / "fs" / "cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("4000000000\n")
    (group / "memory.current").write_text("1500000000\n")
    (group / "memory.stat").write_text("anon 1\ninactive_file 500000000\n")
    assert surveyed(tmp_path).ram_bytes == 3_000_000_000
    (group / "memory.max").write_text("max\n")
    assert surveyed(tmp_path).ram_bytes == 8_000_000 * 1024


def test_bfloat16_is_seen_in_the_flags(tmp_path):
    assert not surveyed(files(tmp_path, proc__cpuinfo="flags : avx2 avx512f\n")).half_precision
    assert surveyed(files(tmp_path, proc__cpuinfo="flags : avx512_bf16\n")).half_precision


@pytest.mark.parametrize(
    ("here", "advice"),
    [
        (machine(), "whl/cpu && pip install 'punchin[ace-step]'"),
        (machine(system="Windows"), "pip install 'punchin[ace-step]'"),
        (machine(card("mps", 20), system="Darwin"), "pip install 'punchin[ace-step]'"),
        (machine(card("cuda", 20)), "pip install 'punchin[ace-step]'"),
        (machine(card("cuda", 20), system="Windows"), "whl/cu…"),
        (machine(card("rocm", 20)), "whl/rocm…"),
        (machine(card("cuda", 20), Torch("2.13.0+cpu", "cpu")), "is for the CPU; pip install --force"),
        (machine(card("rocm", 20), Torch("2.13.0", "cuda")), "is for CUDA; "),
        (machine(card("cuda", 20), Torch("2.13.0", "cuda")), ""),
        (machine(torch=Torch("2.13.0", "cuda")), ""),
    ],
)  # fmt: skip
def test_each_kind_of_machine_gets_the_torch_that_suits_it(here, advice):
    assert advice in torch_advice(here)
    assert bool(advice) == bool(torch_advice(here))


@pytest.mark.parametrize(
    ("free_gb", "turbo", "large"),
    [
        (23.5, "all of it stays", "all of it stays"),
        (11.6, "all of it stays", "stage by stage"),
        (7.6, "stage by stage", "two blocks"),
        (5.6, "stage by stage", "two blocks"),
    ],
)
def test_memory_tiers_of_cards(free_gb, turbo, large):
    here = machine(card("cuda", free_gb), Torch("2.13.0", "cuda"))
    for model, says in ((TURBO, turbo), (XL, large)):
        runs, line = model_line(model, here)
        assert runs
        assert says in line
    assert "6.2 GB in half precision" in model_line(TURBO, here)[1]


def test_a_card_that_is_too_small_says_what_is_missing():
    runs, line = model_line(XL, machine(card("cuda", 1.0), Torch("2.13.0", "cuda")))
    assert not runs
    assert "of the card; 1.0 GB of it are free" in line
    runs, line = model_line(XL, machine(card("cuda", 5.0), Torch("2.13.0", "cuda"), ram=4 * GB))
    assert not runs
    assert "4.0 GB of main memory are free" in line


def test_on_a_processor_precision_decides_what_it_takes():
    assert "6.2 GB in half precision" in model_line(TURBO, machine(half=True))[1]
    assert "11.8 GB in float32" in model_line(TURBO, machine(half=False))[1]
    runs, line = model_line(TURBO, machine(half=False, ram=8 * GB))
    assert not runs
    assert line.endswith("8.0 GB are free")


def test_a_card_that_torch_cannot_use_does_not_count():
    assert "float32" in model_line(TURBO, machine(card("cuda", 20), Torch("2.13.0", "cpu"), half=False))[1]


def test_the_next_command_goes_step_by_step():
    torch = Torch("2.13.0", "cpu")
    assert "whl/cpu" in next_command(machine(), shelf(), ["torch"])
    assert next_command(machine(torch=torch), shelf(), ["diffusers"]) == "pip install 'punchin[ace-step]'"
    assert next_command(machine(torch=torch), shelf(), []) == "punchin models pull ace-step-1.5-turbo"
    begun = shelf(ace_step_1_5_base="unfinished")
    assert next_command(machine(torch=torch), begun, []) == "punchin models pull ace-step-1.5-base"
    ready = shelf(ace_step_1_5_sft="ready")
    assert "--engine ace-step-sft" in next_command(machine(torch=torch), ready, [])
    assert "--engine embedded" in next_command(machine(torch=torch, ram=GB), shelf(), [])


def test_the_device_is_named():
    assert device_line(machine(card("cuda", 23))).startswith("A card (23.5 GB, 23.0 GB free); torch is not")
    assert "the processor, without bfloat16" in device_line(machine(half=False))


def test_the_doctor_needs_no_torch_and_names_every_model(punchin, tmp_path, monkeypatch):
    monkeypatch.setenv("PUNCHIN_HOME", str(tmp_path))
    said = punchin("doctor").out
    for name in MODELS:
        assert name in said
    assert "\nok  next " in said


def test_the_doctor_does_not_import_torch():
    code = (
        "import sys, atexit; sys.argv = ['punchin', 'doctor'];"
        "atexit.register(lambda: print('torch' in sys.modules));"
        "from punchin.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.rstrip().endswith("False")
