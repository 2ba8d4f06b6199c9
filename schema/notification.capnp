@0xd4b1f0a98c3e7725;
# Bits that wake: events without a message.

using A = import "annotations.capnp";

interface Notification @0xf1a7c25e0b9d4836 $A.transfer(move) {
  # 64 bits that stay set until somebody waits for them (CAP_OP_WAIT). Its holder waits; who may set
  # them has a Signaller.
  signaller @0 () -> (signaller :Signaller);
  # A capability that can set bits, and nothing else.
  poll @1 (mask :UInt64) -> (bits :UInt64);
  # Takes those of the bits that are set, without waiting: they are cleared.
  limitedSignaller @2 (mask :UInt64, dropped :UInt64) -> (signaller :Signaller);
  # A capability that can set bits of `mask` and no others. When nobody holds it any more, the bits of
  # `dropped` are set: so a waiter learns that its peer has ended. Charged to the caller.
}

interface Signaller @0xc86e94d3a21f5b07 {
  # Sets bits of one Notification (CAP_OP_SIGNAL).
  signal @0 (mask :UInt64) -> ();
  # The same as a call. Once nobody can wait any more: disconnected. Bits that a limited signaller may
  # not set are an invalid argument, and none is set.
}

interface NotificationFactory @0xe5d82b7c64f01a93 {
  # Makes notifications, charged to the caller.
  create @0 () -> (notification :Notification);
}
