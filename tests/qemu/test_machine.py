# SPDX-License-Identifier: Apache-2.0
"""What the kernel makes of machines: with less than it likes, it goes on; without what it needs, it says so and stops."""

import shutil
import subprocess

import pytest

from machine import BUILD

MODULES, CPU = 111, 112


@pytest.mark.parametrize("cpu, extra, line", [
    ("max", (), "SMEP, SMAP, UMIP, FSGSBASE"),
    ("max,-apic", (), "using the legacy PIC and PIT"),
    ("max", ("-machine", "hpet=off"), "measured by the PIT"),
    ("qemu64", (), "capos: cpu: NX, WP\n"),
    ("qemu64,-apic", ("-machine", "hpet=off"), "using the legacy PIC and PIT"),
    ("max", ("-m", "5G"), "none writable and executable, none for users"),
])
def test_a_lesser_machine_is_enough(boot, cpu, extra, line):
    machine = boot("smoke", cpu=cpu, extra=extra)
    assert machine.wait_exit() == 0
    assert line in machine.console()


@pytest.mark.parametrize("cpu, line", [
    ("max,-nx", "no execute protection"),
    ("max,-lm", "no 64-bit mode"),
    ("max,-hypervisor", "the time-stamp counter changes its rate"),
    ("Nehalem", "free of Meltdown and L1TF"),
])
def test_a_processor_that_cannot_be_used_is_named(boot, cpu, line):
    machine = boot("smoke", cpu=cpu)
    assert machine.wait_exit() == CPU
    log = machine.console()
    assert "capos: boot: fatal:" in log and line in log, log
    assert "init" not in log.replace("initrd", ""), log


def make_image(folder, modules):
    """An ISO of the kernel with so many modules."""
    (folder / "iso/boot/grub").mkdir(parents=True)
    shutil.copy(BUILD / "kernel/capos.elf", folder / "iso/boot/")
    shutil.copy(BUILD / "boot/smoke.bin", folder / "iso/boot/")
    lines = ["multiboot2 /boot/capos.elf"] + ["module2 /boot/smoke.bin"] * modules + ["boot"]
    (folder / "iso/boot/grub/grub.cfg").write_text("\n".join(lines) + "\n")
    image = folder / "image.iso"
    subprocess.run(["grub-mkrescue", "--locales=", "--fonts=", "--themes=",
                    "--install-modules=multiboot2 normal iso9660 fat search", "-o", image, folder / "iso"],
                   check=True, capture_output=True)
    return image


@pytest.mark.parametrize("modules", [0, 1, 2])
def test_grub_has_to_pass_one_module(boot, tmp_path, modules):
    machine = boot(how="bios", package=make_image(tmp_path, modules))
    code = machine.wait_exit()
    if modules == 1:
        assert code == 0
    else:
        assert code == MODULES
        assert f"exactly one module is needed, the boot package; there are {modules}" in machine.console()


def test_pvh_has_to_pass_one_module(boot, tmp_path):
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    machine = boot(package=empty)
    assert machine.wait_exit() == MODULES
    assert "there are 0" in machine.console()


@pytest.mark.parametrize("append", ["", "nolapic"])
def test_a_deadline_beyond_the_timer_s_reach_comes(boot, append):
    # Virtual time: the local APIC's timer reaches 68 s, the PIT's 55 ms.
    machine = boot("shell", append=append, extra=("-icount", "shift=0,sleep=off"))
    machine.expect_prompt()
    ns = machine.command("call timer.now ()")
    start = int(ns.split("ns = ")[1].split(")")[0])
    answer = machine.command(f"call timer.sleepUntil (deadlineNs = {start + 200_000_000_000})")
    assert "()" in answer, answer
    ns = machine.command("call timer.now ()")
    assert int(ns.split("ns = ")[1].split(")")[0]) >= start + 200_000_000_000
