# SPDX-License-Identifier: Apache-2.0
"""Set-up: what it installs, how it asks for root, and what it refuses. The machine's tools are stood in for by scripts."""

import os
import subprocess

import pytest

from checked import ROOT

SETUP = ROOT / "tools/setup/setup.sh"
VERIFY = ROOT / "tools/setup/verify-tools.sh"


def script(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path):
    """machine(uid, installed, sudo) -> run(script): a PATH whose tools log what they are asked to do."""

    def build(uid, installed, sudo):
        tools = tmp_path / "tools"
        tools.mkdir()
        log = tmp_path / "log"
        log.write_text("")
        script(tools, "id", f"echo {uid}")
        script(tools, "dpkg-query", "echo -n installed" if installed else "exit 1")
        script(tools, "apt-get", f'echo "apt-get $*" >> {log}')
        script(tools, "sudo", f'echo "sudo $*" >> {log}; [ "$1" = -n ] && shift; exec "$@"' if sudo else "exit 1")
        cue = script(tools, "cue", "echo cue.lang.version v0.12.0")

        def run():
            environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "CAPOS_CUE": str(cue),
                           "CAPOS_CAPNP": "/usr/bin/capnp"}
            done = subprocess.run([SETUP], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            return done, log.read_text()

        return run

    return build


def test_nothing_is_done_where_all_is_there(machine):
    done, log = machine(1000, True, False)()
    assert done.returncode == 0, done.stderr
    assert log == ""


def test_root_installs_by_itself(machine):
    done, log = machine(0, False, False)()
    assert done.returncode == 0, done.stderr
    assert "sudo" not in log
    assert "apt-get" in log and "install --yes --no-install-recommends clang-19 lld-19" in log


def test_sudo_is_used_without_root(machine):
    done, log = machine(1000, False, True)()
    assert done.returncode == 0, done.stderr
    assert "sudo apt-get" in log and "sudo env" in log


def test_without_either_the_exact_line_is_printed_and_nothing_is_installed(machine):
    done, log = machine(1000, False, False)()
    assert done.returncode == 1
    assert "apt-get update && apt-get install --yes --no-install-recommends clang-19 lld-19" in done.stderr
    assert log == ""


@pytest.mark.parametrize("variable,value,complaint", [
    ("CAPOS_CAPNP", "capnp", "absolute path"),
    ("CAPOS_CAPNP", "/usr/bin/../bin/capnp", "without . .."),
    ("CAPOS_CAPNP", "/nowhere/capnp", "missing"),
    ("CAPOS_CAPNP", "/bin/echo", "wrong version"),
    ("CAPOS_CUE", "cue", "absolute path"),
    ("CAPOS_CUE", "/nowhere/cue", "missing"),
    ("CAPOS_CUE", "/bin/echo", "wrong version"),
    ("CAPOS_CUE", "/bin/false", "does not run"),
    ("CAPOS_CBMC", "cbmc", "absolute path"),
    ("CAPOS_CBMC", "/nowhere/cbmc", "missing"),
    ("CAPOS_CBMC", "/bin/echo", "wrong version"),
])
def test_another_tool_is_refused_by_name(variable, value, complaint):
    done = subprocess.run([VERIFY], env={**os.environ, variable: value}, capture_output=True, text=True)
    assert done.returncode == 1
    assert complaint in done.stderr and variable in done.stderr


def test_each_package_says_what_it_is_for():
    for line in (ROOT / "tools/setup/packages.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, _, purpose = line.partition("#")
            assert name.strip() and purpose.strip(), line


def test_nothing_but_setup_fetches():
    """Build files name no way to the network."""
    listing = subprocess.run(["git", "grep", "-lE", r"\b(curl|wget|apt-get|git clone|pip install|npm)\b", "--", "Makefile",
                              "mk", "tools", "third_party", "*/rules.mk"], cwd=ROOT, capture_output=True, text=True).stdout
    allowed = ("tools/setup/", "third_party/", "tools/check-bare-machine")
    assert [path for path in listing.split() if not path.startswith(allowed)] == []
