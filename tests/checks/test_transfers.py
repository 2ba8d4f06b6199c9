# SPDX-License-Identifier: Apache-2.0
"""check-transfers: the page, the schema and the kernel's object types say the same."""

import pytest

from checked import SPDX

SCHEMA = """@0x9db557e89ffdc000;
using A = import "annotations.capnp";
interface Disk @0xb1fc35617de82aa4 $A.transfer(move) {
}
interface DiskFactory @0xb2fc35617de82aa4 {
}
"""
KERNEL = SPDX + """static const struct object_type disk_type = {
	.interface_id = DISK_INTERFACE_ID,
	.transfer = OBJECT_TRANSFER_MOVE,
};
"""
GALLERY = SPDX + """	{ "Disk", DISK_INTERFACE_ID, give_disk },
"""
TREE = {"schema/disk.capnp": SCHEMA, "kernel/object/disk.c": KERNEL, "kernel/arch/sim/gallery.c": GALLERY,
        "docs/transfer-matrix.md": ""}

SEEDS = {
    "another mode in the kernel": ("kernel/object/disk.c", "TRANSFER_MOVE", "TRANSFER_COPY", "[kernel]"),
    "a type without a mode": ("kernel/object/disk.c", "\t.transfer = OBJECT_TRANSFER_MOVE,\n", "", "[kernel]"),
    "a type of no interface": ("kernel/object/disk.c", "DISK_INTERFACE_ID", "TAPE_INTERFACE_ID", "[kernel]"),
    "another mode in the schema": ("schema/disk.capnp", "(move)", "(none)", "[kernel]"),
    "a mode that does not exist": ("schema/disk.capnp", "(move)", "(lend)", "[schema]"),
    "an interface without an id": ("schema/disk.capnp", "DiskFactory @0xb2fc35617de82aa4", "DiskFactory", "[schema]"),
    "a new interface": ("schema/disk.capnp", "interface DiskFactory",
                        "interface Tape @0xb3fc35617de82aa4 {\n}\ninterface DiskFactory", "[page]"),
    "a kind that nothing tries": ("kernel/arch/sim/gallery.c", "DISK_INTERFACE_ID", "TAPE_INTERFACE_ID", "[gallery]"),
    "a page that was edited": ("docs/transfer-matrix.md", "| `Disk` | no |", "| `Disk` | yes |", "[page]"),
}


def written(check):
    """The tree with a page that is right."""
    assert check("transfers", TREE, "--update") == (0, "")


def test_what_agrees_is_left_alone(check, tree):
    written(check)
    text = (tree({}) / "docs/transfer-matrix.md").read_text()
    assert check("transfers", {}) == (0, "")
    assert "| `Disk` | no | yes | the kernel | `schema/disk.capnp` |" in text
    assert "| `DiskFactory` | yes | yes | a process | `schema/disk.capnp` |" in text


@pytest.mark.parametrize("seed", SEEDS)
def test_a_disagreement_is_found(check, tree, seed):
    written(check)
    path, old, new, rule = SEEDS[seed]
    text = (tree({}) / path).read_text()
    assert old in text
    status, printed = check("transfers", {path: text.replace(old, new, 1)})
    assert status == 1 and rule in printed
