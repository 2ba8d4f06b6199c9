@0x938ae3ce3a603b7c;
# A demonstration of pipes.

using import "shared_buffer.capnp".SharedBuffer;

interface ByteFilter @0xaa6bec083a3dbcaa {
  filter @0 (input :SharedBuffer, output :SharedBuffer, limit :UInt64) -> (bytes :UInt64);
  # Reads `input` to its end, or `limit` bytes of it if that is not 0, and writes each byte to `output`,
  # letters in upper case. Closes both, and answers with how many there were.
}
