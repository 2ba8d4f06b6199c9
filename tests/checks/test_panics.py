# SPDX-License-Identifier: Apache-2.0
"""check-panics: the list of what can stop the kernel is whole, and the way of a submission is not on it."""

import importlib.machinery
import importlib.util
import re
import sys

import pytest

from checked import ROOT, SPDX

SUBMISSION = "kernel/dispatch/submission.c"
OBJECT = "kernel/cap/object.c"
PAGE = "docs/panics.md"
TREE = {
    OBJECT: SPDX + 'void\nobject_put(int before)\n{\n\tKASSERT(before != 0 ||\n\t    before == 1); /* KASSERT(true) */\n}\n',
    "kernel/boot/start.c": SPDX + 'void\nboot(void)\n{\n\tboot_fatal(1, "no (memory");\n}\n',
    "kernel/arch/x86_64/entry.S": "entry:\n\tcall enter\n\tud2\n",
    "kernel/arch/sim/sim.c": SPDX + "void\nsim(void)\n{\n\tKASSERT(false);\n}\n",
    "kernel/cap/object_test.c": SPDX + "void\ntest(void)\n{\n\tKASSERT(false);\n}\n",
    SUBMISSION: SPDX + "int\nsubmit(int op)\n{\n\treturn op;\n}\n",
    PAGE: "",
}
CLASSIFIED = "trusted-internal | the count is the kernel's own |"
UNCLASSIFIED = "? | ? |"


def written(check, tree):
    """The tree with a page that is right."""
    status, printed = check("panics", TREE, "--update")
    assert status == 1 and printed.count("[class]") == 3
    page = (tree({}) / PAGE).read_text()
    tree({PAGE: page.replace(UNCLASSIFIED, CLASSIFIED)})
    return page


def test_a_whole_list_is_left_alone(check, tree):
    page = written(check, tree)
    assert check("panics", {}) == (0, "")
    assert "| `object_put` | `KASSERT(before != 0 \\|\\| before == 1)` |" in page
    assert '`boot_fatal(1, "no (memory")`' in page and "| `entry` | `ud2` |" in page
    assert "sim.c" not in page and "object_test.c" not in page


SEEDS = {
    "a new assertion": (OBJECT, "\tKASSERT(b", "\tKASSERT(before < 9);\n\tKASSERT(b", "[known]"),
    "the same assertion twice": (OBJECT, "/* KASSERT(true) */", "KASSERT(before != 0 || before == 1);", "[known]"),
    "an assertion that says something else": (OBJECT, "before == 1", "before == 2", "[known]"),
    "a panic in a new file": ("kernel/mm/frame.c", "", SPDX + 'void\nf(void)\n{\n\tkernel_panic("x");\n}\n', "[known]"),
    "a trap in a library": ("lib/capnp/reader.c", "", SPDX + "void\nf(void)\n{\n\t__builtin_trap();\n}\n", "[known]"),
    "an assumption": (OBJECT, "\tKASSERT(b", "\tASSUME(before != 7);\n\tKASSERT(b", "[known]"),
    "a trap in assembly": ("kernel/arch/x86_64/entry.S", "\tcall", "\tud2\n\tcall", "[known]"),
    "a site that is gone": ("kernel/boot/start.c", '\tboot_fatal(1, "no (memory");\n', "", "[known]"),
    "a site without a class": (PAGE, CLASSIFIED, UNCLASSIFIED, "[class]"),
    "a site that a process reaches": (PAGE, CLASSIFIED, "untrusted-reachable | any process may do this |", "[class]"),
    "a class without a reason": (PAGE, CLASSIFIED, "trusted-internal | |", "[class]"),
    "an assertion on the way of a submission": (SUBMISSION, "\treturn", "\tKASSERT(op != 0);\n\treturn", "[free]"),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_not_known_is_found(check, tree, seed):
    written(check, tree)
    path, old, new, rule = SEEDS[seed]
    place = tree({}) / path
    text = place.read_text() if place.exists() else ""
    assert old in text
    status, printed = check("panics", {path: text.replace(old, new, 1)})
    assert status == 1 and rule in printed


def test_a_class_alone_does_not_allow_a_site_on_the_way_of_a_submission(check, tree):
    written(check, tree)
    text = TREE[SUBMISSION].replace("\treturn", "\tKASSERT(op != 0);\n\treturn")
    check("panics", {SUBMISSION: text}, "--update")
    page = (tree({}) / PAGE).read_text().replace(UNCLASSIFIED, CLASSIFIED)
    status, printed = check("panics", {PAGE: page})
    assert status == 1 and "[free]" in printed and "[known]" not in printed


def load_tool():
    sys.path.insert(0, str(ROOT / "tools"))  # where it finds c_source
    loader = importlib.machinery.SourceFileLoader("check_panics", str(ROOT / "tools" / "check-panics"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_panics", loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", [
    SUBMISSION, "kernel/dispatch/diagnostic.c", "kernel/mm/user_copy.c", "kernel/cap/transfer.c", "kernel/ring/scratch.c",
    "kernel/object/scalar_call.c", "lib/capnp/reader.c", "lib/capnp/flat.h",
    *[f"kernel/ipc/{name}.c" for name in "call_table cancel deliver exception message promise return short".split()]])
def test_the_way_of_a_submission_is_where_it_was(path):
    """A file that moved would be free of sites for want of a file."""
    assert (ROOT / path).is_file() and re.search(load_tool().FREE, path)
