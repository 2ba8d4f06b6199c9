# SPDX-License-Identifier: Apache-2.0
"""Traces of the shipped kernel's rings keep the rules of the ring protocol; corrupted ones are told from them."""

import pathlib
import subprocess

import pytest

import check_trace

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPERATIONS = 20000
PLACES = (0.2, 0.8)  # of the trace: where it is corrupted


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    def record(seed):
        path = tmp_path_factory.mktemp("trace") / "trace"
        subprocess.run([ROOT / "build/test/simulator", "--seed", str(seed), "--steps", str(OPERATIONS), "--trace", path],
                       check=True, capture_output=True)
        return path.read_text().splitlines()

    return [record(seed) for seed in (5, 6)]


def replaced(number, change):
    """A corruption: word `number` of the line is changed."""
    def corrupt(line):
        words = line.split()
        words[number] = str(change(words[number]))
        return [" ".join(words)]
    return corrupt


def plus(count):
    return lambda word: int(word) + count


def is_line(kind, holds=lambda words: True):
    return lambda line: line[0] == kind and holds(line.split())


PENDING = is_line("I", lambda words: "1" in words[6])
IDLE = is_line("I", lambda words: "3" in words[6] and "1" not in words[6])
BUSY = is_line("I", lambda words: int(words[2]) > 100 and int(words[4]) > 100)

# name: (rules of which one has to be the broken one, the line that is changed, the lines instead of it)
CORRUPTIONS = {
    "a completion of another submission": ({"once"}, is_line("C"), replaced(3, plus(1 << 40))),
    "a completion twice, in the next place": (
        {"once", "overflow"}, is_line("C"), lambda line: [line, *replaced(2, plus(1))(line)]),
    "a completion twice, in its place": ({"overflow"}, is_line("C"), lambda line: [line, line]),
    "a completion in a later place": ({"overflow"}, is_line("C"), replaced(2, plus(1))),
    "a completion is lost": ({"counts", "overflow"}, is_line("C"), lambda line: []),
    "the tail without a completion": ({"counts"}, BUSY, replaced(5, plus(1))),
    "a submission is taken that was not written": ({"published"}, BUSY, replaced(2, plus(17))),
    "a submission in another position": ({"published"}, is_line("S"), replaced(2, plus(1))),
    "a submission in two positions": ({"published"}, is_line("S"), lambda line: [line, line]),
    "a submission is taken and was never written": ({"published"}, is_line("S"), lambda line: []),
    "a forged tail is believed": ({"published"}, BUSY, replaced(3, plus(100))),
    "a submission is taken again": ({"dispatch"}, BUSY, replaced(2, plus(-20))),
    "more is reaped than was posted": ({"reap"}, BUSY, replaced(4, plus(40))),
    "the reaped go back": ({"reap"}, BUSY, replaced(4, plus(-33))),
    "an op ends without a completion": ({"counts"}, PENDING, replaced(6, lambda word: word.replace("1", "3", 1))),
    "an op is in flight without a submission": ({"counts"}, IDLE, replaced(6, lambda word: word.replace("3", "1", 1))),
    "an op stays claimed": ({"owed"}, PENDING, replaced(6, lambda word: word.replace("1", "2", 1))),
    "an op has no state": ({"counts"}, BUSY, replaced(6, lambda word: "7" + word[1:])),
    "a completion behind death": ({"death"}, is_line("D"), lambda line: [line, f"C {line.split()[1]} 0 1"]),
    "a ring goes on behind death": ({"death"}, is_line("D"), lambda line: [line, f"I {line.split()[1]} 0 0 0 0 {'0' * 32}"]),
    "a ring is new and another is there": ({"death"}, is_line("D"), lambda line: [f"B {line.split()[1]}"]),
}


def test_traces_of_the_kernel_keep_the_rules(traces):
    for trace in traces:
        completions, rings = check_trace.check(trace)
        assert completions > OPERATIONS // 2 and rings > 10


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("place", PLACES)
def test_a_corrupted_trace_is_rejected(traces, name, place):
    rules, is_wanted, corrupt = CORRUPTIONS[name]
    trace = traces[0]
    at = next(i for i in range(int(len(trace) * place), len(trace)) if is_wanted(trace[i]))
    with pytest.raises(check_trace.Broken) as broken:
        check_trace.check(trace[:at] + corrupt(trace[at]) + trace[at + 1:])
    assert broken.value.rule in rules, broken.value


def test_every_rule_of_the_checker_is_seen_to_break():
    seen = set().union(*(rules for rules, _, _ in CORRUPTIONS.values()))
    assert seen == {"once", "overflow", "counts", "published", "dispatch", "reap", "owed", "death"}
