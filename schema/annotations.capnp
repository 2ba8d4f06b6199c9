@0x9db557e89ffdc000;
# Annotations that our generator, capnpc-capos, understands.

annotation cStatus @0xb7fc35617de82aa4 (enum) :Void;
# The enum is the system's status code: ordinal n stands for the value -n, and each enumerant's
# comment is the sentence that is shown to people.

annotation transfer @0xd7cf99f668f834e4 (interface) :TransferMode;
# Whether a hold on an object of this interface may be handed on. The default is `copy`.

enum TransferMode @0xb4ae51578d7429b5 {
  copy @0;  # may be copied and moved
  move @1;  # may only be moved: one holder at a time
  none @2;  # stays in the table that it was put in
}
