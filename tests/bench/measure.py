#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""measure.py [LINUX-KERNEL LINUX-INITRD]: the figures, in instructions, beside Linux in the same emulator.

Prints a table with the targets and writes build/measure.json. One unit of the time-stamp counter is one executed instruction.
Events that the count prices too low, the longest stretch with interrupts off and the instructions of a boot come from a plugin of
the emulator (counter/), which watches the same kernel.
"""

import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import threading

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
PLAIN_EMULATOR = ["qemu-system-x86_64", "-accel", "tcg,thread=single", "-smp", "1", "-cpu", "max,-erms", "-machine", "q35",
                  "-m", "256", "-nic", "none", "-display", "none", "-monitor", "none", "-no-reboot",
                  "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
EMULATOR = [*PLAIN_EMULATOR, "-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01,clock=vm"]
DEADLINE_S = 300
PROMPT = b"capos> \x1b[K"
TARGETS = {"cap_enter_empty": 120, "nop_1": 240, "nop_16_each": 120, "null_call_1": 480, "null_call_16_each": 320,
           "echo_64_round_trip": 1300, "echo_64_copy_cap": 1650, "echo_64_move_cap": 1700,
           "message_build_3": 40, "message_read_3": 40, "spawn_run_reap": 50000,
           "signal_no_waiter": 280, "signal_round_trip": 900, "map_touch_unmap_4k": 2600, "shared_buffer_record_64": 60,
           "pipeline_4_client_entries": 1, "interrupts_off_longest": 20000, "revoke_interrupts_off": 20000,
           "kernel_text_bytes": 262144, "process_overhead_bytes": 28672,
           "cap_slot_bytes": 32, "endpoint_bytes": 256}
KERNEL = BUILD / "kernel/capos.elf"
COUNTER = BUILD / "bench/counter.so"
# What Linux does instead, where it has another name.
LINUX_INSTEAD = {"echo_64_copy_cap": "linux_echo_64_pass_fd"}
COUNTED_ONLY = ("process_overhead_bytes", "pipeline_4_client_entries")  # no samples of instructions
SAMPLES = 101  # of each figure: programs/measure/bench.h
FEW_SAMPLES = {"cap_enter_cold": 2, "revoke_loaded": 1}  # the first: with and without the entry
LAST_FIGURE = "revoke_loaded"
# What stresses the kernel most: hostile spawns, memory, 1,000 processes; and the figures' own program.
STRETCH_PACKAGES = ("measure", "spawn")


def boot(name, *arguments, emulator=EMULATOR):
    """Run a guest to its end; its lines on the first serial port."""
    log = BUILD / "measure" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([*emulator, "-serial", f"file:{log}", "-serial", "null", *arguments],
                   timeout=DEADLINE_S, check=False, stdin=subprocess.DEVNULL)
    return log.read_text(errors="replace").replace("\r", "").splitlines()


def package(name):
    return BUILD / f"boot/{name}.bin"


def figures_of(lines):
    words = [line.split() for line in lines if line.startswith("measure: ")]
    figures = {word[1]: int(word[2]) for word in words if len(word) == 3 and word[2].isdigit()}
    if LAST_FIGURE not in figures:
        sys.exit("measure: capOS did not reach the end of its figures:\n" + "\n".join(lines[-20:]))
    return figures


@functools.cache
def capos_figures():
    """Without the plugin: figures in the order of measuring."""
    lines = boot("capos", "-kernel", str(KERNEL), "-initrd", str(package("measure")))
    return figures_of(lines)


def linux_figures(kernel, initrd):
    lines = boot("linux", "-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1")
    if "linux guest: done" not in lines:
        sys.exit("measure: the Linux guest did not reach its end:\n" + "\n".join(lines[-20:]))
    return {line.split()[0]: int(line.split()[1]) for line in lines if line.startswith("linux_")}


def counter_output(name):
    return BUILD / "measure" / f"{name}.counts"


def counted(name):
    """Boot a package to its end under the counter; its lines."""
    boot(f"counted-{name}", "-kernel", str(KERNEL), "-initrd", str(package(name)),
         "-plugin", f"{COUNTER},out={counter_output(name)}")
    return counter_output(name).read_text().splitlines()


def symbol_at(address):
    """The kernel function that an address lies in."""
    lines = subprocess.run(["llvm-nm-19", "-n", "--defined-only", str(KERNEL)], capture_output=True, text=True, check=True).stdout
    names = [(int(line.split()[0], 16), line.split()[2]) for line in lines.splitlines()]
    return max((entry for entry in names if entry[0] <= address), default=(0, "?"))[1]


def longest_stretch(outputs):
    """The longest run of kernel instructions without an interrupt window, and where it began and ended."""
    found = [re.search(r"stretch=(\d+) at=(\w+) from=(\w+)", "\n".join(lines)) for lines in outputs]
    length, end, start = max((int(match[1]), int(match[2], 16), int(match[3], 16)) for match in found)
    return length, symbol_at(start), symbol_at(end)


def samples_of(name):
    return FEW_SAMPLES.get(name, SAMPLES)


def first_pair(names, name):
    """Of the pairs of time stamps, the first one of a figure. Those before all are the harness's own."""
    return SAMPLES + sum(samples_of(before) for before in names[:names.index(name)])


