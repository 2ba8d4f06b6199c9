# SPDX-License-Identifier: Apache-2.0
"""The stock tool reads our messages and writes them again; our reader finds the same values in both."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/test/interop-messages"
SCHEMA = ROOT / "tests/interop/features.capnp"
SEED = "20261126"
COUNT = "10000"


def run(*command, stdin=None):
    done = subprocess.run([str(word) for word in command], stdin=stdin, capture_output=True)
    assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def generated(tmp_path):
    messages = tmp_path / "messages.bin"
    messages.write_bytes(run(PROGRAM, "generate", SEED, COUNT))
    return messages


def stock(tmp_path, conversion, source, name):
    """The stock tool reads a stream of messages and writes it again in its own layout."""
    target = tmp_path / name
    with open(source, "rb") as stream:
        target.write_bytes(run("capnp", "convert", conversion, SCHEMA, "Everything", stdin=stream))
    return target


def test_ten_thousand_messages_are_the_same_after_the_stock_tool_wrote_them_again(tmp_path):
    ours = generated(tmp_path)
    theirs = stock(tmp_path, "binary:binary", ours, "again.bin")
    report = run(PROGRAM, "compare", ours, theirs).decode()
    print(report)
    assert f"{COUNT} messages are the same" in report


def test_damaged_messages_are_read_or_refused_and_nothing_else(tmp_path):
    with open(generated(tmp_path), "rb") as stream:
        report = run(PROGRAM, "mutate", SEED, "100000", stdin=stream).decode()
    print(report)
    assert "100000 damaged messages read" in report
