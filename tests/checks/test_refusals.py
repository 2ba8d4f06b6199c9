# SPDX-License-Identifier: Apache-2.0
"""check-refusals: a place that names a refusal was reached, or stands in the list, and the list is true."""

import json
import pathlib
import subprocess

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check-refusals"
SOURCE = """enum cap_status
first(int a)
{
	if (a == CAP_ERR_REVOKED)
		return CAP_ERR_INVALID_CAP;
	switch (a) {
	case CAP_ERR_TIMED_OUT:
		return CAP_OK;
	}
	return a > 1 ? CAP_OK : CAP_ERR_INVALID_CAP;
}
"""
# line, column, count, whether it is a count: the first return, and the last arm of the last one.
REACHED = [[3, 1, 9, True], [5, 10, 1, True], [5, 36, 9, True], [10, 26, 2, True], [10, 45, 9, True], [11, 2, 0, False]]


def run(tmp_path, segments, listed="", path="kernel/a/a.c"):
    (tmp_path / "kernel/a").mkdir(parents=True, exist_ok=True)
    (tmp_path / "tests/refusals").mkdir(parents=True, exist_ok=True)
    (tmp_path / "kernel/a/a.c").write_text(SOURCE)
    (tmp_path / "tests/refusals/unreached.txt").write_text(listed)
    exported = {"data": [{"files": [{"filename": f"{tmp_path}/{path}", "segments": segments}]}]}
    (tmp_path / "coverage.json").write_text(json.dumps(exported))
    ended = subprocess.run([TOOL, tmp_path / "coverage.json", tmp_path], capture_output=True, text=True)
    assert ended.stderr == ""
    return ended.returncode, ended.stdout


def without(index):
    """REACHED, but for one region that was never executed."""
    return [[*segment[:2], 0 if i == index else segment[2], segment[3]] for i, segment in enumerate(REACHED)]


def test_labels_and_comparisons_are_no_places(tmp_path):
    assert run(tmp_path, REACHED) == (0, "refusals: 2 of 2 places reached, 0 explained\n")


@pytest.mark.parametrize("index, name", [(1, "CAP_ERR_INVALID_CAP"), (3, "CAP_ERR_INVALID_CAP 2")])
def test_what_is_not_reached_is_told_or_explained(tmp_path, index, name):
    status, printed = run(tmp_path, without(index))
    assert status == 1 and f"kernel/a/a.c first {name} [unreached]" in printed
    assert run(tmp_path, without(index), f"kernel/a/a.c first {name} # a reason\n")[0] == 0


def test_a_file_that_no_test_has_is_not_reached(tmp_path):
    status, printed = run(tmp_path, REACHED, path="kernel/a/b.c")
    assert status == 1 and printed.count("[unreached]") == 2


@pytest.mark.parametrize("line, rule", [
    ("kernel/a/a.c first CAP_ERR_INVALID_CAP # reached", "[reached]"),
    ("kernel/a/a.c first CAP_ERR_NO_MEMORY # gone", "[gone]"),
    ("kernel/a/a.c first CAP_ERR_INVALID_CAP 3 # gone", "[gone]"),
    ("kernel/a/a.c first CAP_ERR_INVALID_CAP", "[line]"),
])
def test_a_line_that_is_not_true_is_found(tmp_path, line, rule):
    status, printed = run(tmp_path, REACHED, line + "\n")
    assert status == 1 and rule in printed
