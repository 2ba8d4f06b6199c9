@0xa2f85b0f6d31c94b;
# Memory that two processes share to pass records or buffers, without a call for each.

using import "memory.capnp".MemoryObject;
using import "notification.capnp".Notification;
using import "notification.capnp".Signaller;

enum BufferRole @0xd8c4e0937f15a62e {
  # What the one who receives a SharedBuffer does with it.
  consumer @0;
  # Takes records out of the ring, in their order.
  producer @1;
  # Puts records into the ring.
  poolPeer @2;
  # Takes buffers of the pool, and gives them back. All are the maker's at first.
}

struct SharedBuffer @0xe3917b2d40f6c85a {
  # One end of a shared buffer, for the process that receives it. It is good for one process and once.
  role @0 :BufferRole;
  recordBytes @1 :UInt32;
  # Of a record, or of a buffer of the pool: 1 to 65536.
  count @2 :UInt32;
  # How many of them there are: a power of two.
  signalBits @3 :UInt64;
  # What wakes the maker, by `signaller`. The receiver's own notification gets bit 0 when the ring moved,
  # and bit 1 when the maker is gone.
  memory @4 :MemoryObject;
  notification @5 :Notification;
  signaller @6 :Signaller;
}
