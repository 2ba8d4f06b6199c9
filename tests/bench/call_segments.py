#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""call_segments.py: what a call through the ring consists of, and what it is compared with; `make run-measure`.

Boots the figures' own program three ways: in the measuring emulator, for instructions; under the counter, for the segments of
single calls; and in a plain emulator, where the time-stamp counter is the host's: those ticks stand beside, and are never kept.
Writes build/calls.json.
"""

import collections
import hashlib
import json
import re
import sys

import measure
import profile

# A segment of a call: the first of an instruction's frames, from the innermost, that one of these fits. Of what fits none (copies
# that are functions of their own, locks), it is the segment of whoever called it.
RULES = [(segment, re.compile(path), re.compile(function)) for segment, path, function in (
    ("completion", r"^kernel/ring/", r"complete|post|bare_end"),
    ("take", r"^kernel/ring/", r"take|refresh|reap|claim|begin|sqe_word|bare_read|ready|full"),
    ("lookup", r"^kernel/cap/", r"lookup"),
    ("transfer", r"^kernel/cap/", r"^(transfer|cap_table|cap_hold|object|grant_cell)"),
    ("decode", r"^kernel/object/(scalar_call|object)\.c|^build/gen/|^lib/capnp/", r""),
    ("method", r"^kernel/object/|^kernel/time/", r""),
    ("ipc", r"^kernel/ipc/", r""),
    ("validation", r"^kernel/dispatch/submission\.c", r""),
    ("wake", r"^kernel/sched/", r"wait|wake|run|next|handoff|switch|ready|block"),
    ("entry", r"^kernel/dispatch/entry\.c|^kernel/arch/x86_64/entry\.S", r""),
)]
SEGMENTS = ("client", "entry", "take", "validation", "lookup", "decode", "method", "transfer", "ipc", "completion", "wake", "server")
MEANING = {"client": "libcapos of the caller", "entry": "into the kernel and out, the loop over submissions",
           "take": "reaped completions, the submission copied once", "validation": "its shape, which way it goes",
           "lookup": "the hold that it names", "decode": "parameters opened, results built", "method": "what was called for",
           "transfer": "capabilities and slots of messages", "ipc": "to a server and back",
           "completion": "the answer in the ring", "wake": "who runs next, the switch", "server": "libcapos of the server"}
TAKEN_APART = ("nop_1", "null_cap_1", "null_call_1", "echo_64_round_trip", "echo_64_copy_cap")
PER_OPERATION = ("cap_enter_cold", "cap_enter_empty", "nop_1", "nop_16_each", "null_cap_1", "null_cap_16_each", "null_call_1",
                 "null_call_16_each", "echo_64_round_trip", "echo_64_by_run_queue", "echo_64_copy_cap", "echo_64_move_cap")
MILLION = 1_000_000


def segment_by_rule(frames):
    for function, path, _ in frames:
        for segment, path_rule, function_rule in RULES:
            if path_rule.search(path) and function_rule.search(function):
                return segment
    return None


def segments(steps):
    """{segment: instructions} of (image, frames, address, code), and how many no rule says anything of. The harness is left out."""
    counts, unruled, last = collections.Counter(), 0, "client"
    for image, frames, _, _ in steps:
        if frames[-1][0] == "sample":
            continue
        if image is None or image.path != measure.KERNEL:
            last = "client" if image is not None and image.path.stem == "measure" else "server"
        else:
            ruled = segment_by_rule(frames)
            unruled += ruled is None
            last = ruled or last
        counts[last] += 1
    return counts, unruled


def taken_apart(names):
    return {figure: segments(profile.steps_of(figure, names))[0] for figure in TAKEN_APART}


def host_ticks():
    lines = measure.boot("calls-plain", "-kernel", str(measure.KERNEL), "-initrd", str(measure.package("measure")),
                         emulator=measure.PLAIN_EMULATOR)
    return measure.figures_of(lines)


def print_operations(figures, ticks):
    print(f"{'operation':24}{'instructions':>14}{'a million':>12}{'host ticks':>12}")
    for name in PER_OPERATION:
        print(f"{name:24}{figures[name]:>14}{MILLION // figures[name]:>12}{ticks[name]:>12}")


def print_segments(apart):
    print(f"\n{'segment':12}" + "".join(f"{figure:>20}" for figure in apart))
    for segment in SEGMENTS:
        print(f"{segment:12}" + "".join(f"{counts[segment] or '':>20}" for counts in apart.values()) + f"  {MEANING[segment]}")
    print(f"{'in all':12}" + "".join(f"{counts.total():>20}" for counts in apart.values()))


def kept(figures, apart):
    """What is kept with the commit, in tests/bench/results/."""
    return {
        "kernel": hashlib.sha256(measure.KERNEL.read_bytes()).hexdigest(),
        "instructions": {name: figures[name] for name in PER_OPERATION},
        "operations_per_million_instructions": {name: MILLION // figures[name] for name in PER_OPERATION},
        "dispatch_over_null_cap": figures["null_call_1"] - figures["null_cap_1"],
        "run_queue_over_direct_switch": figures["echo_64_by_run_queue"] - figures["echo_64_round_trip"],
        "cap_slot_bytes": measure.struct_bytes("cap_slot"),
        "segments": {figure: {segment: counts[segment] for segment in SEGMENTS if counts[segment]}
                     for figure, counts in apart.items()},
    }


def main():
    figures = measure.capos_figures()
    apart = taken_apart([name for name in figures if name not in measure.COUNTED_ONLY])
    numbers = kept(figures, apart)
    print_operations(figures, host_ticks())
    print_segments(apart)
    print(f"\na typed method over NullCap: {numbers['dispatch_over_null_cap']} instructions (Timer.now)")
    print(f"a switch by the run queue over a direct one: {numbers['run_queue_over_direct_switch']} instructions")
    print(f"a slot: {numbers['cap_slot_bytes']} bytes")
    (measure.BUILD / "calls.json").write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    main()
