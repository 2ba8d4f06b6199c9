# SPDX-License-Identifier: Apache-2.0
"""run-tests counts what passed and failed, whatever way a test program fails, and prints one closing line."""

import subprocess

import pytest

from checked import ROOT

BASE = [ROOT / "tests/base/main.c", f"-I{ROOT}/tests", "-lcmocka", "-D_GNU_SOURCE"]
PROGRAMS = {
    "good": "TEST(one) { CHECK(1); }\nTEST(two) { CHECK_EQ(2, 2); }\n",
    "bad": "TEST(fine) { CHECK(1); }\nTEST(wrong) { CHECK_EQ(1, 2); }\n",
    "crash": "TEST(ends_early) { __builtin_trap(); }\n",
    "leaves": "#include <stdlib.h>\nTEST(leaves) { exit(0); }\n",
    "exits": "#include <stdlib.h>\nTEST(leaves) { exit(3); }\n",
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    for name, text in PROGRAMS.items():
        source = folder / f"{name}.c"
        source.write_text('#include "base/test.h"\n' + text)
        subprocess.run(["clang-19", source, *BASE, "-o", folder / name], check=True)
    return folder


def run(programs, names, *options):
    done = subprocess.run([ROOT / "tools/run-tests", "--unit", *options, *(programs / name for name in names)],
                          capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize("names,options,status,closing", [
    (["good"], [], 0, "2 passed, 0 failed"),
    (["good", "bad"], [], 1, "3 passed, 1 failed"),
    (["good", "crash"], [], 1, "2 passed, 1 failed"),
    (["good", "exits"], [], 1, "2 passed, 1 failed"),
    (["good", "leaves"], [], 1, "2 passed, 1 failed"),
    (["good", "bad"], ["--name", "two"], 0, "1 passed, 0 failed"),
    (["good", "bad"], ["--name", "wrong"], 1, "0 passed, 1 failed"),
    (["good"], ["--name", "nothing_like_this"], 1, "0 passed, 1 failed"),
])
def test_the_closing_line_counts(programs, names, options, status, closing):
    returned, printed = run(programs, names, *options)
    assert printed.split("\n")[-2] == closing
    assert printed.count(" passed, ") == 1
    assert returned == status


def test_a_failure_prints_the_command_that_repeats_it(programs):
    _, printed = run(programs, ["bad"])
    assert "[ RUN      ] wrong" in printed and "fine" not in printed
    assert f"again: {programs / 'bad'} wrong\n" in printed


def test_a_test_program_takes_a_name(programs):
    done = subprocess.run([programs / "good", "two"], capture_output=True, text=True)
    assert done.returncode == 0 and "one" not in done.stdout
    assert subprocess.run([programs / "good", "none"], capture_output=True).returncode == 2
    listed = subprocess.run([programs / "good", "--list"], capture_output=True, text=True).stdout
    assert sorted(listed.split()) == ["one", "two"]


def test_what_did_not_change_keeps_its_date(tmp_path):
    for name, text in (("old/same", "a"), ("old/other", "b"), ("old/gone", "c"),
                       ("new/same", "a"), ("new/other", "B"), ("new/deep/more", "d")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    before = (tmp_path / "old/same").stat().st_mtime_ns, (tmp_path / "old/same").stat().st_ino
    subprocess.run([ROOT / "tools/install-changed", tmp_path / "new", tmp_path / "old"], check=True)
    after = (tmp_path / "old/same").stat().st_mtime_ns, (tmp_path / "old/same").stat().st_ino
    assert before == after
    assert (tmp_path / "old/other").read_text() == "B"
    assert (tmp_path / "old/deep/more").read_text() == "d"
    assert not (tmp_path / "old/gone").exists() and not (tmp_path / "new").exists()
