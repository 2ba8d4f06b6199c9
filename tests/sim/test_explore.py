# SPDX-License-Identifier: Apache-2.0
"""Everything that a few processes with a few capabilities can do, against the model; how much that is, is known."""

import functools
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIMULATOR = ROOT / "build/test/simulator"


@functools.cache
def explore(scope):
    return subprocess.run([SIMULATOR, "--explore", scope], capture_output=True, text=True, cwd=ROOT)


# The larger ones are `make check-deep`'s.
@pytest.mark.parametrize("scope", ["2x2", "2x3-grants"])
def test_all_states_are_reached_and_nothing_is_left(scope):
    done = explore(scope)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert "nothing is left" in done.stdout
    print(done.stdout)


@pytest.mark.parametrize("scope", ["2x2-new", "3x4", "3x4-wide"])
def test_all_states_within_some_steps_are_reached(scope):
    done = explore(scope)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert "more is left" in done.stdout
    print(done.stdout)


def test_each_kind_of_step_is_taken():
    taken = set()
    for scope in ("2x3-grants", "2x2-new"):
        line = re.search(r"^  steps:(.*)$", explore(scope).stdout, re.MULTILINE)[1]
        taken |= {name for name, count in re.findall(r" ([a-z][a-z ]*?) (\d+)", line) if count != "0"}
    assert taken == {"call", "make", "receive", "return", "throw", "turn", "throw in turn", "release", "finish", "signal",
                     "wait", "enter", "time", "exit", "revoke", "grant", "revoke grant", "sweep"}


# explore_test.c goes through each step again, this program back to marks: there, too, nothing is lost on the way.
def test_a_fault_behind_a_mark_is_found():
    done = subprocess.run([SIMULATOR, "--corrupt", "5000", "--explore", "2x2"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert re.search(r"^2x2: \d+ states, 500\d steps, .* kernel and model differ$", done.stdout, re.MULTILINE)
    assert re.search(r"^step \d+: ledger \d+: .*\nagain: .* --explore 2x2$", done.stderr, re.MULTILINE)


def test_what_does_not_exist_is_not_explored():
    assert explore("9x9").returncode == 2
