@0xe3a4f9066bd8215c;
# Services that fail: what is known of it, who starts them again, and how their clients find them then.

using A = import "annotations.capnp";
using import "process.capnp".ExitStatus;

enum RestartWhen @0xb0c95e2d187fa364 {
  never @0;
  onFailure @1;
  # When it ended by a fault, a kill, or an exit code other than zero.
  always @2;
}

struct RestartPolicy @0x8f4d2b71c63ae905 {
  # When a service that has ended is started again.
  when @0 :RestartWhen;
  maxRestarts @1 :UInt16 = 5;
  # So often within the window; then it is given up. At most 16.
  windowMs @2 :UInt32 = 60000;
  backoffMs @3 :UInt32 = 100;
  # Before the first restart within a window; twice as long before each further one.
  backoffMaxMs @4 :UInt32 = 5000;
}

struct Watchdog @0xd91b6f2380e5ac47 {
  # A service that does not answer is killed, and started again as its policy says.
  export @0 :Text;
  # One of the service's exports, whose interface is Watched. Empty: nobody watches.
  everyMs @1 :UInt32 = 1000;
  deadlineMs @2 :UInt32 = 1000;
}

interface Watched @0xf6208ac9d54b713e {
  alive @0 () -> ();
  # Answers.
}

interface Supplier @0xa5e731c04f9d2b86 {
  # Hands out one service, as it is now: for a client whose capability is disconnected.
  get @0 () -> (service :Capability);
  # While the service is being started again, answers when it is there. Disconnected once it has been
  # given up, or ended for good.
}

enum ServiceStatus @0xc84fa2e69d03b715 {
  running @0;
  restarting @1;
  ended @2;
  givenUp @3;
}

struct ServiceState @0x97b2e05d3fc6184a {
  name @0 :Text;
  status @1 :ServiceStatus;
  restarts @2 :UInt32;
  # In all.
}

struct CrashRecord @0xe15c8f3a06d7b294 {
  service @0 :Text;
  pid @1 :UInt32;
  atNs @2 :UInt64;
  # Monotonic time.
  exit @3 :ExitStatus;
  function @4 :Text;
  # Where the instruction stands, as far as the symbol file of the program says.
  file @5 :Text;
  line @6 :UInt32;
  serving @7 :Text;
  # `Interface.method` of the last call that it had not answered; empty: none.
  restarts @8 :UInt32;
  # Of the service, before this.
  status @9 :ServiceStatus;
  # What became of the service.
}

interface Supervisor @0xbd7064e9a1f8c352 {
  # The services of this system, as init knows them.
  services @0 () -> (services :List(ServiceState));
  crashes @1 () -> (records :List(CrashRecord));
  # Those that did not end as they should, the last 8, oldest first.
  stop @2 (service :Text) -> ();
  # Ends a service for good, whatever its policy.
  restart @3 (service :Text) -> ();
  # Ends a service if it runs, and starts it again, whatever its policy; what it was given up for is
  # forgotten.
}
