@0x9fd3333c27f13039;
# Time.

interface Timer @0xe255dc8270724970 {
  # Monotonic time since the machine started.
  now @0 () -> (ns :UInt64);
  # Nanoseconds since the machine started.
  sleepUntil @1 (deadlineNs :UInt64) -> ();
  # Answers when the monotonic clock has reached the deadline; at once if it has already.
}
