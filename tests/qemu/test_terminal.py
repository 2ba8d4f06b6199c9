# SPDX-License-Identifier: Apache-2.0
"""The terminal: editing, history, cancellation, and that the kernel's log stays apart from it."""

import pytest


@pytest.fixture
def shell(boot):
    machine = boot("shell")
    machine.expect_prompt()
    return machine


def test_a_line_can_be_edited_before_it_is_entered(shell):
    shell.send("capz\x7fs\x01\x05\r")
    assert "interface" in shell.expect_prompt()


def test_history_brings_back_the_last_line(shell):
    shell.command("call timer.now ()")
    shell.send("\x1b[A\r")
    assert "(ns = " in shell.expect_prompt()


def test_control_c_gives_a_new_prompt(shell):
    shell.send("half a line\x03")
    assert "^C" in shell.expect_prompt()
    assert "(ns = " in shell.command("call timer.now ()")


def test_typed_ahead_lines_are_not_lost(shell):
    shell.send("call timer.now ()\rcaps\r")
    assert "(ns = " in shell.expect_prompt()
    assert "interface" in shell.expect_prompt()


def test_a_long_line_that_arrives_at_once_is_taken_whole(shell):
    """Its echo comes while the line still takes earlier echo: once, that ended the terminal."""
    for _ in range(20):
        shell.send("call timer.now (" + " " * 600 + ")\r")
        assert "(ns = " in shell.expect_prompt()


def test_the_log_and_the_terminal_are_separate(shell):
    shell.command("caps")
    assert "TerminalSession" not in shell.console()
    assert "capos: paging:" not in shell.terminal_text()


def test_control_d_on_an_empty_line_leaves(shell):
    shell.send("\x04")
    assert shell.wait_exit() == 0
