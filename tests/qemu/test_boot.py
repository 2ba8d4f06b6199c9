# SPDX-License-Identifier: Apache-2.0
"""The system starts three ways, and refuses to start wrongly."""

import pytest

from machine import BUILD

BOOT_ORDER = ["cpu: ", "boot: started by", "memory: ", "paging: ", "clock: ", "init: "]


@pytest.mark.parametrize("how", ["pvh", "bios", "uefi"])
def test_the_shell_prompt_appears(boot, how):
    machine = boot("system", how=how)
    machine.expect_prompt()
    log = machine.console()
    positions = [log.find(mark) for mark in BOOT_ORDER]
    assert -1 not in positions, f"{dict(zip(BOOT_ORDER, positions))}\n{log}"
    assert positions == sorted(positions), log
    assert "none writable and executable" in log
    machine.send("exit\r")
    assert machine.wait_exit() == 0


def test_the_legacy_interrupt_controller_is_enough(boot):
    machine = boot("system", append="nolapic")
    machine.expect_prompt()
    assert "using the legacy PIC" in machine.console()
    machine.send("exit\r")
    assert machine.wait_exit() == 0


def test_no_module_is_a_clear_fatal_message(boot, tmp_path):
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    machine = boot(package=empty)
    assert machine.wait_exit() != 0
    assert "capos: boot: fatal:" in machine.console()


def test_a_damaged_boot_package_is_refused_before_init(boot, tmp_path):
    good = (BUILD / "boot/system.bin").read_bytes()
    for offset in (0, 4, 8, 16, 24):
        damaged = bytearray(good)
        damaged[offset] ^= 0xFF
        package = tmp_path / f"damaged-{offset}"
        package.write_bytes(bytes(damaged))
        machine = boot(package=package)
        assert machine.wait_exit() != 0
        log = machine.console()
        assert "capos: boot: fatal:" in log, log
        assert "panic" not in log, log
