# SPDX-License-Identifier: Apache-2.0
"""A capOS machine in QEMU, driven over its serial lines.

COM1 is the kernel's log and goes to a file; COM2 is the user's terminal and is typed on. Everything that
a test leaves behind stands in build/qemu/<test>/: console.log, terminal.log, command.txt.

Waiting is always for an event, with a generous deadline; when it passes, the test fails and shows the last output.
"""

import os
import pathlib
import re
import shlex

import pexpect

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
DEADLINE_S = 120  # generous: the emulator is slow when the machine is busy
EXIT_PORT = "isa-debug-exit,iobase=0xf4,iosize=0x04"
OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
PROMPT = "capos> "
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z~]")


def plain(text):
    """The text without escape sequences and carriage returns."""
    return ESCAPES.sub("", text).replace("\r", "")


class Machine:
    """One run of QEMU. `how` is pvh, bios or uefi; `kernel` is one of build/kernel/, for pvh."""

    def __init__(self, folder, package=None, how="pvh", append="", extra=(), cpu="max", kernel="capos"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kernel = BUILD / "kernel" / f"{kernel}.elf"
        self.console_path = self.folder / "console.log"
        self.console_path.write_bytes(b"")
        command = self._command(package, how, append, cpu) + list(extra)
        (self.folder / "command.txt").write_text(shlex.join(command) + "\n")
        self.terminal_log = open(self.folder / "terminal.log", "wb")
        self.child = pexpect.spawn(
            command[0], command[1:], timeout=DEADLINE_S, logfile=None, dimensions=(24, 80)
        )
        self.child.logfile_read = self.terminal_log
        self.child.delaybeforesend = None

    def _command(self, package, how, append, cpu):
        command = [
            "qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-m", "256", "-smp", "1",
            "-cpu", cpu, "-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot",
            "-device", EXIT_PORT,
            "-serial", f"file:{self.console_path}",
            "-chardev", "stdio,id=terminal,signal=off", "-serial", "chardev:terminal",
        ]
        if how == "pvh":
            command += ["-kernel", str(self.kernel), "-initrd", str(package)]
            if append:
                command += ["-append", append]
            return command
        command += ["-cdrom", str(package), "-boot", "d"]
        if how == "uefi":
            variables = self.folder / "ovmf-variables.fd"
            variables.write_bytes(pathlib.Path(OVMF_VARS).read_bytes())
            command += [
                "-drive", f"if=pflash,format=raw,readonly=on,file={OVMF_CODE}",
                "-drive", f"if=pflash,format=raw,file={variables}",
            ]
        return command

    def console(self):
        """What the kernel has logged so far."""
        return self.console_path.read_text(errors="replace").replace("\r", "")

    def fail(self, why):
        raise AssertionError(
            f"{why}\n--- terminal ---\n{self._tail(self.folder / 'terminal.log')}"
            f"\n--- console ---\n{self.console()[-3000:]}\n--- artifacts: {self.folder}"
        )

    def terminal_text(self):
        """Everything that the terminal has shown so far, plain."""
        self.terminal_log.flush()
        return plain((self.folder / "terminal.log").read_text(errors="replace"))

    def _tail(self, path):
        self.terminal_log.flush()
        return plain(path.read_text(errors="replace"))[-3000:]

    def expect(self, pattern, timeout=DEADLINE_S):
        """Wait until the terminal shows the regular expression; returns the match."""
        try:
            self.child.expect(pattern.encode() if isinstance(pattern, str) else pattern, timeout=timeout)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            self.fail(f"the terminal never showed {pattern!r} ({type(error).__name__})")
        return self.child.match

    def expect_prompt(self):
        """Wait for the prompt at the start of a line; returns what came before it, plain."""
        # An empty line behind the prompt: a line that is being edited shows its text there.
        self.expect(r"\r" + re.escape(PROMPT) + r"\x1b\[K")
        return plain(self.child.before.decode(errors="replace"))

    def send(self, text):
        self.child.send(text)

    def command(self, line):
        """Type a command, wait for the next prompt; returns the answer without the echoed line."""
        self.send(line + "\r")
        answer = self.expect_prompt()
        return answer.split("\n", 1)[1] if "\n" in answer else ""

    def wait_exit(self):
        """Wait until QEMU ends; returns the code that the system gave to machine stop."""
        try:
            self.child.expect(pexpect.EOF, timeout=DEADLINE_S)
        except pexpect.TIMEOUT:
            self.fail("the machine did not stop")
        self.child.close()
        status = self.child.exitstatus
        if status is None or status & 1 == 0:
            self.fail(f"QEMU ended with {status} (signal {self.child.signalstatus})")
        return status >> 1

    def stop(self):
        if self.child.isalive():
            self.child.close(force=True)
        self.terminal_log.close()
