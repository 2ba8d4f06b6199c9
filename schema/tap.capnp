@0xb21a6694a9910d01;
# Watching what a process asks for, and what it is answered.

using A = import "annotations.capnp";
using import "memory.capnp".MemoryObject;
using import "notification.capnp".Signaller;
using import "process.capnp".ProcessHandle;

interface RingTap @0xd81d94368b2607a4 {
  # Records of every submission and completion of one process, written into memory of its holder's (abi/tap.h). The
  # process never waits for its tap: a record that finds no room is dropped, and counted. Dropping the last capability
  # of a tap ends it.
  attach @0 (process :ProcessHandle) -> ();
  # Taps the process, from its next entry on. Its handle is looked at, and stays with the caller. A tap serves one
  # process, once; a process has one tap at a time (wrongState). To see the first call, tap the process while it is
  # built: ProcessBuilder.tap, or a `tap` among the grants of ProcessSpawner
  # and ProcessLauncher.
  status @1 () -> (attached :Bool, records :UInt64, dropped :UInt64, payloadMax :UInt32);
  # `attached`: the process runs and is tapped. Of the records, all that were written; the numbers are the kernel's
  # own, whatever stands in the shared memory.
  detach @2 () -> ();
  # Ends the tap for good. wrongState unless it is attached.
}

interface TapFactory @0xe4deeaeeea07a94d {
  # The authority to make taps that record which calls were made, but none of their bytes.
  create @0 (buffer :MemoryObject, signaller :Signaller, mask :UInt64) -> (tap :RingTap);
  # The tap is charged to the caller, its records stand in pages that `buffer` was paid with. With a signaller, bits of
  # `mask` are set when records have come; without one the mask is zero.
}

interface PayloadTapFactory @0xfdcdc56e83efeae4 {
  # The authority to make taps that copy the bytes of calls, too: parameters, results, exceptions.
  create @0 (buffer :MemoryObject, payloadMax :UInt32, signaller :Signaller, mask :UInt64)
      -> (tap :RingTap);
  # At most the first `payloadMax` bytes of each message: 8 to 4096, a multiple of 8.
}
