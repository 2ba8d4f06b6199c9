# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the checks' tests: a small tree with a seeded violation, and a check that is run on it."""

import subprocess

import pytest

from checked import ROOT


@pytest.fixture
def tree(tmp_path):
    """tree({path: text}) writes files below a new root and returns it."""

    def write(texts):
        for path, text in texts.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return tmp_path

    return write


@pytest.fixture
def check(tree):
    """check("sizes", {path: text}) -> (exit status, what was printed)."""

    def run(name, texts, *arguments):
        root = tree(texts)
        done = subprocess.run([ROOT / "tools" / f"check-{name}", *arguments, root],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    return run
