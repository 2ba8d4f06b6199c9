# SPDX-License-Identifier: Apache-2.0
"""The simulator, far: 2,000,000 operations of several seeds, and a failure that is shrunk to what it takes."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIMULATOR = ROOT / "build/test/simulator"
OPERATIONS = int(os.environ.get("CAPOS_SIM_OPERATIONS", "200000"))  # of each seed
SEEDS = range(2, 2 + int(os.environ.get("CAPOS_SIM_SEEDS", "9")))


def simulate(*arguments):
    return subprocess.run([SIMULATOR, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)


# With the one seed of sim_test.c that is ten times 200,000.
@pytest.mark.parametrize("seed", SEEDS)
def test_kernel_and_model_agree(seed):
    done = simulate("--seed", seed, "--steps", OPERATIONS)
    assert done.returncode == 0, done.stderr[-4000:]
    # The last step may have been a batch.
    ran = re.search(rf"^seed {seed}: (\d+) operations, kernel and model agree$", done.stdout, re.MULTILINE)
    assert ran and int(ran[1]) >= OPERATIONS, done.stdout[:200]


# Where long runs differed: a late call that named an answer; an endpoint that closed under a long copy.
@pytest.mark.parametrize("seed,operations", [(1004, 30000), (2001, 640000)])
def test_what_was_found_far_out_agrees(seed, operations):
    done = simulate("--seed", seed, "--steps", operations)
    assert done.returncode == 0, done.stderr[-4000:]


def test_a_failure_is_shrunk_to_the_steps_that_it_takes():
    done = simulate("--seed", 3, "--steps", 5000, "--corrupt", 2000, "--shrink")
    assert done.returncode == 1
    left, of = map(int, re.search(r"^(\d+) of (\d+) steps are left", done.stdout, re.MULTILINE).groups())
    assert of >= 2000
    assert left <= 10, done.stdout
    assert len(re.findall(r"^  \d+: ", done.stdout, re.MULTILINE)) >= left - 1
    assert re.search(r"^seed 3, step \d+: ", done.stderr, re.MULTILINE)


def test_what_does_not_fail_is_not_shrunk():
    done = simulate("--seed", 3, "--steps", 500, "--shrink")
    assert done.returncode == 0 and "do not fail" in done.stdout
