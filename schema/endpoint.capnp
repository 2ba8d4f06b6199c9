@0xb4eab259f2b7bf3e;
# Serving calls.

using A = import "annotations.capnp";

interface Endpoint @0xdae84012be4dd4f9 $A.transfer(move) {
  # The serving side: its holder receives calls (CAP_OP_RECV) and answers them (CAP_OP_RETURN).
  client @0 (interfaceId :UInt64) -> (client :Capability);
  # A facet that can only call, and that shows the given interface. An endpoint may show at most
  # 4 different interfaces. MemoryObject and VirtualMemory are the kernel's alone: what they answer is
  # where a process finds its memory.
}

interface EndpointFactory @0xba4121be6c14f3c1 {
  # Makes endpoints, charged to the caller.
  create @0 () -> (endpoint :Endpoint);
}
