# SPDX-License-Identifier: Apache-2.0
"""Programs under a tap: what a viewer sees of their calls, with and without the authority for payloads."""

import re

RECORD = re.compile(r"^t=\d+\.\d{3}ms pid \d+ [a-z-]+ (->|<-) (.*) \[(\d+)\]$", re.MULTILINE)
SUMMARY = re.compile(
    r"^tap-viewer: [a-z-]+ exited (-?\d+): (\d+) records shown, (\d+) dropped; the kernel counted (\d+) and (\d+)$",
    re.MULTILINE)


def view(machine):
    """The records of a run, as (direction, text, number), and the numbers of its summary."""
    code = machine.wait_exit()
    log = re.sub(r"^(capos: )?(console: )?", "", machine.console(), flags=re.MULTILINE)
    assert code == 0, log
    assert "panic" not in log
    summary = SUMMARY.search(log)
    assert summary, log
    return RECORD.findall(log), [int(number) for number in summary.groups()]


def test_failing_calls_are_seen_with_their_decoded_exceptions(boot):
    records, summary = view(boot("ringtap-failing-call"))
    text = [f"{direction} {re.sub(r' in [0-9]+[num]s', '', line)}" for direction, line, _ in records]
    assert text[0] == '-> Echo.ping (data = 0x"cafe")'
    assert text[1] == '<- Echo.ping: ok (data = 0x"cafe")'
    many = "cafe" + 298 * "00"
    assert text[2:4] == [f'-> Echo.ping (data = 0x"{many}")', f'<- Echo.ping: ok (data = 0x"{many}")']
    assert text[4].startswith('-> Echo.ping the first 512 of 4224 bytes: 0x"')
    assert text[5] == "<- Echo.ping: exception failed: data is larger than 4 KiB"
    assert text[7] == "<- Console.method9: exception unimplemented: The interface has no such method."
    assert text[8] == '-> Console.writeLine (text = "failing-call: done")'
    # A submission and its completion have the same number.
    assert [number for _, _, number in records] == ["1", "1", "2", "2", "3", "3", "4", "4", "5", "5"]
    assert summary == [7, 10, 0, 10, 0]


def test_without_the_authority_no_payload_is_seen(boot):
    machine = boot("ringtap-metadata")
    records, summary = view(machine)
    text = [f"{direction} {re.sub(r' in [0-9]+[num]s', '', line)}" for direction, line, _ in records]
    assert text == [
        "-> Echo.ping 32 bytes", "<- Echo.ping: ok 32 bytes",
        "-> Echo.ping 328 bytes", "<- Echo.ping: ok 328 bytes",
        "-> Echo.ping 4224 bytes", "<- Echo.ping: exception",
        "-> Console.method9 24 bytes", "<- Console.method9: exception",
        "-> Console.writeLine 48 bytes", "<- Console.writeLine: ok 16 bytes",
    ]
    assert "cafe" not in machine.console()
    assert summary == [7, 10, 0, 10, 0]


def test_records_without_room_are_counted_exactly(boot):
    records, (code, shown, dropped, written, counted) = view(boot("ringtap-dropped"))
    assert code == 0
    assert len(records) == shown == written
    assert dropped == counted > 0
    # 500 calls, each with a submission and a completion.
    assert shown + dropped == 1000
