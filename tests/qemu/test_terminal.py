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


HIDDEN_READ = 'call terminal.readLine (request = (prompt = "secret: ", echo = hidden))\r'


def test_a_hidden_line_is_read_and_never_shown(shell):
    shell.send(HIDDEN_READ)
    shell.expect("secret: ")
    shell.send("hunter2\x7f3\r")
    shown, answer = shell.expect_prompt().split("(status", 1)
    assert "hunter" not in shown and "*" not in shown
    assert 'line = "hunter3"' in answer
    # It is no part of the history.
    shell.send("\x1b[A\x1b[A\x03")
    assert "hunter" not in shell.expect_prompt()


def test_a_hidden_line_that_is_cancelled_is_gone(shell):
    shell.send(HIDDEN_READ)
    shell.expect("secret: ")
    shell.send("hunter2\x03")
    answer = shell.expect_prompt()
    assert "status = cancelled" in answer
    assert "hunter" not in answer
    shell.send("\r")
    assert "hunter" not in shell.expect_prompt()
    assert "hunter" not in shell.terminal_text()


def test_the_log_and_the_terminal_are_separate(shell):
    shell.command("caps")
    assert "TerminalSession" not in shell.console()
    assert "capos: paging:" not in shell.terminal_text()


def test_control_d_on_an_empty_line_leaves(shell):
    shell.send("\x04")
    assert shell.wait_exit() == 0
