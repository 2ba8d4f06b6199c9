@0xf22c6ce53e957b68;
# The form in which a failed call is answered.

enum ExceptionType @0xff7fe5014ce0a1d6 {
  # Cap'n Proto's four.
  failed @0;
  # The call cannot succeed as it was made.
  overloaded @1;
  # A resource ran out for now; the same call may succeed later.
  disconnected @2;
  # The target is gone or was revoked.
  unimplemented @3;
  # The target has no such method.
}

struct CapException @0x8b47f61b97a73d15 {
  # The payload of an answer with CAP_ERR_APPLICATION_EXCEPTION.
  type @0 :ExceptionType;
  reason @1 :Text;
  # For people; at most 200 bytes.
  status @2 :Int32;
  # The CAP_ERR_* that the target reports, or zero.
}
