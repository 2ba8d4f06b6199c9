# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests: a machine that is always stopped, with artifacts named by the test."""

import re

import pytest

from machine import BUILD, Machine


@pytest.fixture
def boot(request):
    """boot("shell") starts build/boot/shell.bin by PVH; boot(how="bios") starts the ISO."""
    machines = []
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", request.node.name)

    def start(manifest="system", how="pvh", **options):
        package = BUILD / "boot" / f"{manifest}.bin" if how == "pvh" else BUILD / "capos.iso"
        package = options.pop("package", package)
        folder = BUILD / "qemu" / (name if not machines else f"{name}-{len(machines)}")
        machine = Machine(folder, package=package, how=how, **options)
        machines.append(machine)
        return machine

    yield start
    for machine in machines:
        machine.stop()
