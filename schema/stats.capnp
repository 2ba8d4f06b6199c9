@0xe234859ebca1088d;
# Numbers about the kernel, read only.

struct Usage @0xe6916270b7380845 {
  # One resource of one ledger.
  name @0 :Text;
  used @1 :UInt64;
  limit @2 :UInt64;
}

struct LedgerStats @0x8315e5d0f65641f7 {
  pid @0 :UInt32;
  # 0 is boot.
  name @1 :Text;
  usage @2 :List(Usage);
  logRefusedBytes @3 :UInt64;
  # Bytes that the process wanted to write to the log faster than it may.
}

struct PoolStats @0xc5ec6233ebd6ead9 {
  name @0 :Text;
  objects @1 :UInt64;
  pages @2 :UInt64;
}

interface KernelStats @0xd6fbd2ca3b2660ae {
  frames @0 () -> (total :UInt64, free :UInt64, reserved :UInt64);
  # Pages of 4096 bytes.
  pools @1 (first :UInt32) -> (pools :List(PoolStats));
  # Pools from the one of that number on, as many as fit. Empty at the end.
  ledgers @2 (afterPid :Int64) -> (ledgers :List(LedgerStats));
  # Ledgers with a larger pid, in order, as many as fit; begin with -1. Empty at the end.
}
