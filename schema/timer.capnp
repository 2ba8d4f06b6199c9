@0x9fd3333c27f13039;
# Time.

using import "notification.capnp".Signaller;

interface Timer @0xe255dc8270724970 {
  # Monotonic time since the machine started.
  now @0 () -> (ns :UInt64);
  # Nanoseconds since the machine started.
  sleepUntil @1 (deadlineNs :UInt64) -> ();
  # Answers when the monotonic clock has reached the deadline; at once if it has already.
  alarm @2 (signaller :Signaller, mask :UInt64) -> (alarm :Alarm);
  # Makes an alarm, which is not set. Charged to the caller.
}

interface Alarm @0xb94e1f7a63d20c85 {
  # Sets bits of a notification at a time. When nobody holds it any more, it is not set any more.
  set @0 (deadlineNs :UInt64) -> ();
  # The bits are set when the monotonic clock has reached the deadline, at once if it has already. An
  # alarm has one time: a new one replaces it.
  cancel @1 () -> (wasSet :Bool);
  # False: there was no time that had not come.
}
