@0x88c54fec1a12cfef;
# Memory as capabilities.

using A = import "annotations.capnp";

enum Protection @0xe60ff8bd50b527c4 {
  # What a mapping allows. Nothing may be writable and executable.
  none @0;
  read @1;
  readWrite @2;
  readExecute @3;
}

interface VirtualMemory @0xe9cb5c5de4103828 $A.transfer(none) {
  # The anonymous memory of the process that holds it. Addresses and sizes are multiples of 4096.
  map @0 (hint :UInt64, size :UInt64, protection :Protection) -> (address :UInt64);
  # Reserves and commits zeroed pages, at `hint` if it is not zero, else where there is room.
  unmap @1 (address :UInt64, size :UInt64) -> ();
  # Gives back a range that map, reserve or commit made.
  protect @2 (address :UInt64, size :UInt64, protection :Protection) -> ();
  # Changes what committed pages allow. Pages with protection none keep their contents.
  reserve @3 (hint :UInt64, size :UInt64) -> (address :UInt64);
  # Takes addresses only: charges the virtual quota, no frames.
  commit @4 (address :UInt64, size :UInt64, protection :Protection) -> ();
  # Puts zeroed pages under a reserved range; charges frames.
  decommit @5 (address :UInt64, size :UInt64) -> ();
  # Takes the pages away again and keeps the addresses.
}

interface FrameAllocator @0x9f75a39f6313fa69 {
  # Makes memory that can be shared. Never tells a physical address.
  allocFrame @0 () -> (memory :MemoryObject);
  # One zeroed page.
  allocContiguous @1 (count :UInt32) -> (memory :MemoryObject);
  # `count` zeroed pages that lie next to each other. At most 1024.
  alloc @2 (count :UInt32) -> (memory :MemoryObject);
  # `count` zeroed pages from anywhere. At most 4096.
}

interface MemoryObject @0xad437e88973685cf {
  # Pages that can be mapped by every process that holds them. The frames live until the last
  # hold and the last mapping are gone; each mapping is charged to the process that made it.
  info @0 () -> (size :UInt64, mappings :UInt32);
  map @1 (offset :UInt64, size :UInt64, hint :UInt64, protection :Protection)
      -> (address :UInt64);
  # Maps a range of the object into the calling process.
  unmap @2 (address :UInt64, size :UInt64) -> ();
  # Only a range that maps this object.
  protect @3 (address :UInt64, size :UInt64, protection :Protection) -> ();
  # Only a range that maps this object.
}
