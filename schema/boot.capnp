@0xf8b6eb5dc9ec51ef;
# The boot package: the one module that the kernel is given.

using A = import "annotations.capnp";
using import "process.capnp".ResourceLimits;
using import "process.capnp".LocalSource;
using import "supervisor.capnp".RestartPolicy;
using import "supervisor.capnp".Watchdog;

const manifestSchemaVersion :UInt32 = 1;

interface BootPackage @0xbdbb42cc4b0bb901 {
  # The bytes that the machine was started with. Read only.
  manifestSize @0 () -> (size :UInt64);
  readManifest @1 (offset :UInt64, maxBytes :UInt32) -> (data :Data);
  # At most 15 KiB a call; fewer bytes at the end, none after it.
}

struct SystemManifest @0xcb076caa4772d8b2 {
  schemaVersion @0 :UInt32;
  binaries @1 :List(NamedBlob);
  initConfig @2 :InitConfig;
  kernelParams @3 :KernelParams;
  symbols @4 :List(NamedBlob);
  # SymbolFile messages of programs, by the programs' names.
}

struct NamedBlob @0xc4e359c061bf9de3 {
  name @0 :Text;
  data @1 :Data;
}

struct KernelParams @0xa88e56b222465101 {
  motd @0 :Text;
  # Shown by the shell.
  helpTopics @1 :List(HelpTopic);
  allowVulnerableCpu @2 :Bool;
  # Start on a processor with Meltdown or L1TF.
  logLevel @3 :KernelLogLevel = info;
}

enum KernelLogLevel @0xe2e4fc258c3843ce {
  error @0;
  warn @1;
  info @2;
  debug @3;
}

struct HelpTopic @0xa0cbff946140e853 {
  name @0 :Text;
  text @1 :Text;
}

struct InitConfig @0xfd4759c2181a258c {
  init @0 :InitEntry;
  services @1 :List(ServiceEntry);
  onExit @2 :ExitPolicy;
}

enum ExitPolicy @0xc9eced75ec5c7696 {
  # What init does with the machine in the end.
  haltWhenForegroundEnds @0;
  # Halt with the exit code of the first service marked `foreground`.
  haltWhenAllEnd @1;
  # Halt when every service has ended: zero if all exited with zero.
}

struct InitEntry @0xfbc3dc4ba1b7392c {
  binary @0 :Text;
  caps @1 :List(InitCap);
}

struct InitCap @0xe8fc08f3a5a9efdc {
  name @0 :Text;
  kernel @1 :KernelSource;
}

struct KernelSource @0xad8b1d699848e32c {
  union {
    unspecified @0 :Void;
    # Refused: a source is never guessed.
    console @1 :Void;
    bootPackage @2 :Void;
    frameAllocator @3 :Void;
    virtualMemory @4 :Void;
    timer @5 :Void;
    endpointFactory @6 :Void;
    processFactory @7 :Void;
    kernelStats @8 :Void;
    ioPorts :group {
      base @9 :UInt16;
      count @10 :UInt16;
    }
    interrupt :group {
      line @11 :UInt8;
    }
    machineControl @12 :Void;
    notificationFactory @13 :Void;
    ledger @14 :Void;
    # The one at the root: what the machine has.
    tapFactory @15 :Void;
    payloadTapFactory @16 :Void;
    nullCap @17 :Void;
  }
}

struct ServiceEntry @0xebeaf04fecd22c13 {
  name @0 :Text;
  binary @1 :Text;
  caps @2 :List(ServiceCap);
  exports @3 :List(ServiceExport);
  foreground @4 :Bool;
  limits @5 :ResourceLimits;
  launchable @6 :List(Text);
  # Programs that a `launcher` cap of this service may start.
  restart @7 :RestartPolicy;
  watchdog @8 :Watchdog;
}

struct ServiceCap @0xaf2f0a3a99270e15 {
  name @0 :Text;
  expectedInterfaceId @1 :UInt64;
  # Zero, or what the source must show.
  source :union {
    unspecified @2 :Void;
    kernel @3 :KernelSource;
    # From init's own caps, of the same kind.
    service :group {
      service @4 :Text;
      export @5 :Text;
    }
    local @6 :LocalSource;
    # Made for this service.
    spawner @7 :Void;
    # The process spawner.
    launcher @8 :Void;
    # A launcher for the programs in `launchable`.
    supplier :group {
      # A Supplier of what `service` exports.
      service @9 :Text;
      export @10 :Text;
    }
    supervisor @11 :Void;
    # The Supervisor of these services.
  }
}

struct ServiceExport @0x818f7d382e6d4dc0 {
  # A client facet of one of the service's own local endpoints.
  name @0 :Text;
  cap @1 :Text;
  # The name of the local endpoint among the service's caps.
  interfaceId @2 :UInt64;
}

interface MachineControl @0x8352459f2de9d56e $A.transfer(move) {
  # The authority to stop the machine.
  halt @0 (code :UInt8) -> ();
  # Stops the machine; where the machine can report it, with this exit status.
}
