# SPDX-License-Identifier: Apache-2.0
"""A call is taken apart whole: every instruction of it is in a segment, and what it passes through is there."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import call_segments  # noqa: E402
import measure  # noqa: E402
import profile  # noqa: E402

HARNESS_MAX = 4  # the call of the operation, which is taken off the figure
UNRULED_MAX = 0.1  # functions of their own, such as copies


@pytest.mark.parametrize("figure, passed_through", [
    ("null_cap_1", {"client", "entry", "take", "validation", "lookup", "decode", "method", "completion"}),
    ("echo_64_copy_cap", {"client", "entry", "take", "validation", "lookup", "transfer", "ipc", "completion", "wake", "server"}),
])
def test_segments_add_up_to_the_figure(figure, passed_through):
    figures = measure.capos_figures()
    names = [name for name in figures if name not in measure.COUNTED_ONLY]
    counts, unruled = call_segments.segments(profile.steps_of(figure, names))
    assert set(counts) == passed_through, counts
    assert abs(counts.total() - figures[figure]) <= HARNESS_MAX, (counts.total(), figures[figure])
    assert unruled <= UNRULED_MAX * counts.total(), unruled


def test_an_instruction_is_of_the_innermost_frame_that_a_rule_names():
    frames = [("slot_at", "kernel/cap/table.c", 1), ("cap_lookup_plain", "kernel/cap/table.c", 2),
              ("run_call", "kernel/dispatch/submission.c", 3), ("cap_enter", "kernel/dispatch/entry.c", 4)]
    assert call_segments.segment_by_rule(frames) == "lookup"
    assert call_segments.segment_by_rule(frames[2:]) == "validation"
    assert call_segments.segment_by_rule([("memcpy", "lib/core/memory.c", 1)]) is None
