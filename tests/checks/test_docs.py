# SPDX-License-Identifier: Apache-2.0
"""check-docs: pages that disagree with the disk are found."""

import pytest

README = "# A system\n\n```tree\nkernel/    supervisor mode\n  mm/      memory\ndocs/      pages\n```\n\n[docs](docs/README.md)\n"
GOOD = {
    "README.md": README, "kernel/README.md": "", "kernel/mm/README.md": "", "docs/README.md": "[up](../README.md#part)\n",
}

POOLS = {"kernel/mm/pool.c": 'pool_init(&one, "one", 8);\n', "docs/accounting.md": "\n## Pools\n\n| `one` | the caller |\n"}

CHANGES = {
    "a dead link": ("links", {"docs/README.md": "[there](nowhere.md)\n"}),
    "a dead picture": ("links", {"docs/README.md": "![there](nowhere.png)\n"}),
    "a folder that is not in the map": ("tree", {"lib/README.md": ""}),
    "a map that names too much": ("tree", {"README.md": README.replace("  mm/", "  cap/")}),
    "no map": ("tree", {"README.md": "# A system\n"}),
    "a module without a page": ("readme", {"kernel/cap/table.c": ""}),
    "a pool that nobody pays for": ("pools", {**POOLS, "docs/accounting.md": ""}),
    "a pool that is paid for twice": ("pools", {**POOLS, "docs/accounting.md": "\n## Pools\n\n| `one`, `one` | a |\n"}),
    "a pool that does not exist": ("pools", {**POOLS, "kernel/mm/pool.c": ""}),
    "a program without a page": ("readme", {"kernel/README.md": "", "services/init/main.c": ""}),
}


@pytest.mark.parametrize("seed", CHANGES)
def test_disagreement_is_found(check, seed):
    rule, change = CHANGES[seed]
    status, printed = check("docs", {**GOOD, **change})
    assert status == 1
    assert f"[{rule}]" in printed


def test_agreement_passes(check):
    assert check("docs", GOOD) == (0, "")
    assert check("docs", {**GOOD, **POOLS}) == (0, "")


def test_links_in_code_and_to_elsewhere_are_not_followed(check):
    page = "```\n[a](b.md)\n```\n[c](https://example.org/d)\n[e](#part)\n"
    assert check("docs", {**GOOD, "docs/README.md": page}) == (0, "")
