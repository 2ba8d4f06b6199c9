#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""measure.py KERNEL PACKAGE [LINUX-KERNEL LINUX-INITRD]: the figures, in instructions, beside Linux in the same emulator.

Prints a table with the targets and writes build/measure.json. One unit of the time-stamp counter is one executed instruction.
"""

import hashlib
import json
import pathlib
import subprocess
import sys

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
EMULATOR = ["qemu-system-x86_64", "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-smp", "1",
            "-cpu", "max,-erms", "-seed", "1", "-rtc", "base=2026-01-01,clock=vm", "-machine", "q35", "-m", "256",
            "-nic", "none", "-display", "none", "-monitor", "none", "-no-reboot",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
DEADLINE_S = 300
TARGETS = {"cap_enter_empty": 120, "nop_1": 240, "nop_16_each": 120, "null_call_1": 480, "null_call_16_each": 320,
           "echo_64_round_trip": 1600, "message_build_3": 40, "message_read_3": 40, "spawn_run_reap": 50000,
           "kernel_text_bytes": 262144}


def boot(name, *arguments):
    """Run a guest to its end; its lines on the first serial port."""
    log = BUILD / "measure" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([*EMULATOR, "-serial", f"file:{log}", "-serial", "null", *arguments],
                   timeout=DEADLINE_S, check=False, stdin=subprocess.DEVNULL)
    return log.read_text(errors="replace").replace("\r", "").splitlines()


def capos_figures(kernel, package):
    lines = boot("capos", "-kernel", kernel, "-initrd", package)
    words = [line.split() for line in lines if line.startswith("measure: ")]
    figures = {word[1]: int(word[2]) for word in words if len(word) == 3 and word[2].isdigit()}
    if "spawn_run_reap" not in figures:
        sys.exit("measure: capOS did not reach the end of its figures:\n" + "\n".join(lines[-20:]))
    return figures


def linux_figures(kernel, initrd):
    lines = boot("linux", "-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1")
    if "linux guest: done" not in lines:
        sys.exit("measure: the Linux guest did not reach its end:\n" + "\n".join(lines[-20:]))
    return {line.split()[0]: int(line.split()[1]) for line in lines if line.startswith("linux_")}


def text_bytes(kernel):
    sections = subprocess.run(["llvm-size-19", "-A", kernel], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[1]) for line in sections.splitlines() if line.startswith(".text"))


def main(kernel, package, *linux):
    figures = capos_figures(kernel, package)
    figures["kernel_text_bytes"] = text_bytes(kernel)
    if linux:
        figures.update(linux_figures(*linux))
    print("kernel", hashlib.sha256(pathlib.Path(kernel).read_bytes()).hexdigest())
    print(f"{'figure':24}{'capOS':>10}{'target':>10}{'Linux':>10}")
    for name, value in figures.items():
        if not name.startswith("linux_"):
            print(f"{name:24}{value:>10}{TARGETS.get(name, ''):>10}{figures.get('linux_' + name, ''):>10}")
    (BUILD / "measure.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
