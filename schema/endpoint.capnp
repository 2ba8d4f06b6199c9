@0xb4eab259f2b7bf3e;
# Serving calls.

using A = import "annotations.capnp";

interface Endpoint @0xdae84012be4dd4f9 $A.transfer(move) {
  # The serving side: its holder receives calls (CAP_OP_RECV) and answers them (CAP_OP_RETURN).
  client @0 (interfaceId :UInt64) -> (client :Capability);
  # A facet that can only call, and that shows the given interface. An endpoint may show at most
  # 4 different interfaces. MemoryObject and VirtualMemory are the kernel's alone: what they answer is
  # where a process finds its memory.
  revokeClients @1 () -> ();
  # Every facet that was given out is dead at once; new ones can be made. Answers when the calls that were made by them
  # have ended for their callers (`revoked`). The owner's side stays: only its holder can do this.
}

interface EndpointFactory @0xba4121be6c14f3c1 {
  # Makes endpoints, charged to the caller.
  create @0 () -> (endpoint :Endpoint);
}
