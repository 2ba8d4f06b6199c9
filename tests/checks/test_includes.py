# SPDX-License-Identifier: Apache-2.0
"""check-includes: the table of who may include whom, row by row, allowed and refused."""

import pytest

HEADERS = {
    "kernel/mm/frame.h": "", "kernel/mm/mm_internal.h": "", "kernel/cap/cap_internal.h": "", "kernel/cap/table.h": "",
    "lib/core/elf_internal.h": "", "services/init/graph.h": "", "tests/programs/claims/claims.h": "",
}

REFUSED = [
    ("abi/ring.h", "<capnp/reader.h>"), ("abi/ring.h", "<stdbool.h>"),
    ("kernel/mm/a.c", '"cap/table.h"'), ("kernel/base/a.c", '"sync/spinlock.h"'), ("kernel/ring/a.h", '"sched/thread.h"'),
    ("kernel/mm/a.c", '"cap/cap_internal.h"'), ("kernel/cap/a.c", '"mm/mm_internal.h"'),
    ("kernel/dispatch/a.c", '"arch/x86_64/cpu_state.h"'), ("kernel/arch/cpu.h", '"mm/frame.h"'),
    ("kernel/arch/sim/a.c", '"arch/x86_64/cpu_state.h"'), ("kernel/arch/x86_64/a.c", '"arch/sim/cpu_state.h"'),
    ("kernel/mm/a.c", "<capos/capos.h>"), ("kernel/mm/a.c", "<stdlib.h>"), ("kernel/mm/a.c", "<schema/timer.client.h>"),
    ("kernel/cap/a.c", '"arch/sim/sim.h"'), ("kernel/cap/a_test.c", '"arch/x86_64/machine.h"'),
    ("kernel/mm/a.c", '"../cap/table.h"'), ("kernel/newroom/a.c", '"cap/table.h"'),
    ("lib/capnp/a.c", "<core/elf.h>"), ("lib/core/a.c", "<capos/capos.h>"), ("lib/core/a.c", "<schema/timer.client.h>"),
    ("lib/capos/a.c", "<service/serve.h>"), ("lib/capos/a.c", '"mm/frame.h"'), ("lib/capnp/a.c", "<schema/timer.capnp.h>"),
    ("lib/capos/a.c", "<stdio.h>"), ("lib/service/a.c", "<core/elf_internal.h>"),
    ("services/init/a.c", "<abi/ring.h>"), ("services/init/a.c", '"mm/frame.h"'), ("apps/shell/a.c", "<stdio.h>"),
    ("apps/shell/a.c", '"../../services/init/graph.h"'), ("apps/shell/a.c", '"graph.h"'),
    ("services/init/a_test.c", '"cap/cap_internal.h"'), ("kernel/mm/a_test.c", '"cap/cap_internal.h"'),
    ("tools/mkmanifest/a.c", "<capos/capos.h>"), ("tools/mkmanifest/a.c", '"mm/frame.h"'),
    ("tests/programs/spin/a.c", '"mm/frame.h"'), ("tests/interop/a.c", '"mm/frame.h"'),
]

ALLOWED = [
    ("abi/ring.h", "<stdint.h>"), ("abi/ring.h", "<abi/start.h>"),
    ("kernel/cap/a.c", '"mm/frame.h"'), ("kernel/cap/a.c", '"table.h"'), ("kernel/cap/a.c", '"cap/cap_internal.h"'),
    ("kernel/mm/a.c", '"arch/cpu.h"'), ("kernel/mm/a.c", "<capnp/reader.h>"), ("kernel/mm/a.c", "<core/elf.h>"),
    ("kernel/mm/a.c", "<abi/ring.h>"), ("kernel/mm/a.c", "<schema/timer.capnp.h>"),
    ("kernel/object/a.c", "<schema/timer.server.h>"), ("kernel/arch/x86_64/a.c", '"dispatch/entry.h"'),
    ("kernel/arch/x86_64/a.c", '"arch/x86_64/b.h"'), ("kernel/arch/sim/a.c", "<stdlib.h>"),
    ("kernel/cap/a_test.c", '"cap/cap_internal.h"'), ("kernel/cap/a_test.c", "<stdlib.h>"), ("kernel/cap/a_test.c", '"base/test.h"'),
    ("kernel/cap/a_test.c", '"arch/sim/sim.h"'), ("kernel/mm/a_test.c", '"cap/table.h"'),
    ("lib/core/a.c", "<capnp/reader.h>"), ("lib/core/a.c", "<schema/boot.capnp.h>"), ("lib/capos/a.c", "<abi/ring.h>"),
    ("lib/service/a.c", "<capos/capos.h>"), ("lib/service/a.c", "<schema/timer.client.h>"),
    ("services/init/a.c", '"graph.h"'), ("services/init/a.c", "<service/serve.h>"), ("apps/shell/a.c", "<string.h>"),
    ("tools/mkmanifest/a.c", "<core/manifest_validate.h>"), ("tools/mkmanifest/a.c", "<stdio.h>"),
    ("tests/programs/spin/a.c", '"claims.h"'), ("tests/programs/spin/a.c", "<abi/ring.h>"),
    ("tests/sim/a.c", '"dispatch/entry.h"'),
]


@pytest.mark.parametrize("path,target", REFUSED)
def test_refused(check, path, target):
    status, printed = check("includes", {**HEADERS, path: f"#include {target}\n"})
    assert status == 1
    assert printed.startswith(f"{path}:1: ") and "[includes]" in printed


@pytest.mark.parametrize("path,target", ALLOWED)
def test_allowed(check, path, target):
    assert check("includes", {**HEADERS, path: f"#include {target}\n"}) == (0, "")


def test_an_include_in_a_comment_is_none(check):
    assert check("includes", {"abi/ring.h": "/*\n#include <capnp/reader.h>\n*/\n"}) == (0, "")
