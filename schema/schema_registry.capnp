@0xc1e4f72d09b8a365;
# The schema at run time: what programs that were built without it can know of the interfaces that they meet.

using import "annotations.capnp".TransferMode;

enum TypeKind @0xa8d03b5e71f9c264 {
  void @0;
  bool @1;
  int8 @2;
  int16 @3;
  int32 @4;
  int64 @5;
  uint8 @6;
  uint16 @7;
  uint32 @8;
  uint64 @9;
  float32 @10;
  float64 @11;
  text @12;
  data @13;
  list @14;        # never: see TypeInfo.listDepth
  enum @15;
  struct @16;
  interface @17;
  anyPointer @18;
  capability @19;  # of any interface
}

struct TypeInfo @0xd6b1f0497c2ae358 {
  kind @0 :TypeKind;       # of a list: of what is in it
  listDepth @1 :UInt8;     # 0: no list; 2: a list of lists
  id @2 :UInt64;           # of a struct or an interface
  name @3 :Text;           # of a struct, an interface or an enum
  enumerants @4 :List(Text);  # of an enum, by number
}

struct FieldInfo @0xf3527c8e1ad9b046 {
  name @0 :Text;
  comment @1 :Text;
  type @2 :TypeInfo;
  offset @3 :UInt32;
  # In units of the type's size from the start of the data; of a pointer, its number.
  discriminant @4 :UInt16 = 65535;
  # The value of the struct's discriminant with which the field is there; 65535: always.
  capOrdinal @5 :UInt8 = 255;
  # Which capability of its message a capability field of a method is; 255: none with a number.
  isGroup @6 :Bool;        # the fields of the type stand in this struct
  hasDefault @7 :Bool;
  defaultBits @8 :UInt64;  # of a scalar: what its bits are combined with, by exclusive or
}

struct StructInfo @0x8f1bd3a65e07c942 {
  name @0 :Text;
  id @1 :UInt64;
  dataWords @2 :UInt16;
  pointerCount @3 :UInt16;
  discriminantCount @4 :UInt16;   # 0: there is no union in it
  discriminantOffset @5 :UInt32;  # in units of 16 bits
  fields @6 :List(FieldInfo);
}

struct MethodInfo @0xe9a4526fb18d307c {
  name @0 :Text;           # its number is its place in the list
  comment @1 :Text;
  params @2 :UInt64;       # the ids of two structs
  results @3 :UInt64;
}

struct InterfaceInfo @0xb25e09fd83c6a714 {
  id @0 :UInt64;
  name @1 :Text;
  comment @2 :Text;
  transfer @3 :TransferMode;
  methods @4 :List(MethodInfo);
}

struct InterfaceName @0xcd7860e2b9514af3 {
  id @0 :UInt64;
  name @1 :Text;
}

interface SchemaRegistry @0x9c46a1d7ef50b382 {
  # Tells what the schema says of an interface, a method or a struct. No answer has more than 4 KiB.

  interfaces @0 (first :UInt32) -> (interfaces :List(InterfaceName), total :UInt32);
  # The interfaces from the number `first` on, 16 at most.
  byId @1 (id :UInt64) -> (interface :InterfaceInfo);
  # The interface that a capability shows by its id: what `inspect` prints, for programs.
  byName @2 (name :Text) -> (interface :InterfaceInfo);
  structure @3 (id :UInt64) -> (structure :StructInfo);
  # The struct that a method or a type names by its id.
}
