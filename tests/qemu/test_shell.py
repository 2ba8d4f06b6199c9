# SPDX-License-Identifier: Apache-2.0
"""What a person does at the shell: look at capabilities, call them, start programs, leave."""

import re

import pytest


@pytest.fixture
def shell(boot):
    machine = boot("shell")
    machine.banner = machine.expect_prompt()
    return machine


def test_the_banner_is_the_message_of_the_day(shell):
    assert "capOS" in shell.banner


def test_caps_lists_what_the_shell_holds(shell):
    answer = shell.command("caps")
    assert re.search(r"name +interface +from", answer)
    for name, interface in [("terminal", "TerminalSession"), ("timer", "Timer"),
                            ("launcher", "ProcessLauncher"), ("stats", "KernelStats")]:
        assert re.search(rf"{name} +{interface} ", answer), answer
    assert "ProcessSpawner" not in answer
    assert "BootPackage" not in answer


def state_of(shell, service):
    states = shell.command("call supervisor.services ()").replace("\n", "")
    return re.search(rf'\(name = "{service}", status = (\w+), restarts = (\d+)\)', states).groups()


def test_services_are_looked_at_and_started_anew(shell):
    assert state_of(shell, "echo-server") == ("running", "0")
    assert shell.command('call echo.ping (data = 0x"0102")').strip().endswith('(data = 0x"0102")')
    shell.command('call supervisor.restart (service = "echo-server")')
    assert state_of(shell, "echo-server") == ("running", "1")
    assert "disconnected" in shell.command('call echo.ping (data = 0x"0102")')
    assert 'service = "echo-server"' in shell.command("call supervisor.crashes ()").replace("\n", "")
    assert "Nothing with that name" in shell.command('call supervisor.stop (service = "nothing")')


def test_a_shell_that_is_started_anew_has_the_launcher_that_it_had(shell):
    for count in range(1, 18):
        shell.command('call supervisor.restart (service = "shell")')
        assert state_of(shell, "shell") == ("running", str(count))
    assert "hello" in shell.command("call launcher.binaries ()")
    assert shell.command('run "hello" with { console: @console }').strip() != ""


def test_a_program_is_traced(shell):
    answer = shell.command('trace "echo-client" with { echo: @echo, console: @console }')
    calls = re.findall(r"^t=\d+\.\d{3}ms pid \d+ echo-client (->|<-) ([\w.]+)", answer, re.MULTILINE)
    assert calls == [("->", "Echo.ping"), ("<-", "Echo.ping"), ("->", "Console.writeLine"), ("<-", "Console.writeLine")]
    assert re.search(r'<- Echo.ping in \S+: ok \(data = 0x"', answer), answer
    assert "no room" not in answer
    # The tap and its memory are given back.
    used = re.search(r"frames: (\d+) used", shell.command("stats")).group(1)
    for _ in range(10):
        shell.command('trace "echo-client" with { echo: @echo, console: @console }')
    assert re.search(r"frames: (\d+) used", shell.command("stats")).group(1) == used


def test_inspect_shows_methods_with_their_types(shell):
    answer = shell.command("inspect timer")
    assert "now ()" in answer and "(ns :UInt64)" in answer
    assert "sleepUntil (deadlineNs :UInt64)" in answer


def test_a_typed_call_answers_with_typed_results(shell):
    first = int(re.search(r"\(ns = (\d+)\)", shell.command("call timer.now ()")).group(1))
    second = int(re.search(r"\(ns = (\d+)\)", shell.command("call timer.now ()")).group(1))
    assert 0 < first < second


@pytest.mark.parametrize("line, position, words", [
    ('call timer.sleepUntil (deadlineNs = "soon")', 36, "UInt64"),
    ("call timer.sleepUntil (deadline = 1)", 23, "deadline"),
    ("call timer.sleepUntil (deadlineNs = 1", 37, "expected"),
    ("call timer.later ()", 11, "no method"),
    ('call nothing.ping (data = 0x"00")', 5, "no such capability"),
    ('call echo.ping (data = 0x"0")', 26, "hexadecimal"),
    ("call echo.swap (cap = @nothing)", 23, "no such capability"),
    ("call timer", 10, "expected"),
    ("bogus", 0, "help"),
    ("inspect nothing", 8, "no such capability"),
    ("release nothing", 8, "no such capability"),
    ("run \"no-such-program\"", 4, "no-such-program"),
    ("trace \"no-such-program\"", 6, "no-such-program"),
])
def test_a_mistake_shows_where_it_is_and_what_was_expected(shell, line, position, words):
    lines = [text for text in shell.command(line).split("\n") if text.strip()]
    marked = next(text for text in lines if "^" in text)
    assert marked.index("^") == position + len("capos> "), lines
    assert any(words in text for text in lines), lines
    assert "ns" in shell.command("call timer.now ()")


