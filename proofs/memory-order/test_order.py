# SPDX-License-Identifier: Apache-2.0
"""Each program holds in every order of memory that C allows, and finds the faults that are planted for it."""

import pathlib
import shutil
import subprocess
import tomllib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = sorted(path.stem for path in HERE.glob("*.c") if path.stem != "order")
FAULTS = tomllib.loads((HERE / "planted.toml").read_text())["fault"]
# What the programs do not run is left out, and with it what that would need.
COMPILER = ["clang-19", "-std=c17", "-Wall", "-Wextra", "-Werror", "-O1", "-D_GNU_SOURCE", "-ffunction-sections",
            "-fdata-sections",
            "-Wl,--gc-sections", "-fuse-ld=lld-19"]
INCLUDES = [HERE, "build/include", "lib", "build/gen/include", "kernel"]
HOLDS, FOUND = 0, 1
DEADLINE_S = 300


def run(program, folder, file=None, text=None):
    """The program on the tree's sources, of which one may have another text."""
    if file:
        # With all of its folder: a header that stands beside a source is found there first.
        place = pathlib.Path(file).parent
        shutil.copytree(ROOT / place, folder / place, ignore=shutil.ignore_patterns("*_test.c"))
        (folder / file).write_text(text)
    includes = [f"-I{path}" for path in [HERE, folder / "kernel", folder / "lib", *INCLUDES]]
    subprocess.run([*COMPILER, *includes, HERE / "order.c", HERE / f"{program}.c", "-o", folder / program], cwd=ROOT,
                   check=True)
    return subprocess.run([folder / program], capture_output=True, text=True, timeout=DEADLINE_S, check=False)


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_holds_in_every_order(program, tmp_path):
    done = run(program, tmp_path)
    print(done.stdout, end="")
    assert done.returncode == HOLDS, done.stdout


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["new"].strip() or "without " + fault["old"].strip())
def test_a_planted_fault_is_found(fault, tmp_path):
    text = (ROOT / fault["file"]).read_text()
    assert text.count(fault["old"]) == 1, f"`{fault['old']}` is not in {fault['file']} exactly once"
    done = run(fault["program"], tmp_path, fault["file"], text.replace(fault["old"], fault["new"]))
    assert done.returncode == FOUND, done.stdout


def test_each_program_has_faults():
    assert {fault["program"] for fault in FAULTS} == set(PROGRAMS)
