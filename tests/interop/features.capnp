@0xe1c2b3a495867788;
# Every feature of the encoding that a value can have, for the differential test.

enum Color @0x9a1b2c3d4e5f6071 {
  red @0;
  green @1;
  darkBlue @2;
}

struct Leaf @0x8a1b2c3d4e5f6072 {
  number @0 :UInt32;
  text @1 :Text;
}

struct Everything @0xba1b2c3d4e5f6073 {
  nothing @0 :Void;
  flag @1 :Bool;
  tiny @2 :Int8;
  small @3 :Int16;
  medium @4 :Int32;
  large @5 :Int64;
  unsignedTiny @6 :UInt8;
  unsignedSmall @7 :UInt16;
  unsignedMedium @8 :UInt32;
  unsignedLarge @9 :UInt64;
  single @10 :Float32;
  double @11 :Float64;
  text @12 :Text;
  data @13 :Data;
  color @14 :Color;
  leaf @15 :Leaf;
  child @16 :Everything;
  flagDefault @17 :Bool = true;
  numberDefault @18 :Int32 = -123456;
  largeDefault @19 :UInt64 = 0xfedcba9876543210;
  colorDefault @20 :Color = darkBlue;
  textDefault @21 :Text = "as before";
  dataDefault @22 :Data = 0x"00 01 fe ff";
  leafDefault @23 :Leaf = (number = 7, text = "seven");
  numbersDefault @24 :List(UInt16) = [1, 2, 65535];
  voids @25 :List(Void);
  flags @26 :List(Bool);
  tinies @27 :List(Int8);
  smalls @28 :List(Int16);
  mediums @29 :List(Int32);
  larges @30 :List(Int64);
  singles @31 :List(Float32);
  doubles @32 :List(Float64);
  texts @33 :List(Text);
  datas @34 :List(Data);
  colors @35 :List(Color);
  leaves @36 :List(Leaf);
  children @37 :List(Everything);
  matrix @38 :List(List(Int32));
  cube @39 :List(List(List(Text)));
  group :group {
    inner @40 :UInt32;
    innerText @41 :Text;
  }
  union {
    one @42 :UInt16;
    two @43 :Text;
    three @44 :Void;
    four :group {
      a @45 :UInt8;
      b @46 :List(Leaf);
    }
  }
  named :union {
    left @47 :Int64;
    right @48 :Leaf;
    middle @59 :Float64 = 2.5;
  }
  afterAll @49 :Bool;
  tinyDefault @50 :Int8 = -5;
  smallDefault @51 :Int16 = -12345;
  unsignedDefault @52 :UInt16 = 65535;
  singleDefault @53 :Float32 = -3.25;
  doubleDefault @54 :Float64 = 0.1;
  infiniteDefault @55 :Float64 = -inf;
  nanDefault @56 :Float32 = nan;
  doublesDefault @57 :List(Float64) = [0.1, -1e300, inf, 5e-324];
  leavesDefault @58 :List(Leaf) = [(number = 1), (text = "two")];
}
