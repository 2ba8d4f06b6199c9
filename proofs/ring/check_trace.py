#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""check_trace FILE: a trace of real rings (tests/sim/trace.h) keeps the rules of the ring protocol.

Prints how much it looked at, or the line that breaks a rule, and which. The rules have the names of README.md.
"""

import collections
import sys

SQ, CQ, NUMBERS = 16, 32, 1 << 32
PENDING_OR_CLAIMED = "12"


class Broken(Exception):
    """A rule is broken; `rule` names it."""

    def __init__(self, rule, why):
        super().__init__(f"{rule}: {why}")
        self.rule = rule


def hold(is_so, rule, why):
    if not is_so:
        raise Broken(rule, why)


class Ring:
    """What the lines so far say of one ring."""

    def __init__(self):
        self.sq_head = self.sq_tail = self.cq_head = self.cq_tail = 0
        self.written = collections.deque()  # user data of submissions that are not taken
        self.owed = collections.Counter()  # user data of those that are, without a completion
        self.found = []  # completions of this step
        self.completions = 0

    def submission(self, position, user_data):
        hold(position == self.sq_tail, "published", f"position {position} is written, not {self.sq_tail}")
        hold(len(self.written) < SQ, "published", "a slot is written over")
        self.sq_tail = (self.sq_tail + 1) % NUMBERS
        self.written.append(user_data)

    def completion(self, number, user_data):
        hold(number == self.cq_tail, "overflow", f"completion {number} stands in the place of {self.cq_tail}")
        self.cq_tail = (self.cq_tail + 1) % NUMBERS
        self.found.append(user_data)

    def take(self, sq_head, sq_tail):
        if sq_tail != self.sq_tail:  # the process forged it
            hold((sq_tail - self.sq_head) % NUMBERS > SQ, "published", f"a tail of {sq_tail} that nobody wrote")
            hold(sq_head == sq_tail, "published", "of a forged tail something is left")
            self.written.clear()
        else:
            count = (sq_head - self.sq_head) % NUMBERS
            hold(count < NUMBERS // 2, "dispatch", f"the head goes back to {sq_head}")
            hold(count <= len(self.written), "published", f"{count} are taken of {len(self.written)}")
            for _ in range(count):
                self.owed[self.written.popleft()] += 1
        self.sq_head, self.sq_tail = sq_head, sq_tail

    def step(self, sq_head, sq_tail, cq_head, cq_tail, states):
        self.take(sq_head, sq_tail)
        for user_data in self.found:
            hold(self.owed[user_data] > 0, "once", f"a completion of {user_data}, which has none to come")
            self.owed[user_data] -= 1
        self.completions += len(self.found)
        self.found = []
        hold(cq_tail == self.cq_tail, "counts", f"tail {cq_tail} behind {self.cq_tail} completions")
        hold((cq_head - self.cq_head) % NUMBERS < NUMBERS // 2, "reap", f"the reaped go back to {cq_head}")
        unread = (cq_tail - cq_head) % NUMBERS
        hold(unread < NUMBERS // 2, "reap", "more are reaped than posted")
        hold(unread <= CQ, "overflow", f"{unread} are unread")
        self.cq_head = cq_head
        hold(len(states) == CQ and set(states) <= set("0123"), "counts", "no states of ops")
        in_flight = sum(state in PENDING_OR_CLAIMED for state in states)
        owed = self.owed.total() if hasattr(self.owed, "total") else sum(self.owed.values())
        hold("2" not in states, "owed", "an op is claimed and nobody ends it")
        hold(in_flight == owed, "counts", f"{in_flight} ops in flight, {owed} submissions without completion")
        hold(unread + in_flight <= CQ, "overflow", "completions to come have no place")


def check(lines):
    """(completions, rings) of a good trace; raises Broken."""
    rings, completions, born = {}, 0, 0
    for number, line in enumerate(lines, 1):
        kind, process, *rest = line.split()
        try:
            if kind == "B":
                hold(process not in rings, "death", "a ring is new that has not gone")
                rings[process] = Ring()
                born += 1
                continue
            hold(process in rings, "death", f"`{kind}` of a ring that is gone")
            ring = rings[process]
            if kind == "S":
                ring.submission(*map(int, rest))
            elif kind == "C":
                ring.completion(*map(int, rest))
            elif kind == "I":
                ring.step(*map(int, rest[:4]), rest[4])
            else:
                completions += rings.pop(process).completions
        except Broken as broken:
            raise Broken(broken.rule, f"line {number}: {broken}") from None
    return completions + sum(ring.completions for ring in rings.values()), born


def main():
    try:
        with open(sys.argv[1]) as file:
            completions, born = check(file.read().splitlines())
    except Broken as broken:
        print(f"{sys.argv[1]}: {broken}")
        return 1
    print(f"{sys.argv[1]}: {completions} completions of {born} rings keep the rules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
