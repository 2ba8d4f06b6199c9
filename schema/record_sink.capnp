@0xb7d06a1c92e4f358;
# A demonstration of shared buffers: records are drained by one who is only told how many.

using import "shared_buffer.capnp".SharedBuffer;

interface RecordSink @0xc50e8f3b17a2d964 {
  attach @0 (buffer :SharedBuffer) -> ();
  # Takes the consumer's end of a ring of records. Each record is words of 64 bits: its sequence number,
  # then its contents.
  drain @1 (sequence :UInt64, count :UInt64) -> (sequence :UInt64, checksum :UInt64);
  # Reads so many records, which begin with this sequence number; the next one, and the sum of all words
  # read. A record that is not the next one fails the call.
}
