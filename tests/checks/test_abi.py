# SPDX-License-Identifier: Apache-2.0
"""check-abi: any change of a struct or a constant of abi/ shows."""

import pytest

from checked import SPDX

RING = SPDX + """#pragma once
#include <stdint.h>
#define RING_MAGIC 7
enum op { OP_NOP = 0, OP_CALL };
struct entry {
	uint32_t a;
	uint16_t b[2];
	union {
		uint64_t c;
		uint32_t d;
	};
	uint64_t e;
};
"""

CHANGES = {
    "a wider member": ("uint32_t a;", "uint64_t a;"),
    "a longer array": ("b[2]", "b[3]"),
    "a new member": ("\tuint64_t e;", "\tuint64_t e;\n\tuint64_t f;"),
    "a renamed member": ("uint64_t e;", "uint64_t f;"),
    "members that change places": ("\tuint32_t a;\n\tuint16_t b[2];", "\tuint16_t b[2];\n\tuint32_t a;"),
    "a member of a union": ("uint32_t d;", "uint16_t d;"),
    "another constant": ("RING_MAGIC 7", "RING_MAGIC 8"),
    "an enumerator in between": ("OP_NOP = 0,", "OP_NOP = 0, OP_OTHER,"),
}


@pytest.mark.parametrize("seed", CHANGES)
def test_a_change_is_found(check, seed):
    assert check("abi", {"abi/ring.h": RING}, "--update") == (0, "")
    assert check("abi", {"abi/ring.h": RING}) == (0, "")
    old, new = CHANGES[seed]
    assert old in RING
    status, printed = check("abi", {"abi/ring.h": RING.replace(old, new)})
    assert status == 1
    assert "the layout is not the golden one" in printed


def test_a_missing_golden_file_fails(check):
    status, _ = check("abi", {"abi/ring.h": RING})
    assert status == 1


def test_comments_and_form_do_not_matter(check):
    check("abi", {"abi/ring.h": RING}, "--update")
    assert check("abi", {"abi/ring.h": RING.replace("\t", "        ") + "/* more */\n"}) == (0, "")
