@0xdd60265b05c8a8f2;
# A person's terminal.

using A = import "annotations.capnp";

enum Echo @0x88f7456d015f3988 {
  visible @0;
  hidden @1;
  # Nothing of what is typed appears, is remembered or is kept after the answer.
}

struct LineRequest @0xf9007bebaf73765e {
  prompt @0 :Text;
  # At most 256 bytes.
  echo @1 :Echo;
  maxBytes @2 :UInt32;
  # The longest line that may be typed; at most 1024, 0 means 1024.
  initial @3 :Text;
  # What stands in the line at first.
  cursor @4 :UInt32;
  # Where the cursor stands in `initial`, in bytes.
  completion @5 :Bool;
  # Answer with `complete` when Tab is pressed.
  history @6 :Bool;
  # Offer earlier lines and remember this one.
}

enum LineStatus @0xe56aa8cf6de53e6b {
  line @0;
  # A line was entered.
  complete @1;
  # Tab was pressed: `line` and `cursor` say where.
  cancelled @2;
  # Control-C.
  endOfInput @3;
  # Control-D on an empty line.
}

interface TerminalSession @0xbca369cc278f3f27 $A.transfer(move) {
  # The foreground of a terminal. There is one holder.
  write @0 (data :Data) -> ();
  # At most 4096 bytes. A line feed starts a new line.
  writeLine @1 (text :Text) -> ();
  # At most 4096 bytes.
  readLine @2 (request :LineRequest) -> (status :LineStatus, line :Text, cursor :UInt32);
  # One reader at a time. A read that is cancelled takes what was typed with it.
}
