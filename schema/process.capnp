@0x9bed5dc6f6862510;
# Making, starting and awaiting processes.

using A = import "annotations.capnp";
using import "capability_manager.capnp".CapabilityManager;
using import "ledger.capnp".Ledger;
using import "memory.capnp".MemoryObject;
using import "memory.capnp".Protection;
using import "tap.capnp".RingTap;

struct ResourceLimits @0x9ce4c4a6aa98779c {
  # What a process may use. A limit of zero means the default in its comment.
  capSlots @0 :UInt32;
  # Slots of the capability table; 256.
  framePages @1 :UInt32;
  # Pages of memory, page tables included; 4096.
  virtualPages @2 :UInt32;
  # Pages of reserved addresses; 262144.
  kernelBytes @3 :UInt32;
  # Bytes of kernel objects; 262144.
  endpointCalls @4 :UInt32;
  # Calls waiting at the endpoints of this process; 128.
  outstandingCalls @5 :UInt32;
  # Calls delivered to this process that it has not answered; 64.
}

enum ExitKind @0x95079dcde825fcec {
  exited @0;
  # The process called exit.
  killed @1;
  # Someone with the authority ended it.
  faulted @2;
  # The processor refused an instruction of it.
}

struct ExitStatus @0x9ddaba0331b00165 {
  kind @0 :ExitKind;
  code @1 :Int64;
  # The exit code, or the processor's exception number.
  faultAddress @2 :UInt64;
  # The address that the instruction touched, where there is one.
  faultInstruction @3 :UInt64;
  # Where the instruction stands.
  faultError @4 :UInt32;
  # What the processor says of the exception besides.
  servingInterface @5 :UInt64;
  # The interface of the last call that the process had been given and had not answered; zero: none.
  servingMethod @6 :UInt16;
  # And its method.
}

interface ProcessHandle @0xc9b339a6895d094b $A.transfer(move) {
  # The life of one process. Dropping the handle does not end the process.
  wait @0 () -> (status :ExitStatus);
  # Answers when the process has ended and its last frame is back. One waiter at a time.
  status @1 () -> (running :Bool, pid :UInt32, name :Text, status :ExitStatus, ending :Bool);
  # Answers at once. One that is `ending` runs nothing any more, and is not over yet.
}

interface ProcessControl @0x9f51c6e0d82b47a3 {
  # The authority to end one process. Waiting for its end takes the handle.
  kill @0 () -> (wasRunning :Bool);
  # Ends the process, wherever it is. Who waits for it hears `killed`, who called it, disconnected.
  # It may be over already.
}

enum LocalSource @0xa62bdd8034fa1044 {
  # Capabilities that are made for one process, and belong to it alone.
  virtualMemory @0;
  endpoint @1;
  ledger @2;
  # What the process may use, for itself; parts of it (Ledger.divide) may be handed on.
}

interface ProcessFactory @0x8c69ee7d61f045f3 {
  # The authority to make processes. Services want ProcessSpawner or ProcessLauncher instead.
  create @0 (name :Text, limits :ResourceLimits) -> (builder :ProcessBuilder);
  # An empty process that has not started. At most 31 bytes of name.
  within @1 (ledger :Ledger) -> (factory :ProcessFactory);
  # A factory whose processes are charged to the ledger, too: they share its limit.
}

interface ProcessBuilder @0xc2dfab07a021f021 $A.transfer(none) {
  # A process that is being made. Dropping the builder undoes everything. After a step that failed, every other one
  # fails too: steps can be sent together, the start behind them.
  map @0 (memory :MemoryObject, offset :UInt64, size :UInt64, address :UInt64,
      protection :Protection) -> ();
  # Shares pages of the object with the new process.
  mapCopy @1 (memory :MemoryObject, offset :UInt64, copyBytes :UInt64, size :UInt64,
      address :UInt64, protection :Protection) -> ();
  # Gives the new process pages of its own: `copyBytes` bytes from the object, then zeros. Without bytes to
  # copy, no object is needed.
  grant @2 (name :Text, cap :Capability) -> (grant :UInt64);
  # Puts a capability into the new process's CapSet, in the order of the calls. With a manager it can be taken back:
  # `grant` is its id there. Without one it is as good as a copy, and the id is zero.
  grantLocal @3 (name :Text, source :LocalSource, interfaceId :UInt64)
      -> (client :Capability);
  # Grants a capability that is made for the new process. For an endpoint the answer is a client
  # facet that shows `interfaceId`; else there is none.
  start @4 (entry :UInt64, stackBytes :UInt64, tlsBytes :UInt64)
      -> (process :ProcessHandle, control :ProcessControl);
  # Starts the first thread. The builder is empty afterwards. Who takes one capability only gets the
  # handle.
  manage @5 () -> (manager :CapabilityManager);
  # The manager of the grants that follow; there is one.
  tap @6 (tap :RingTap) -> ();
  # The process starts with this tap, which sees its first call. The tap is looked at, and stays with the caller.
}

struct CapGrant @0xd3b9a309bf984980 {
  # One entry of a new process's CapSet.
  name @0 :Text;
  # At most 31 bytes.
  union {
    cap @1 :Capability;
    # One of the caller's own.
    local @2 :LocalSource;
    # Made for the new process.
    tap @4 :RingTap;
    # No entry of the CapSet: the process starts with this tap (ProcessBuilder.tap). The name is not looked at.
  }
  interfaceId @3 :UInt64;
  # For a local endpoint: the interface that its clients see.
}

interface ProcessSpawner @0xfa88d45818238e53 {
  # Starts the programs of the boot package with exact grants.
  spawn @0 (name :Text, binary :Text, grants :List(CapGrant), limits :ResourceLimits, managed :Bool)
      -> (process :ProcessHandle, control :ProcessControl, clients :List(Capability),
          manager :CapabilityManager);
  # `clients` are facets of the local endpoints that were granted, in the order of the grants.
  # `managed`: the other grants can be taken back by the manager, where they are numbered from 1 in their order.
  # At most 8 capabilities among the grants, and at most 32 grants.
  makeLauncher @1 (binaries :List(Text)) -> (launcher :ProcessLauncher);
  # A launcher for the named programs only.
}

interface ProcessLauncher @0xcc1f5f763cc7b11b {
  # Starts some programs, with capabilities of the caller's own.
  launch @0 (name :Text, binary :Text, grants :List(CapGrant), managed :Bool)
      -> (process :ProcessHandle, control :ProcessControl, clients :List(Capability),
          manager :CapabilityManager);
  binaries @1 () -> (names :List(Text));
  # The programs that this launcher starts.
}
