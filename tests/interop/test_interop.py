# SPDX-License-Identifier: Apache-2.0
"""The stock tool reads our messages and writes them again; our reader finds the same values in both."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/test/interop-messages"
SCHEMA = ROOT / "tests/interop/features.capnp"
SEED = "20261126"
COUNT = "10000"


def run(*command, stdin=None):
    done = subprocess.run([str(word) for word in command], stdin=stdin, capture_output=True)
    assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def stock(tmp_path, conversion, source, name):
    """The stock tool reads a stream of messages and writes it again in its own layout."""
    target = tmp_path / name
    with open(source, "rb") as stream:
        target.write_bytes(run("capnp", "convert", conversion, SCHEMA, "Everything", stdin=stream))
    return target


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    messages = tmp_path_factory.mktemp("interop") / "messages.bin"
    messages.write_bytes(run(PROGRAM, "generate", SEED, COUNT))
    return messages


@pytest.fixture(scope="module")
def theirs(ours):
    return stock(ours.parent, "binary:binary", ours, "again.bin")


def test_ten_thousand_messages_are_the_same_after_the_stock_tool_wrote_them_again(ours, theirs):
    report = run(PROGRAM, "compare", ours, theirs).decode()
    print(report)
    assert f"{COUNT} messages are the same" in report


def test_damaged_messages_are_read_or_refused_and_nothing_else(ours):
    with open(ours, "rb") as stream:
        report = run(PROGRAM, "mutate", SEED, "100000", stdin=stream).decode()
    print(report)
    assert "100000 damaged messages read" in report


def through(mode, source, target):
    with open(source, "rb") as stream:
        target.write_bytes(run(PROGRAM, mode, stdin=stream))
    return target


def test_the_packed_form_is_byte_for_byte_that_of_the_stock_tool(ours, theirs, tmp_path):
    packed = stock(tmp_path, "binary:packed", ours, "again.packed")
    assert through("pack", theirs, tmp_path / "ours.packed").read_bytes() == packed.read_bytes()
    assert through("unpack", packed, tmp_path / "unpacked.bin").read_bytes() == theirs.read_bytes()


def test_the_stock_tool_reads_our_packed_form(ours, theirs, tmp_path):
    packed = through("pack", ours, tmp_path / "ours.packed")
    assert stock(tmp_path, "packed:binary", packed, "unpacked.bin").read_bytes() == theirs.read_bytes()
