# SPDX-License-Identifier: Apache-2.0
"""The claims of proofs/, within the bounds that every run has time for, and that they can fail."""

import importlib.machinery
import importlib.util
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load_tool():
    loader = importlib.machinery.SourceFileLoader("prove", str(ROOT / "tools" / "prove"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("prove", loader))
    sys.modules["prove"] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


PROVE = load_tool()
ENTRIES = [(claim, entry) for claim in PROVE.claims() for entry in PROVE.load(claim)["entry"]]
QUICK_MUTANTS = [(claim, number) for claim in PROVE.claims()
                 for number, mutant in enumerate(PROVE.load(claim)["mutant"]) if mutant.get("quick")]


@pytest.mark.parametrize("claim,entry", ENTRIES)
def test_the_claim_holds(claim, entry):
    result = PROVE.run(claim, entry, PROVE.bounds_of(PROVE.load(claim), entry, False))
    assert result.holds, PROVE.failures_in(result.text)


@pytest.mark.parametrize("claim,number", QUICK_MUTANTS)
def test_a_planted_fault_is_refuted(claim, number):
    result = PROVE.run_mutant(claim, PROVE.load(claim), number)
    assert result.refuted, result.text[-2000:]


def test_each_claim_has_a_quick_fault_and_each_entry_one():
    for claim in PROVE.claims():
        description = PROVE.load(claim)
        assert any(mutant.get("quick") for mutant in description["mutant"]), claim
        assert {mutant["entry"] for mutant in description["mutant"]} == set(description["entry"]), claim


def test_each_fault_still_fits_its_source():
    for claim in PROVE.claims():
        for mutant in PROVE.load(claim)["mutant"]:
            assert (ROOT / mutant["file"]).read_text().count(mutant["old"]) == 1, (claim, mutant["old"])


def test_a_source_that_cannot_be_read_refutes_nothing(tmp_path):
    place = tmp_path / "kernel" / "mm" / "ledger.c"
    place.parent.mkdir(parents=True)
    place.write_text("this is no C\n")
    entry = "prove_races_keep_the_limit"
    result = PROVE.run("ledger", entry, PROVE.bounds_of(PROVE.load("ledger"), entry, False), tmp_path)
    assert not result.holds and not result.refuted
