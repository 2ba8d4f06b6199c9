@0xcb0c6f4a7e1d8395;
# A service that keeps things for its clients at their expense: for demonstrations and tests.

using import "ledger.capnp".Ledger;
using import "memory.capnp".MemoryObject;

interface PageStore @0xe8d1f5037a2bc964 {
  # Keeps pages for whoever pays for them.
  keep @0 (ledger :Ledger, pages :UInt32) -> (memory :MemoryObject);
  # So many zeroed pages, which the ledger pays for, with one page more, 2 capSlots and some 2 KiB of
  # kernelBytes. The store keeps them, too. At most 16 times.
  clear @1 () -> ();
  # Drops everything that is kept, and gives the room back to those who paid.
  balance @2 () -> (kept :UInt32, frames :Int64, slots :Int64, bytes :Int64);
  # How often pages are kept, and what the store uses beyond what its clients pay for.
}
