# SPDX-License-Identifier: Apache-2.0
"""The end of the kernel: what a panic tells, and that every way into one comes to it.

build/kernel/panic.elf is the shipped kernel with tests/panic/provoke.c in front of three functions: words on the
command line say what to provoke, and whether while the kernel starts or in a system call of init.
"""

import bisect
import re
import subprocess

import pytest

from machine import BUILD

PANIC = 125
PAGE = 4096
STRIDE = 3 * PAGE
EDGES = ("kernel_start", "kernel_text_start")
KERNEL = BUILD / "kernel/panic.elf"
# How the kernel got to where it is asked to panic, innermost first.
CHAINS = {"at-start": ["provoke", "__wrap_kernel_boot", "arch_start", "boot_high"],
          "in-call": ["provoke", "__wrap_ring_refresh", "kernel_syscall", "entry_syscall"]}
PLACES = pytest.mark.parametrize("place", sorted(CHAINS))
FAULT_CHAIN = "exception (\\d+), error 0x([0-9a-f]+), at 0x([0-9a-f]+), stack 0x([0-9a-f]+), address 0x([0-9a-f]+)"


class Symbols:
    """The kernel's symbol table."""

    def __init__(self, kernel):
        lines = subprocess.run(["llvm-nm-19", "--numeric-sort", kernel], capture_output=True, text=True,
                               check=True).stdout.split("\n")
        # What the linker script sets at the ends of segments names no function.
        entries = [line.split() for line in lines if line]
        self.addresses = [int(entry[0], 16) for entry in entries if entry[2] not in EDGES]
        self.names = [entry[2] for entry in entries if entry[2] not in EDGES]
        self.edges = {entry[2]: int(entry[0], 16) for entry in entries if entry[2] in EDGES}

    def name(self, address):
        return self.names[bisect.bisect_right(self.addresses, address) - 1]

    def address(self, name):
        return self.addresses[self.names.index(name)]


@pytest.fixture(scope="module")
def symbols():
    return Symbols(KERNEL)


class Report:
    """What the kernel said at its end."""

    def __init__(self, log, symbols):
        self.log = log
        self.messages = re.findall(r"^capos: panic: (cpu \d+: .*)$", log, re.MULTILINE)
        self.registers = {name: int(value, 16) for line in re.findall(r"^capos: panic: ((?: +\w+ 0x\w+)+)$", log, re.MULTILINE)
                          for name, value in re.findall(r"(\w+) 0x([0-9a-f]+)", line) if name != "from"}
        addresses = re.findall(r"^capos: panic:   from 0x([0-9a-f]+)$", log, re.MULTILINE)
        # A return address stands behind its call, which may be the last instruction of a function.
        self.chain = [symbols.name(int(address, 16) - 1) for address in addresses]
        found = re.search(FAULT_CHAIN, log)
        if found:
            self.vector = int(found.group(1))
            self.error, self.rip, self.stack, self.address = (int(text, 16) for text in found.groups()[1:])

    def check_chain(self, expected):
        """The calls are there in their order; what an earlier call left on the stack may stand between."""
        rest = iter(self.chain)
        missing = [name for name in expected if name not in rest]
        assert not missing, f"{missing} not in {self.chain}\n{self.log}"


@pytest.fixture
def panic(boot, symbols):
    """panic("overflow", "in-call"): the report of that end."""
    def run(what, place):
        machine = boot("smoke", kernel="panic", append=f"{place} {what}")
        assert machine.wait_exit() == PANIC, machine.console()
        report = Report(machine.console(), symbols)
        assert len(report.messages) == 1 and report.messages[0].startswith("cpu 0: "), report.log
        # It is the end: nothing comes behind it.
        assert report.log.rstrip("\n").split("\n")[-1].startswith("capos: panic: "), report.log
        assert ("init started" in report.log) == (place == "in-call"), report.log
        return report
    return run


def test_without_a_word_it_is_the_shipped_kernel(boot):
    machine = boot("smoke", kernel="panic")
    assert machine.wait_exit() == 0
    assert "panic" not in machine.console()


