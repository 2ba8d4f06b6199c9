@0xc9a236c44377f88b;
# Grants that can be taken back.

using A = import "annotations.capnp";

struct GrantInfo @0x9a6e82dce66b3774 {
  id @0 :UInt64;
  # Within its manager; never used twice.
  name @1 :Text;
  # In the CapSet of the process.
  interfaceId @2 :UInt64;
  live @3 :Bool;
  # Neither revoked nor made from a grant that was.
}

interface CapabilityManager @0x815f8fac0131e237 $A.transfer(move) {
  # What was granted to one process, and can be taken back from it: what ProcessBuilder.grant gave it since the manager
  # was made, and what `grant` gave it. Dropping the manager revokes nothing.
  list @0 (after :UInt64) -> (grants :List(GrantInfo));
  # The grants with higher ids than `after`, the lowest first; at most 16.
  revoke @1 (grant :UInt64) -> ();
  # Every hold that comes from the grant is dead at once, wherever it was handed on to; what was granted on from them
  # follows. Answers when nothing is left that was begun by them: calls that waited or were delivered have ended
  # (`revoked`, an exception of type disconnected), as have waits and timers; mappings are gone. Revoking once more
  # changes nothing.
  grant @2 (name :Text, cap :Capability) -> (grant :UInt64);
  # One more capability for the process while it runs: another entry of its CapSet, in a slot that its own quota pays
  # for. Once it has ended: disconnected.
}
