@0xc7f03b9e5d81a246;
# Where in its source each instruction of a program stands: made from its debugging information.

struct SymbolFile @0x8a1cd94e27b6f035 {
  files @0 :List(Text);
  rowAddresses @1 :List(UInt32);
  # Rows in the order of their addresses: from each on, up to the next.
  rowLines @2 :List(UInt32);
  # 0: no source.
  rowFiles @3 :List(UInt16);
  functionAddresses @4 :List(UInt32);
  # Functions, in the same order.
  functionNames @5 :List(Text);
}
