@0xc111fc186a7582c6;
# The smallest service there is: for demonstrations, tests and measurements.

interface Echo @0xc1af6d4fa0a2a1c1 {
  ping @0 (data :Data) -> (data :Data);
  # Returns the bytes unchanged. At most 4 KiB.
  swap @1 (cap :Capability) -> (cap :Capability);
  # Returns the capability that came along.
  drop @2 (data :Data, cap :Capability) -> (data :Data);
  # Returns the bytes unchanged, at most 4 KiB, and drops the capability that came along.
}
