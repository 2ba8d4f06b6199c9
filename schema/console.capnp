@0xe3181f5dd1c9097f;
# The kernel's log, for services that have no terminal.

interface Console @0xb597bbbbca64700f {
  # Output only. Lines appear in the kernel log on the first serial port.
  write @0 (data :Data) -> ();
  # Writes the bytes. At most 4 KiB.
  writeLine @1 (text :Text) -> ();
  # Writes the text and a line end. At most 4 KiB. Control characters are shown escaped.
}