def test_the_shipped_kernel_cannot_be_provoked(boot):
    names = Symbols(BUILD / "kernel/capos.elf").names
    assert not [name for name in names if "provoke" in name or name.startswith(("__wrap_", "__real_"))]
    machine = boot("smoke", append="at-start in-call overflow")
    assert machine.wait_exit() == 0


@PLACES
def test_a_message_comes_with_its_cpu_and_its_chain(panic, place):
    report = panic("message", place)
    assert report.messages == ["cpu 0: a message with 1 number"]
    assert not report.registers
    report.check_chain(["provoke_message"] + CHAINS[place])


@PLACES
def test_an_assertion_names_what_does_not_hold_and_where(panic, place):
    report = panic("assertion", place)
    assert re.fullmatch(r"cpu 0: provoke\.c:\d+: command_line == NULL does not hold", report.messages[0])
    report.check_chain(["provoke_assertion"] + CHAINS[place])


@PLACES
@pytest.mark.parametrize("what, vector, error, address", [
    ("null", 14, 0, 0x10),
    ("noncanonical", 13, 0, None),
])
def test_a_fault_tells_registers_and_place(panic, symbols, place, what, vector, error, address):
    report = panic(what, place)
    assert (report.vector, report.error) == (vector, error)
    assert address is None or report.address == address
    assert symbols.name(report.rip) == "provoke_fault"
    registers = report.registers
    assert len(registers) == 20, registers
    assert registers["rbx"] == 0x1111222233334444
    assert registers["r15"] == 0x5555666677778888
    assert registers["rsi"] == 0x42
    assert registers["rdi"] == (1 << 63 if address is None else address)
    assert registers["rip"] == report.rip and registers["rsp"] == report.stack
    assert registers["cs"] == 8
    assert registers["rflags"] & 0x200 == 0, "interrupts are off in the kernel"
    report.check_chain(CHAINS[place])


def test_an_undefined_instruction_is_told(panic, symbols):
    report = panic("undefined", "in-call")
    assert report.vector == 6 and symbols.name(report.rip) == "provoke_undefined"
    report.check_chain(CHAINS["in-call"])


@pytest.mark.parametrize("what, error", [("user-read", 1), ("user-execute", 0x11)])
def test_the_kernel_can_neither_read_nor_execute_what_is_the_user_s(panic, what, error):
    report = panic(what, "in-call")
    assert (report.vector, report.error) == (14, error)
    assert report.address < 1 << 47
    report.check_chain(CHAINS["in-call"])


@PLACES
def test_code_is_not_written_and_data_is_not_executed(panic, symbols, place):
    report = panic("text-write", place)
    assert (report.vector, report.error) == (14, 3)
    assert report.address == symbols.edges["kernel_text_start"]
    report.check_chain(CHAINS[place])
    report = panic("data-execute", place)
    assert (report.vector, report.error) == (14, 0x11)
    assert report.rip == report.address == symbols.address("provoke.in_data")
    report.check_chain(["provoke_execute"] + CHAINS[place])


@pytest.mark.parametrize("number", range(4))
def test_a_guard_page_lies_below_each_stack(panic, symbols, number):
    report = panic(f"guard-{number}", "at-start")
    bases = [symbols.address("cpu_stack_guard")] + [symbols.address("ist_stacks") + i * STRIDE for i in range(3)]
    assert (report.vector, report.error) == (14, 0)
    assert bases[number] <= report.address < bases[number] + PAGE
    report.check_chain(CHAINS["at-start"])


@PLACES
def test_a_stack_that_runs_over_is_told_from_another_stack(panic, symbols, place):
    report = panic("overflow", place)
    guard = symbols.address("cpu_stack_guard")
    assert report.vector == 8
    # The page fault found no stack to push to.
    assert guard <= report.address < guard + PAGE
    assert symbols.name(report.rip) == "provoke_overflow"
    assert guard - PAGE < report.stack <= guard + PAGE + 0x200
    assert report.chain and set(report.chain) == {"provoke_overflow"}, report.chain


def test_a_panic_in_a_panic_stops_at_once(boot):
    machine = boot("smoke", kernel="panic", append="at-start nested")
    assert machine.wait_exit() == PANIC
    log = machine.console()
    assert log.endswith("capos: panic: cpu 0: the first one\n"), log
