@0xa94d1f7e30c58b26;
# Who pays: limits that processes share, divide and lend.

using A = import "annotations.capnp";
using import "stats.capnp".Usage;

struct ResourceAmounts @0x8e6b20d95fc3a471 {
  # So much of each resource; what is left out is none.
  capSlots @0 :UInt64;
  # Slots of capability tables.
  framePages @1 :UInt64;
  # Pages of memory, page tables included.
  virtualPages @2 :UInt64;
  # Pages of reserved addresses.
  kernelBytes @3 :UInt64;
  # Bytes of kernel objects.
  endpointCalls @4 :UInt64;
  # Calls waiting at endpoints.
  outstandingCalls @5 :UInt64;
  # Calls delivered and not answered.
}

interface Ledger @0xd2705c1b8e94f36a {
  # A limit, and what is charged to it. What is charged to a ledger counts at every one above it, too.
  usage @0 () -> (usage :List(Usage));
  divide @1 (limits :ResourceAmounts) -> (ledger :Ledger);
  # A ledger below this one, with limits of its own: what is charged to it is charged here. Its record
  # costs this ledger some 300 kernelBytes. At most 8 ledgers deep.
  fund @2 (amounts :ResourceAmounts) -> (funding :Funding);
  # Called by who shall have more room: the caller's limits rise by the amounts, and this ledger is
  # charged with them and with some 200 kernelBytes. A server funds what it keeps for a client by a
  # ledger that the client gave it. Refused if this ledger's charges are the caller's anyway.
}

interface Funding @0xbf183e62a7d90c54 $A.transfer(none) {
  # Room that a ledger lends to the process that holds this. When it is dropped, what is not in use is
  # given back at once, the rest when another funding of the process ends, or the process itself.
  amounts @0 () -> (amounts :ResourceAmounts);
  reduce @1 (amounts :ResourceAmounts) -> ();
  # Gives back a part; refused, and nothing given back, if some of it is in use.
}
