# SPDX-License-Identifier: Apache-2.0
"""The claims of proofs/, within the bounds that every run has time for, and that they can fail."""

import concurrent.futures
import importlib.machinery
import importlib.util
import os
import pathlib
import re
import shutil
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


@pytest.fixture(scope="module")
def outcomes(request):
    """Results to be, of what this run asks for: as many at once as there are processors."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        asked = [item.callspec.params for item in request.session.items
                 if item.module is request.module and hasattr(item, "callspec")]
        results = {}
        for claim, wanted in ((params["claim"], params.get("entry", params.get("number"))) for params in asked):
            description = PROVE.load(claim)
            if isinstance(wanted, int):
                results[claim, wanted] = pool.submit(PROVE.run_mutant, claim, description, wanted)
            else:
                bounds = PROVE.bounds_of(description, wanted, False)
                results[claim, wanted] = pool.submit(PROVE.run, claim, wanted, bounds)
        yield results


@pytest.mark.parametrize("claim,entry", ENTRIES)
def test_the_claim_holds(outcomes, claim, entry):
    result = outcomes[claim, entry].result()
    assert result.holds, PROVE.failures_in(result.text)


@pytest.mark.parametrize("claim,number", QUICK_MUTANTS)
def test_a_planted_fault_is_refuted(outcomes, claim, number):
    result = outcomes[claim, number].result()
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


# They are hours of work: here only that the harness compiles with them, and the constants fit each other.
@pytest.mark.parametrize("claim,entry", ENTRIES)
def test_the_deep_bounds_can_be_read(claim, entry):
    bounds = PROVE.bounds_of(PROVE.load(claim), entry, True)
    bounds["options"] = [*bounds.get("options", []), "--show-properties"]
    text = PROVE.run(claim, entry, bounds).text
    assert re.search(r"^Property \w+\.", text, re.MULTILINE) and "ERROR" not in text, text[-2000:]


def test_more_memory_than_there_may_be_is_no_answer(monkeypatch):
    monkeypatch.setattr(PROVE, "MEMORY_BYTES", 1 << 25)
    entry = "prove_races_keep_the_limit"
    result = PROVE.run("ledger", entry, PROVE.bounds_of(PROVE.load("ledger"), entry, False))
    assert not result.holds and not result.refuted and "emory" in result.text


def test_a_source_that_cannot_be_read_refutes_nothing():
    entry = "prove_races_keep_the_limit"
    result = PROVE.run("ledger", entry, PROVE.bounds_of(PROVE.load("ledger"), entry, False),
                       {"kernel/mm/ledger.c": "this is no C\n"})
    assert not result.holds and not result.refuted


def test_a_constant_is_made_smaller_where_it_is_defined_and_nowhere_else():
    description = {"constants_in": ["lib/capnp/message.h"]}
    texts = PROVE.with_constants(description, {"CAPNP_CAPS_MAX": 2}, {})
    assert list(texts) == ["lib/capnp/message.h"] and "#define CAPNP_CAPS_MAX 2" in texts["lib/capnp/message.h"]
    with pytest.raises(SystemExit):
        PROVE.with_constants(description, {"CAP_TABLE_SLOTS_MAX": 2}, {})


def test_what_asks_for_gcc_gets_the_compiler_of_set_up(tmp_path):
    """A machine that has only what set-up installs has no gcc, without which CBMC knows no memcpy."""
    found = shutil.which("gcc", path=PROVE.environment(tmp_path)["PATH"])
    assert pathlib.Path(found).resolve() == pathlib.Path(shutil.which(PROVE.COMPILER[0])).resolve()
