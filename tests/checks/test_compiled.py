# SPDX-License-Identifier: Apache-2.0
"""What the compiler and the formatter check: seeded violations fail with the flags that the build uses."""

import shutil
import subprocess

import pytest

from checked import ROOT, SPDX


def make_variable(name):
    """A variable of the Makefile as a list of words."""
    text = f"include Makefile\nshow:\n\t@echo $({name})\n"
    done = subprocess.run(["make", "-s", "--no-print-directory", "-f", "-", "show"], cwd=ROOT, input=text,
                          capture_output=True, text=True, check=True)
    return [word for word in done.stdout.split("\n")[-2].split() if word not in ("-MMD", "-MP", "-flto")]


@pytest.fixture(scope="module")
def kernel_flags():
    return make_variable("kernel_FLAGS")


def compile_text(flags, text):
    done = subprocess.run(["clang-19", *flags, "-fsyntax-only", "-x", "c", "-"], cwd=ROOT, input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


LOCKED = """
#include "base/annotate.h"
struct LOCKABLE lock { int held; };
void take(struct lock *lock) ACQUIRES(lock);
void give(struct lock *lock) RELEASES(lock);
struct shared { struct lock lock; int value GUARDED_BY(&lock); };
int read_it(struct shared *shared);
int read_it(struct shared *shared)
{
	%s
	int value = shared->value;
	%s
	return value;
}
"""


def test_a_guarded_field_is_read_under_its_lock_only(kernel_flags):
    assert compile_text(kernel_flags, LOCKED % ("take(&shared->lock);", "give(&shared->lock);"))[0] == 0
    status, printed = compile_text(kernel_flags, LOCKED % ("", ""))
    assert status != 0 and "thread-safety" in printed


def test_a_lock_that_is_never_given_back_fails(kernel_flags):
    status, printed = compile_text(kernel_flags, LOCKED % ("take(&shared->lock);", ""))
    assert status != 0 and "thread-safety" in printed


@pytest.mark.parametrize("text,word", [
    ('#include "base/annotate.h"\nMUST_CHECK int a(void);\nvoid b(void);\nvoid b(void) { a(); }\n', "unused-result"),
    ("#include <stdint.h>\nuint8_t a(uint64_t b);\nuint8_t a(uint64_t b) { return b; }\n", "conversion"),
    ("void a(int b);\nvoid a(int b) { int c[b]; (void)c; }\n", "vla"),
    ("#include <stdlib.h>\n", "file not found"),
    ("#include <abi/nothing.h>\n", "file not found"),
    ("#include <lib/capnp/reader.h>\n", "file not found"),
])
def test_the_kernels_flags_refuse(kernel_flags, text, word):
    status, printed = compile_text(kernel_flags, text)
    assert status != 0 and word in printed


def test_a_header_that_needs_another_before_it_fails(tree):
    root = tree({"a.h": SPDX + "#pragma once\nuint32_t a(void);\n", "b.h": SPDX + "#pragma once\n#include <stdint.h>\nuint32_t a(void);\n",
                 "c.h": SPDX + "struct c { int d; };\n"})
    check = [ROOT / "tools" / "check-header"]
    assert subprocess.run(check + ["b.h", "clang-19"], cwd=root, capture_output=True).returncode == 0
    for header in ("a.h", "c.h"):
        assert subprocess.run(check + [header, "clang-19"], cwd=root, capture_output=True).returncode != 0


def test_another_form_fails(tree):
    root = tree({"a.c": "int a(void) { return 1; }\n", "b.c": "static int\na(void)\n{\n\treturn 1;\n}\n"})
    shutil.copy(ROOT / ".clang-format", root)
    command = [ROOT / "tools" / "check-format"]
    bad = subprocess.run(command + ["b.c", "a.c"], cwd=root, capture_output=True, text=True)
    assert bad.returncode != 0 and bad.stdout == "a.c: not in form: make fmt [format]\n"
    assert subprocess.run(command + ["b.c"], cwd=root, capture_output=True).returncode == 0
