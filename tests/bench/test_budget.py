# SPDX-License-Identifier: Apache-2.0
"""No path takes more instructions than its accepted budget: the counts are exact, so that 2 % more is a change of the code."""

import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import measure  # noqa: E402

BUDGET = json.loads((HERE / "budget.json").read_text())
SLACK = 1.02


def test_no_figure_exceeds_its_budget():
    version = subprocess.run(["clang-19", "--version"], capture_output=True, text=True, check=True).stdout.split()
    if BUDGET["compiler"] not in version:
        pytest.skip(f"the budget is for clang {BUDGET['compiler']}: measure and accept it for this one")
    figures = measure.all_figures()[0]
    over = {name: (figures[name], accepted) for name, accepted in BUDGET["figures"].items()
            if figures[name] > accepted * SLACK}
    assert not over, f"figure: (measured, accepted) {over}"
