# SPDX-License-Identifier: Apache-2.0
"""check-sizes finds each seeded violation and nothing in code that keeps the rules."""

import pytest

EXCEPTIONS = "tools/style-exceptions.txt"


def function(line_count, name="work", parameters="void"):
    """A function of so many lines, counted from the line of its name."""
    return f"static void\n{name}({parameters})\n{{\n" + "\tstep();\n" * (line_count - 3) + "}\n"


NESTED = """
static void
work(void)
{
	for (;;)
		while (a) {
			if (b) {
				%s
			}
		}
}
"""

VIOLATIONS = {
    "a function of 71 lines": ("function-lines", function(71)),
    "a test of 71 lines": ("function-lines", "TEST(claim)\n{\n" + "\tstep();\n" * 68 + "}\n"),
    "a file of 701 lines": ("file-lines", "int a;\n" * 701),
    "six parameters": ("parameters", function(4, parameters="int a, int b, int (*c)(int, int), int d, int e, int f")),
    "two flags": ("bool-parameters", function(4, parameters="bool is_a, bool is_b")),
    "four levels": ("nesting", NESTED % "if (c) step();"),
    "four levels with a loop macro": ("nesting", NESTED % "list_for_each(a, b) { step(); }"),
    "four levels below else": ("nesting", NESTED % "; } else { do { step(); } while (a);"),
    "recursion": ("recursion", "void a(void) { b(); }\nvoid b(void) { if (x) c(); }\nvoid c(void) { a(); }\n"),
}

GOOD = {
    "70 lines": function(70),
    "700 lines": "int a;\n" * 700,
    "five parameters, one flag": function(4, parameters="int a, int b, int c, int d, bool is_e"),
    "flags by pointer are results": function(4, parameters="bool *is_a, bool *is_b"),
    "three levels": NESTED % "step();",
    "a chain of else if is one level": NESTED % "step();" + """
void
chain(void)
{
	if (a) {
	} else if (b) {
	} else if (c) {
	} else if (d) {
		if (e)
			if (f)
				step();
	}
}
""",
    "a long initialiser is no function": "static const int table[] = {\n" + "\t1,\n" * 100 + "};\n",
    "braces in comments and strings": function(4) + '/* { ( */\nconst char *a = "{((";\n#define B {\n' + function(4, "c"),
    "a call through a pointer of the same name": "void read(void) { ops->read(); device.read(); }\n",
    "an initialiser in a function is no level": NESTED % "struct x y = { .a = { { 1 } } };",
}


@pytest.mark.parametrize("seed", VIOLATIONS)
def test_violation_is_found(check, seed):
    rule, text = VIOLATIONS[seed]
    status, printed = check("sizes", {"kernel/mm/a.c": text})
    assert status == 1
    assert f"[{rule}]" in printed


@pytest.mark.parametrize("seed", GOOD)
def test_good_code_passes(check, seed):
    assert check("sizes", {"kernel/mm/a.c": GOOD[seed]}) == (0, "")


def test_recursion_outside_the_kernel_is_allowed(check):
    assert check("sizes", {"tools/x/a.c": "void a(void) { a(); }\n"}) == (0, "")


def test_an_exception_silences_its_rule_only(check):
    texts = {"lib/core/a.c": function(71), EXCEPTIONS: "lib/core/a.c:work function-lines a table of cases\n"}
    assert check("sizes", texts) == (0, "")
    status, printed = check("sizes", {**texts, "lib/core/b.c": function(71)})
    assert status == 1 and "lib/core/b.c" in printed and "lib/core/a.c" not in printed


def test_an_exception_that_is_not_needed_fails(check):
    status, printed = check("sizes", {EXCEPTIONS: "lib/core/a.c:work function-lines once long\n"})
    assert status == 1 and "no longer needs" in printed


def test_an_exception_without_a_reason_fails(check):
    status, printed = check("sizes", {"lib/core/a.c": function(71), EXCEPTIONS: "lib/core/a.c:work function-lines\n"})
    assert status == 1 and "needs a reason" in printed
