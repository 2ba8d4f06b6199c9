# SPDX-License-Identifier: Apache-2.0
"""Each fuzz target runs a number of inputs from a fixed seed; what it breaks on stays in build/fuzz/<target>/."""

import concurrent.futures
import os
import pathlib
import random
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
RUNS = 200000
SEED = 1
INPUT_SECONDS = 60  # of one input: it never ends
LONGEST = {"shared_buffer": 512, "line_editor": 512, "dispatch": 4096}  # each byte is a step
TARGETS = sorted(path.stem for path in pathlib.Path(__file__).resolve().parent.glob("*.c"))


def random_seeds():
    """Long inputs: a fuzzer finds them late by itself."""
    source = random.Random(SEED)
    return [source.randbytes(source.randrange(200, 1500)) for _ in range(32)]


def built_seeds(target):
    """Real messages and programs, made by the build."""
    package = (BUILD / "boot/smoke.bin").read_bytes()
    if target == "elf":
        return [(BUILD / "user/hello.elf").read_bytes()]
    if target in ("manifest", "reader"):
        return [package[:65536]]
    if target == "packed":
        return [package[:4096], bytes([0x10, 2, 0x51, 8, 3, 2, 0x31, 0x19, 0xaa, 1]), bytes([0, 255, 255, *range(1, 9), 0])]
    return random_seeds() if target == "dispatch" else [b"\x04\x40capos\x1b[A\x7f\r"]


def prepared_corpus(target):
    folder = BUILD / "fuzz" / f"{target}-corpus"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for index, seed in enumerate(built_seeds(target)):
        (folder / f"built-{index}").write_bytes(seed)
    if (CORPUS / target).is_dir():
        for path in sorted((CORPUS / target).iterdir()):
            (folder / path.name).write_bytes(path.read_bytes())
    return folder


def runs():
    return int(os.environ.get("FUZZ_RUNS") or RUNS)


def at_fixed_addresses():
    """Compared pointers are what the fuzzer makes inputs of: the same ones, so that a seed is the same run."""
    fixed = ["setarch", "--addr-no-randomize"]
    return fixed if subprocess.run([*fixed, "true"], check=False).returncode == 0 else []


def run(target):
    artifacts = BUILD / "fuzz" / f"{target}-broken"
    artifacts.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [*at_fixed_addresses(), str(BUILD / "fuzz" / target), f"-runs={runs()}", f"-seed={SEED}", "-detect_leaks=0",
         f"-max_len={LONGEST.get(target, 65536)}", f"-timeout={INPUT_SECONDS}", "-verbosity=1", "-print_final_stats=1", "-print_funcs=0", "-reload=0",
         f"-artifact_prefix={artifacts}/", str(prepared_corpus(target))], capture_output=True, text=True, errors="replace")


@pytest.fixture(scope="module")
def outcomes(request):
    """What this run asks for, as many at once as there are processors, the longest first."""
    asked = {item.callspec.params["target"] for item in request.session.items
             if item.module is request.module and hasattr(item, "callspec")}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {target: pool.submit(run, target) for target in sorted(asked, key=lambda target: target != "dispatch")}


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_breaks(outcomes, target):
    done = outcomes[target].result()
    assert done.returncode == 0, done.stderr[-3000:]
    executed = next(int(line.split()[1]) for line in done.stderr.splitlines() if "number_of_executed_units" in line)
    edges = re.findall(r"^#\d+\s+DONE\s+cov: (\d+)", done.stderr, re.MULTILINE)[-1]
    print(f"{target}: {executed} inputs, {edges} edges of its code")
    assert executed >= runs()
