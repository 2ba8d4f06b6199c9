@0xecf8c160f1579488;
# Device authority for drivers.

using A = import "annotations.capnp";
using import "notification.capnp".Signaller;

interface IoPortRange @0xbf020e9283e89662 $A.transfer(move) {
  # A range of x86 I/O ports.
  info @0 () -> (base :UInt16, count :UInt16);
  enable @1 () -> ();
  # Lets the calling process use the ports with the processor's in and out instructions until it
  # releases this capability or hands it on.
}

interface Interrupt @0xbe95b8788ec2ed09 $A.transfer(move) {
  # One interrupt line. It is masked from the moment it fires until it is acknowledged.
  wait @0 () -> (count :UInt64);
  # Answers when the line has fired and nobody was told since. `count` is how often it fired so far. One
  # waiter at a time.
  acknowledge @1 () -> ();
  # Unmasks the line. The driver has quieted its device before.
  notify @2 (signaller :Signaller, mask :UInt64) -> ();
  # From now on, bits are set each time the line fires, at once if it has fired and nobody was told. A
  # null signaller and no bits end that. Whoever waits is answered as well.
}

interface SerialPort @0xae41a407b45fe5d1 {
  # A serial line as a stream of bytes, served by a driver.
  read @0 (maxBytes :UInt32) -> (data :Data, dropped :UInt64);
  # Answers when at least one byte is there. At most 1024. `dropped` counts the bytes that were lost
  # since the start because nobody read them.
  write @1 (data :Data) -> ();
  # Answers when all bytes are in the device. At most 4096.
  discardInput @2 () -> ();
  # Forgets what was received and not read.
}
