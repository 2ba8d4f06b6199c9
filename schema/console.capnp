@0xe3181f5dd1c9097f;
# The kernel's log, for services that have no terminal.

interface Console @0xb597bbbbca64700f {
  # Output only. Lines appear in the kernel log on the first serial port. A process may write 64 KiB a
  # second, and 256 KiB at once; what is more is refused, and the log says how much that was.
  write @0 (data :Data) -> ();
  # Writes the bytes. At most 4 KiB.
  writeLine @1 (text :Text) -> ();
  # Writes the text and a line end. At most 4 KiB. Control characters are shown escaped.
}
