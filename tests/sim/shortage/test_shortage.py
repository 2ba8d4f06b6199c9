# SPDX-License-Identifier: Apache-2.0
"""Every place of the kernel that allocates or charges was refused it by some case of this folder, or says why not."""

import functools
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / "build/test/tests/sim/shortage"
sys.path.insert(0, str(ROOT / "tools"))

import c_source  # noqa: E402

CALL = re.compile(r"\b(pool_alloc(?:_unset)?|frame_alloc(?:_dirty|_pool|_contiguous)?|ledger_charge(?:_below)?)\(")

# Functions whose call is not refused here, and why.
UNREACHED = {
    "kernel/mm/frame.c:frame_alloc": "the call of one allocator by the other, in one file: refused as a whole",
    "kernel/mm/ledger.c:ledger_charge": "the call of one charge by the other, in one file: refused as a whole",
    "kernel/mm/funding.c:charge_unused": "what is refused is tried again with less: it gives back, and asks for nothing",
    "kernel/arch/x86_64/paging.c:table_new": "the machine's own tables, made while it starts",
}


def call_sites():
    """{(path, line): function} of every call in the kernel that the build has."""
    sites = {}
    for path in sorted(ROOT.glob("kernel/**/*.c")):
        name = str(path.relative_to(ROOT))
        if name.endswith("_test.c") or name.startswith("kernel/arch/sim/"):
            continue
        text = path.read_text()
        lines = text.split("\n")
        for function in c_source.functions(name, text):
            first, last = function.code[function.body[0]][1], function.code[function.body[1]][1]
            for number in range(first, last + 1):
                if CALL.search(lines[number - 1]):
                    sites[name, number] = function.name
    return sites


def refused(program):
    """(path, line) of each place where a shortage was made."""
    done = subprocess.run([program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    offsets = sorted(set(re.findall(r"^place (\w+)$", done.stdout, re.MULTILINE)))
    assert offsets, done.stdout
    told = subprocess.run(["llvm-symbolizer-19", f"--obj={program}", "--no-inlines", *(f"0x{offset}" for offset in offsets)],
                          capture_output=True, text=True, check=True).stdout
    return {(os.path.relpath(ROOT / path, ROOT), int(line))
            for path, line in re.findall(r"^(\S+?):(\d+):\d+$", told, re.MULTILINE)}


@functools.cache
def missed():
    """The places where no case was refused anything."""
    reached = set().union(*(refused(program) for program in PROGRAMS.glob("*_test")))
    sites = call_sites()
    assert reached <= set(sites), sorted(reached - set(sites))
    return {site: f"{site[0]}:{function}" for site, function in sites.items() if site not in reached}


def test_every_place_that_allocates_was_refused_or_says_why_not():
    places = len(call_sites())
    unexplained = {f"{path}:{line}" for (path, line), function in missed().items() if function not in UNREACHED}
    print(f"{places} places allocate or charge: {places - len(missed())} refused, {len(missed()) - len(unexplained)} explained")
    assert places > 50
    assert not unexplained


def test_what_is_explained_is_not_refused():
    """The list only shrinks."""
    assert set(UNREACHED) == set(missed().values())
