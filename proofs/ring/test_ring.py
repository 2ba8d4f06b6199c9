# SPDX-License-Identifier: Apache-2.0
"""The model of the ring protocol is explored wholly, and each of its rules is seen to fail where the protocol is broken."""

import pathlib
import re
import subprocess

import pytest

MODEL = (pathlib.Path(__file__).parent / "ring.pml").read_text()
STATES_MIN = {"": 2_000_000, "HONEST": 800_000}  # a model that lost a part of itself is small

# name: (variant, the condition that has to fail, [(what, with what), ...])
MUTANTS = {
    "claim: two enders claim one op": (
        "", "state[number]==2", [("state[number] == PENDING -> state[number] = CLAIMED",
                                  "state[number] == PENDING || state[number] == CLAIMED -> state[number] = CLAIMED")]),
    "claim: a deadline ends an op without a claim": (
        "", "state[number]==2", [("number = 0; claim(0, won) }", "number = 0; won = true }")]),
    "once: a completion is posted twice": (
        "", "completions[number]==1", [("state[number] == PENDING -> state[number] = CLAIMED",
                                        "state[number] == PENDING || state[number] == POSTED -> state[number] = CLAIMED"),
                                       ("	check_counts()\n	}\n	if\n", "	skip\n	}\n	if\n")]),
    "reap: an op is used again before it is reaped": (
        "", "state[number]==0", [("state[0] == FREE -> number = 0", "state[0] == FREE || state[0] == POSTED -> number = 0")]),
    "overflow: unread completions are written over": (
        "", "<2", [("state[0] == FREE -> number = 0", "state[0] == FREE || state[0] == POSTED -> number = 0"),
                   ("		assert(state[number] == FREE && completions[number] == 0);\n", "		completions[number] = 0;\n"),
                   ("	check_counts()\n	}\n	if\n", "	skip\n	}\n	if\n")]),
    "dispatch: a submission stays in its place when it is taken": (
        "", "taken[sq_head]", [("		sq_head = NEXT(sq_head);\n", "")]),
    "dispatch: a slot is taken twice of a process that keeps to the protocol": (
        "HONEST", "written[", [("		sq_head = NEXT(sq_head);\n", ""), ("		assert(!taken[sq_head]);", "		")]),
    "published: a forged tail is believed": (
        "", "sq_head)%4)<=2", [("AHEAD(sq_tail, sq_head) > SQ ->", "AHEAD(sq_tail, sq_head) > SQ + 1 ->")]),
    "reap: a forged head is believed": (
        "", "unread[", [("is_valid = AHEAD(head, cq_head) <= AHEAD(cq_tail, cq_head)", "is_valid = true")]),
    "refusal: a full queue of an honest process is refused": (
        "HONEST", "0", [("AHEAD(sq_tail, sq_head) > SQ ->", "AHEAD(sq_tail, sq_head) > SQ - 1 ->")]),
    "counts: what was skipped counts as taken": (
        "", "skipped", [("			skipped = (skipped + AHEAD(sq_tail, sq_head)) % NUMBERS;\n", "")]),
    "reap: another op than the completion's is given back": (
        "", "==3", [("op_free(posted[cq_head % CQ])", "op_free(cq_head % CQ)")]),
    "owed: the ring goes while an op is claimed": (
        "", "!=1", [("AHEAD(AHEAD(sq_head, skipped), cq_tail) == 0 ->", "true ->")]),
    "death: a completion is posted to a ring that is gone": (
        "", "!(destroyed)", [("AHEAD(AHEAD(sq_head, skipped), cq_tail) == 0 ->", "true ->"),
                             ("assert(state[0] != PENDING && state[0] != CLAIMED);", "skip;"),
                             ("assert(state[1] != PENDING && state[1] != CLAIMED);", "skip;"),
                             ("assert(!armed[0] && !armed[1]);", "skip;")]),
    "deadline: a deadline outlives its op": (
        "", "armed[", [("	armed[number] = false;\n", "")]),
    "deadline: a deadline is armed for an op that has ended": (
        "", "armed[", [(":: state[number] == PENDING -> armed[number] = true", ":: armed[number] = true")]),
}


def explore(folder, text, variant):
    """Spin's report of the whole search, or of the first thing that is wrong."""
    (folder / "ring.pml").write_text(text)
    preprocess = "clang-19 -E -x c" + (f" -D{variant}" if variant else "")
    subprocess.run(["spin", f"-P{preprocess}", "-a", "ring.pml"], cwd=folder, check=True, capture_output=True)
    subprocess.run(["clang-19", "-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=1500", "-o", "pan", "pan.c"],
                   cwd=folder, check=True)
    return subprocess.run(["./pan", "-m2000000", "-w21"], cwd=folder, capture_output=True, text=True, timeout=300).stdout


@pytest.mark.parametrize("variant", STATES_MIN)
def test_the_protocol_keeps_its_rules(tmp_path, capsys, variant):
    report = explore(tmp_path, MODEL, variant)
    assert "errors: 0" in report and "Search not completed" not in report and "max search depth" not in report, report
    states = int(re.search(r"(\d+) states, stored", report).group(1))
    with capsys.disabled():
        print(f"\nproofs/ring, {variant or 'any process'}: {states} states, all explored")
    assert states >= STATES_MIN[variant]
    # Nothing of the model is out of the search's reach; of a process that keeps to the protocol, nothing is refused.
    if variant == "":
        assert set(re.findall(r"\((\d+) of \d+ states\)", report)) == {"0"}, report


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_protocol_is_refuted(tmp_path, name):
    variant, condition, changes = MUTANTS[name]
    text = MODEL
    for what, instead in changes:
        assert what in text, f"the model has no `{what}` any more"
        text = text.replace(what, instead, 1)
    report = explore(tmp_path, text, variant)
    violated = re.search(r"pan:1: assertion violated (.*) \(at depth", report)
    assert violated and condition in re.sub(r"\s", "", violated.group(1)), report[:2000]


def test_every_rule_is_seen_to_fail():
    assert set(re.findall(r"/\* rule (\w+)", MODEL)) == {name.partition(":")[0] for name in MUTANTS}
