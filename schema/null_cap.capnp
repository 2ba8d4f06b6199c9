@0xdbddb4aebb9c0e2a;
# What a call of the kernel costs by itself.

interface NullCap @0x98b23e5c7d4effdd {
  # For measurements: the baseline that other calls are compared with.
  call @0 () -> ();
  # Does nothing.
}