def events(lines, names):
    """The event vector of each figure: that of its median sample."""
    pairs = [{event: int(count) for event, count in (item.split("=") for item in line.split()[2:])}
             for line in lines if line.startswith("pair ")]
    expected = first_pair(names, names[-1]) + samples_of(names[-1])
    if len(pairs) != expected:
        sys.exit(f"measure: {len(pairs)} pairs of time stamps, not {expected}: one was taken that is of no figure")
    vectors = {}
    for name in names:
        first, count = first_pair(names, name), samples_of(name)
        vectors[name] = sorted(pairs[first:first + count], key=lambda sample: sample["instructions"])[count // 2]
    return vectors


def read_until(emulator, words, text):
    """What the emulator has written behind the words; `text` was read before."""
    while words not in text:
        more = emulator.stdout.read1(4096)
        if not more:
            sys.exit(f"measure: the shell never showed {words}")
        text += more
    return text.split(words, 1)[1]


def boot_instructions():
    """From the start to the answer of a `caps` that is typed at the first prompt; waiting executes nothing."""
    output = counter_output("boot")
    emulator = subprocess.Popen(
        [*EMULATOR, "-serial", "null", "-serial", "stdio", "-kernel", str(KERNEL), "-initrd", str(package("shell")),
         "-plugin", f"{COUNTER},out={output}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    # At its end reads give nothing any more.
    deadline = threading.Timer(DEADLINE_S, emulator.kill)
    deadline.start()
    text = b""
    for typed, until in ((b"", PROMPT), (b"caps\r", b"TerminalSession")):
        emulator.stdin.write(typed)
        emulator.stdin.flush()
        text = read_until(emulator, until, text)
    read_until(emulator, PROMPT, text)
    deadline.cancel()
    emulator.terminate()
    emulator.wait()
    return int(re.search(r"total=(\d+)", output.read_text())[1])


def struct_bytes(name):
    """The size of one of the kernel's structs, as its debugging information says it."""
    text = subprocess.run(["llvm-dwarfdump-19", f"--name={name}", str(KERNEL)], capture_output=True, text=True, check=True).stdout
    return int(re.search(rf'DW_AT_name\s*\("{name}"\)\s*DW_AT_byte_size\s*\((0x[0-9a-f]+)\)', text)[1], 16)


def text_bytes():
    sections = subprocess.run(["llvm-size-19", "-A", str(KERNEL)], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[1]) for line in sections.splitlines() if line.startswith(".text"))


def all_figures():
    """Figures of capOS, the event vectors of the measured paths, and where the longest stretch was."""
    figures = capos_figures()
    measured = [name for name in figures if name not in COUNTED_ONLY]
    outputs = [counted(name) for name in STRETCH_PACKAGES]
    figures["interrupts_off_longest"], start, end = longest_stretch(outputs)
    vectors = events(outputs[0], measured)
    figures["revoke_interrupts_off"] = vectors["revoke_loaded"]["stretch"]
    figures["boot_instructions"] = boot_instructions()
    figures["kernel_text_bytes"] = text_bytes()
    figures["cap_slot_bytes"] = struct_bytes("cap_slot")
    figures["endpoint_bytes"] = struct_bytes("endpoint")
    return figures, vectors, (start, end)


def main(*linux):
    figures, vectors, (start, end) = all_figures()
    if linux:
        figures.update(linux_figures(*linux))
    print("kernel", hashlib.sha256(KERNEL.read_bytes()).hexdigest())
    print(f"{'figure':24}{'capOS':>10}{'target':>10}{'Linux':>10}  events")
    for name, value in figures.items():
        if name.startswith("linux_"):
            continue
        vector = " ".join(f"{event}={count}" for event, count in vectors.get(name, {}).items()
                          if event not in ("instructions", "stretch") and count != 0)
        print(f"{name:24}{value:>10}{TARGETS.get(name, ''):>10}{figures.get(LINUX_INSTEAD.get(name, 'linux_' + name), ''):>10}  {vector}".rstrip())
    print(f"the longest stretch with interrupts off: from {start} to {end}")
    (BUILD / "measure.json").write_text(json.dumps(figures, indent=1) + "\n")
    (BUILD / "measure-events.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) not in (1, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
