# SPDX-License-Identifier: Apache-2.0
"""Threads on shared memory under the thread sanitizer: no race, nothing lost, nobody who sleeps for ever."""

import pathlib
import subprocess

import pytest

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
PROGRAMS = sorted(path for path in (BUILD / "litmus").rglob("*_test"))
DEADLINE_S = 300  # a wake-up that is lost ends in a sleep


def test_there_is_something_to_run():
    assert PROGRAMS, "make litmus builds it"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_no_race(program):
    run = subprocess.run([program], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}\nagain: {program}"
