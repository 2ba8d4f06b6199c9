@0xd5d766a95288a105;
# A path of capabilities, each the result of a call on the one before: for demonstrations, tests and measurements of
# promised calls.

interface Steps @0xb7cad12d23ecb4f5 {
  next @0 (digit :UInt64) -> (on :Steps);
  # Appends a decimal digit to the path, and returns where it goes on. Another number fails as overloaded.
  end @1 () -> (digits :UInt64);
  # The digits that came since the last end, in the order in which they came.
}
