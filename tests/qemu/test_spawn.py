# SPDX-License-Identifier: Apache-2.0
"""Programs that check the kernel from inside: every claim must be made, and must hold."""

import pathlib
import re


def check_claims(machine):
    code = machine.wait_exit()
    log = machine.console()
    failed = re.findall(r"^.*FAILED:.*$", log, re.MULTILINE)
    assert not failed, "\n".join(failed)
    totals = re.findall(r"^(?:capos: )?(?:console: )?([a-z-]+): (\d+) claims hold, (\d+) failed$", log, re.MULTILINE)
    assert totals, log
    assert code == 0, log
    assert "panic" not in log
    return {name: int(held) for name, held, _ in totals}


def test_every_claim_of_the_spawn_suite_holds(boot):
    held = check_claims(boot("spawn"))
    for program, claims in {"ring-hostile": 51, "spawn-suite": 81}.items():
        assert held.get(program, 0) >= claims, held


def test_clients_pay_for_what_a_server_keeps(boot):
    assert check_claims(boot("donation")) == {"donation": 15}


def test_calls_go_on_what_other_calls_will_return(boot):
    assert check_claims(boot("pipeline")) == {"pipeline": 22}


def test_parent_and_child_see_the_same_pages(boot):
    assert check_claims(boot("memoryobject-shared")) == {"shared-memory": 15}


def test_a_gibibyte_goes_through_shared_memory_unchanged(boot):
    machine = boot("ipc-zerocopy")
    assert check_claims(machine) == {"zerocopy": 5}
    assert "262144 records, 1073741824 bytes" in machine.console()


def test_pipes_carry_every_byte_and_tell_their_end(boot):
    assert check_claims(boot("pipe")) == {"pipe": 37}


def test_services_that_fail_are_started_again(boot):
    machine = boot("supervision")
    assert check_claims(machine)["supervision"] >= 22
    log = machine.console()
    source = pathlib.Path(__file__).resolve().parents[2] / "tests/programs/crasher/main.c"
    line = next(number for number, text in enumerate(source.read_text().splitlines(), 1) if "NOWHERE = 1;" in text)
    assert re.search(r"^init: crasher \(pid \d+\): page fault at 0x10, instruction 0x4\w+ in write_nowhere "
                     rf"\(tests/programs/crasher/main.c:{line}\), serving Echo.ping$", log, re.MULTILINE), log
    assert "init: crasher does not answer: it is killed" in log
    assert "init: crasher ends again and again: given up" in log


def test_a_parent_takes_back_what_it_granted_from_its_child_and_from_an_observer(boot):
    assert check_claims(boot("revocable-read")) == {"revocable-read": 20}
