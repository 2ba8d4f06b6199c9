# SPDX-License-Identifier: Apache-2.0
"""The mutants that tools/mutants makes are faults at the places it says, and only one at a time."""

import importlib.machinery
import importlib.util
import sys

import pytest

from checked import ROOT

TEXT = """int
work(int a)
{
	int b = 0;

	if (a < 3 && b == 1)
		return a - 1;
	step(a);
	for (; b < 2; b++)
		step(b);
	b = a;
	return b;
}
"""


@pytest.fixture(scope="module")
def mutants():
    sys.path.insert(0, str(ROOT / "tools"))
    loader = importlib.machinery.SourceFileLoader("mutants", str(ROOT / "tools" / "mutants"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutants", loader))
    loader.exec_module(module)
    return module


def test_each_kind_of_fault_is_planted(mutants, tree, monkeypatch):
    monkeypatch.setattr(mutants, "ROOT", tree({"kernel/mm/a.c": TEXT}))
    made = list(mutants.machine_made(["kernel/mm"], 100, 1))
    whats = " ".join(mutant.what for mutant in made)
    for fault in ("`<` -> `<=`", "`&&` -> `||`", "`==` -> `!=`", "`- 1` -> ``", "`step(a);` -> `;`", "`b = a;` -> `;`"):
        assert fault in whats
    assert "b++" not in whats
    for mutant in made:
        changed = [(a, b) for a, b in zip(TEXT.split("\n"), mutant.text.split("\n")) if a != b]
        assert len(changed) == 1, mutant.what


def test_the_seed_chooses(mutants, tree, monkeypatch):
    monkeypatch.setattr(mutants, "ROOT", tree({"kernel/mm/a.c": TEXT}))

    def made(seed):
        return [mutant.what for mutant in mutants.machine_made(["kernel/mm"], 3, seed)]

    assert made(1) == made(1)
    assert made(1) != made(2)


@pytest.fixture
def judged(mutants, tree, monkeypatch):
    """judged(FAILS): the verdict over a mutant if this run of make fails, and the runs."""
    root = tree({"kernel/mm/a.c": TEXT})
    monkeypatch.setattr(mutants, "ROOT", root)
    monkeypatch.setattr(mutants, "TREE", root)
    monkeypatch.setattr(mutants.shutil, "copy", lambda *_: None)

    def judge(fails):
        runs = []

        def make(*arguments):
            runs.append(" ".join(arguments))
            return int(runs[-1] == fails)

        monkeypatch.setattr(mutants, "make", make)
        return mutants.judge(mutants.Mutant("kernel/mm/a.c", TEXT, "", "tests/sim fuzz/elf")), runs

    return judge


BUILDS = ["sim", "unit T=tests/sim RUN_TESTS=true"]


@pytest.mark.parametrize("found_by", ["unit T=tests/sim", "fuzz T=elf", None])
def test_each_word_of_the_tests_is_run_until_one_fails(mutants, judged, found_by):
    verdict, runs = judged(found_by)
    assert verdict == (mutants.SURVIVED if found_by is None else mutants.KILLED)
    assert runs == BUILDS + ["unit T=tests/sim", "fuzz T=elf"][:1 if found_by == "unit T=tests/sim" else 2]


@pytest.mark.parametrize("refused", BUILDS)
def test_what_does_not_compile_is_no_mutant(mutants, judged, refused):
    assert judged(refused) == (mutants.NO_MUTANT, BUILDS[:BUILDS.index(refused) + 1])


def test_a_seeded_mutant_that_no_longer_fits_is_an_error(mutants, tree, monkeypatch):
    monkeypatch.setattr(mutants, "ROOT", tree({"kernel/mm/a.c": TEXT,
                                               "tests/mutants/mm.txt": "kernel/mm/a.c | step(a); | ; | kernel/mm\n"}))
    assert [mutant.text for mutant in mutants.seeded(None)] == [TEXT.replace("step(a);", ";")]
    assert list(mutants.seeded("cap")) == []
    assert len(list(mutants.seeded("mm"))) == 1
    tree({"tests/mutants/mm.txt": "kernel/mm/a.c | gone(a); | ; | kernel/mm\n"})
    with pytest.raises(SystemExit):
        list(mutants.seeded(None))


def test_every_seeded_fault_still_has_its_place(mutants):
    assert len(list(mutants.seeded(None))) > 100
