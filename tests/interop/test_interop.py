# SPDX-License-Identifier: Apache-2.0
"""The stock tool reads our messages and writes them again, in binary and as text; our reader finds the same values in both."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/test/interop-messages"
SCHEMA = ROOT / "tests/interop/features.capnp"
SEED = "20261126"
COUNT = "10000"
# Of the messages that go through text, which is slower: how many, how deep.
TEXT_SHARES = (8800, 0), (1180, 1), (20, 3)


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


def through(mode, source, target):
    with open(source, "rb") as stream:
        target.write_bytes(run(PROGRAM, mode, stdin=stream))
    return target


def stock_text(verb, source, target, *options):
    """The stock tool turns text into messages or the other way."""
    with open(source, "rb") as stream:
        target.write_bytes(run("capnp", verb, *options, SCHEMA, "Everything", stdin=stream))
    return target


def compared(way, one, other):
    report = run(PROGRAM, "compare", way, one, other).decode()
    print(report)
    assert f"{COUNT} messages are the same" in report


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    messages = tmp_path_factory.mktemp("interop") / "messages.bin"
    messages.write_bytes(run(PROGRAM, "generate", SEED, COUNT, 3))
    return messages


@pytest.fixture(scope="module")
def theirs(ours):
    return stock(ours.parent, "binary:binary", ours, "again.bin")


def test_ten_thousand_messages_are_the_same_after_the_stock_tool_wrote_them_again(ours, theirs):
    compared("binary", ours, theirs)


def test_damaged_messages_are_read_or_refused_and_nothing_else(ours):
    with open(ours, "rb") as stream:
        report = run(PROGRAM, "mutate", SEED, "100000", stdin=stream).decode()
    print(report)
    assert "100000 damaged messages read" in report


def test_the_packed_form_is_byte_for_byte_that_of_the_stock_tool(ours, theirs, tmp_path):
    packed = stock(tmp_path, "binary:packed", ours, "again.packed")
    assert through("pack", theirs, tmp_path / "ours.packed").read_bytes() == packed.read_bytes()
    assert through("unpack", packed, tmp_path / "unpacked.bin").read_bytes() == theirs.read_bytes()


def test_the_stock_tool_reads_our_packed_form(ours, theirs, tmp_path):
    packed = through("pack", ours, tmp_path / "ours.packed")
    assert stock(tmp_path, "packed:binary", packed, "unpacked.bin").read_bytes() == theirs.read_bytes()


@pytest.fixture(scope="module")
def varied(tmp_path_factory):
    """As many messages again, most of them flat."""
    messages = tmp_path_factory.mktemp("text") / "messages.bin"
    messages.write_bytes(b"".join(run(PROGRAM, "generate", int(SEED) + depth, count, depth) for count, depth in TEXT_SHARES))
    return messages


@pytest.fixture(scope="module")
def our_text(varied):
    return through("print", varied, varied.parent / "ours.txt")


def test_the_stock_tool_reads_our_text(varied, our_text, tmp_path):
    compared("our-text", varied, stock_text("encode", our_text, tmp_path / "encoded.bin"))


def test_we_read_the_text_of_the_stock_tool(varied, tmp_path):
    text = stock_text("decode", varied, tmp_path / "stock.txt", "--short")
    compared("stock-text", varied, through("parse", text, tmp_path / "parsed.bin"))


def test_what_text_carries_whole_has_the_same_canonical_form(tmp_path):
    """Byte for byte, as the stock tool makes it: our reader has no say here."""
    plain = tmp_path / "plain.bin"
    plain.write_bytes(run(PROGRAM, "generate-plain", SEED, 600, 1))
    canonical = stock(tmp_path, "binary:canonical", plain, "plain.canonical").read_bytes()
    encoded = stock_text("encode", through("print", plain, tmp_path / "ours.txt"), tmp_path / "encoded.bin")
    assert stock(tmp_path, "binary:canonical", encoded, "encoded.canonical").read_bytes() == canonical
    text = stock_text("decode", plain, tmp_path / "stock.txt", "--short")
    parsed = through("parse", text, tmp_path / "parsed.bin")
    assert stock(tmp_path, "binary:canonical", parsed, "parsed.canonical").read_bytes() == canonical
    copied = through("copy", plain, tmp_path / "copy.bin")
    assert stock(tmp_path, "binary:canonical", copied, "copy.canonical").read_bytes() == canonical


def test_we_read_the_text_of_the_stock_tool_over_several_lines(tmp_path):
    message = tmp_path / "message.bin"
    message.write_bytes(run(PROGRAM, "generate", SEED, 1, 3))
    text = stock_text("decode", message, tmp_path / "stock.txt")
    assert text.read_bytes().count(b"\n") > 100
    one_line = tmp_path / "one.txt"
    one_line.write_bytes(text.read_bytes().replace(b"\n", b"\t"))
    parsed = through("parse", one_line, tmp_path / "parsed.bin")
    flat = stock_text("decode", message, tmp_path / "flat.txt", "--short")
    assert parsed.read_bytes() == through("parse", flat, tmp_path / "flat.bin").read_bytes()


def test_generated_accessors_read_what_reflection_reads(varied, our_text, tmp_path):
    assert through("print-typed", varied, tmp_path / "typed.txt").read_bytes() == our_text.read_bytes()


def test_generated_accessors_build_what_they_read(varied, tmp_path):
    copy = through("copy", varied, tmp_path / "copy.bin")
    compared("copy", varied, copy)
    compared("copy", varied, stock(tmp_path, "binary:binary", copy, "again.bin"))


def test_generated_accessors_read_the_defaults_of_the_schema(tmp_path):
    """An empty message reads as one in which each default is written out as the stock tool evaluates it."""
    names = re.findall(r"(\w+Default) @", SCHEMA.read_text())
    assert len(names) == 17
    values = [run("capnp", "eval", SCHEMA, f"Everything.{name}").decode().strip() for name in names]
    given = tmp_path / "given.txt"
    given.write_text("(" + ", ".join(f"{name} = {value}" for name, value in zip(names, values)) + ")")
    empty = tmp_path / "empty.txt"
    empty.write_text("()")
    written = through("print-defaults", stock_text("encode", given, tmp_path / "given.bin"), tmp_path / "written.txt")
    read = through("print-defaults", stock_text("encode", empty, tmp_path / "empty.bin"), tmp_path / "read.txt")
    assert read.read_bytes() == written.read_bytes()
    assert b'textDefault = "as before"' in read.read_bytes()
