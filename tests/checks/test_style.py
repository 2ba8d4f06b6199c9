# SPDX-License-Identifier: Apache-2.0
"""check-style finds each seeded violation and leaves good code alone."""

import pytest

from checked import SPDX

HEADER = SPDX + "#pragma once\n"

VIOLATIONS = {
    "no SPDX line": ("spdx", "a.c", "int a;\n"),
    "a script without one": ("spdx", "tools/check-x", "#!/bin/sh\n"),
    "unfinished work": ("todo", "a.c", SPDX + "/* TO" + "DO: later */\n"),
    "unfinished work in a script": ("todo", "a.py", "# SPDX-License-Identifier: Apache-2.0\n# FIX" + "ME\n"),
    "no pragma once": ("pragma-once", "a.h", SPDX),
    "a status nobody has to look at": ("must-check", "a.h", HEADER + "enum cap_status a(void);\n"),
    "an inline one": ("must-check", "a.h", HEADER + "static inline enum cap_status\na(void)\n{\n\treturn 0;\n}\n"),
    "a typedef of a struct": ("typedef", "a.h", HEADER + "typedef struct a a_t;\n"),
    "a typedef of a function": ("typedef", "a.h", HEADER + "typedef void (*callback)(int a);\n"),
    "a name behind its type": ("return-line", "a.c", SPDX + "static int a(void)\n{\n}\n"),
    "an #if on a machine": ("machine", "kernel/mm/a.c", SPDX + "#if defined(__x86_64__)\n#endif\n"),
    "an #elif on a machine": ("machine", "lib/core/a.c", SPDX + "#if A\n#elif __aarch64__\n#endif\n"),
    "101 columns": ("columns", "a.c", SPDX + "/*" + "a" * 97 + "*/\n"),
    "tabs count eight": ("columns", "a.c", SPDX + "\t" * 12 + "/*ab*/\n"),
}

GOOD = {
    "a status that is looked at": ("a.h", HEADER + "MUST_CHECK enum cap_status\na(enum cap_status b);\n"),
    "a status by pointer": ("a.h", HEADER + "enum cap_status *a(void);\nvoid b(enum cap_status c);\n"),
    "names for integers and functions": ("a.h", HEADER + "typedef uint64_t paddr_t;\ntypedef void (*visit_fn)(int a);\n"),
    "a machine's own folder": ("kernel/arch/x86_64/a.c", SPDX + "#ifdef __x86_64__\n#endif\n"),
    "a string is not broken": ("a.c", SPDX + f'const char *a = "{"b" * 100}";\n'),
    "a definition": ("a.c", SPDX + "static int\na(void)\n{\n}\n\nTEST(claim)\n{\n}\n"),
}


@pytest.mark.parametrize("seed", VIOLATIONS)
def test_violation_is_found(check, seed):
    rule, path, text = VIOLATIONS[seed]
    status, printed = check("style", {path: text})
    assert status == 1
    assert f"[{rule}]" in printed


@pytest.mark.parametrize("seed", GOOD)
def test_good_code_passes(check, seed):
    path, text = GOOD[seed]
    assert check("style", {path: text}) == (0, "")
