@0x9d3b5a0c77e2f641;
# Whether capabilities work, told by somebody else: for tests.

using import "boot.capnp".BootPackage;
using import "echo.capnp".Echo;

enum Answer @0xf2a84d1b96c3057e {
  # How a call ended.
  absent @0;
  # There is nothing to call.
  works @1;
  disconnected @2;
  # An exception of that type.
  failed @3;
  # Anything else.
}

interface Witness @0xb7409e6d25f81ac3 {
  # Calls what it holds, and tells.
  look @0 () -> (package :Answer, echo :Answer, later :Answer);
  # The boot package and the echo that it was granted or given, and a boot package that was granted since as `later`.
  give @1 (package :BootPackage, echo :Echo) -> ();
  # To be used instead of its own.
  pass @2 (to :Witness) -> ();
  # Gives copies of its own to another one.
}