def test_what_is_handed_over_to_be_dropped_stays_with_who_lent_it(shell):
    assert '(data = 0x"0102")' in shell.command('call echo.drop (data = 0x"0102", cap = @timer)')
    assert "ns" in shell.command("call timer.now ()")


def test_a_program_runs_with_exact_grants(shell):
    answer = shell.command('run "echo-client" with { echo: @echo, console: @console }')
    assert "echo-client: 64 bytes there and back" in answer, answer


def test_a_program_without_its_grant_says_so_and_the_shell_goes_on(shell):
    answer = shell.command('run "echo-client" with { console: @console }')
    assert "exited" in answer, answer
    assert "ns" in shell.command("call timer.now ()")


def test_what_was_spawned_can_be_killed(shell):
    answer = shell.command('spawn "echo-server" with { echo: new endpoint Echo } -> $server')
    assert "started; its handle is server" in answer
    assert "its echo is called by echo2" in answer
    assert '(data = 0x"0102")' in shell.command('call echo2.ping (data = 0x"0102")')
    assert re.search(r"server-control +ProcessControl +launcher", shell.command("caps"))
    assert "(wasRunning" not in shell.command("kill server")
    assert "disconnected" in shell.command('call echo2.ping (data = 0x"0102")')
    assert "server: killed" in shell.command("wait server")
    assert "it was over already" in shell.command("kill server")
    assert "(wasRunning = false)" in shell.command("call server-control.kill ()")
    shell.command("release server-control")
    assert "a ProcessControl, or a handle beside its control" in shell.command("kill server")


def test_spawn_wait_and_release(shell):
    shell.command('spawn "hello" -> $child')
    assert "ProcessHandle" in shell.command("caps")
    assert "child: exited 1" in shell.command("wait child")
    shell.command("release child")
    assert "ProcessHandle" not in shell.command("caps")


def test_releasing_makes_a_name_unknown(shell):
    shell.command("release echo")
    assert "no such capability" in shell.command('call echo.ping (data = 0x"00")')


def test_a_result_capability_gets_a_name(shell):
    shell.command("call frames.allocFrame ()")
    assert "MemoryObject" in shell.command("caps")
    assert "(size = 4096" in shell.command("call memory.info ()")


def test_an_exception_is_shown_readably(shell):
    answer = shell.command("call frames.allocContiguous (count = 0)")
    assert "failed" in answer, answer


def test_stats_shows_used_and_limit(shell):
    answer = shell.command("stats")
    assert "frames" in answer and "capSlots" in answer


def test_tab_completes_commands_names_methods_and_fields(shell):
    shell.send("ins\t")
    shell.expect("inspect ")
    shell.send("tim\t")
    shell.expect("timer")
    shell.send("\r")
    shell.expect_prompt()
    shell.send("call timer.sl\t")
    shell.expect("sleepUntil")
    shell.send("(dead\t")
    shell.expect("deadlineNs")
    shell.send(" = 0)\r")
    shell.expect_prompt()


def test_exit_gives_its_code_to_the_machine(shell):
    shell.send("exit 7\r")
    assert shell.wait_exit() == 7


def test_the_schema_is_asked_by_interface_id_and_by_name(shell):
    assert "(registry = @registry)" in shell.command("call info.schema ()")
    by_id = shell.command("call registry.byId (id = 0xe255dc8270724970)")
    assert 'name = "Timer"' in by_id and "transfer = copy" in by_id
    params = re.search(r'name = "sleepUntil".*?params = (\d+)', by_id, re.DOTALL).group(1)
    structure = shell.command(f"call registry.structure (id = {params})")
    assert 'name = "deadlineNs"' in structure and "kind = uint64" in structure
    assert "Nothing with that name or number exists." in shell.command("call registry.byId (id = 1)")
    listed = shell.command("call registry.interfaces (first = 0)")
    total = int(re.search(r"total = (\d+)", listed).group(1))
    names = [name for first in range(0, total, 16)
             for name in re.findall(r'name = "(\w+)"', shell.command(f"call registry.interfaces (first = {first})"))]
    assert len(names) == len(set(names)) == total and "SchemaRegistry" in names
    # The one with the most to say comes whole.
    assert shell.command('call registry.byName (name = "ProcessBuilder")').count("params = ") == 7
