@0xe4c1ed30c63b2b7b;
# What the ring, the kernel and the runtime answer when they refuse.

using A = import "annotations.capnp";

enum CapStatus @0xd569d8a89164cea8 $A.cStatus {
  ok @0;
  # Done.
  invalidRequest @1;
  # A reserved field or an unknown flag is set, or a field has a value that the operation forbids.
  unsupportedOpcode @2;
  # The submission's opcode does not exist.
  unknownSyscall @3;
  # Only cap_enter and exit exist.
  ringCorrupt @4;
  # A ring index that the process wrote is impossible; nothing was taken from the ring.
  unendableWait @5;
  # Nothing in flight could ever end this wait.
  invalidBuffer @6;
  # A buffer is not mapped with the access that is needed, or wraps around the address space.
  bufferTooSmall @7;
  # The result does not fit into the result buffer.
  messageTooLarge @8;
  # The message is larger than this target accepts.
  malformedMessage @9;
  # The bytes are not a valid Cap'n Proto message of the expected form.
  invalidCap @10;
  # The capability id names no slot of this table.
  staleGeneration @11;
  # The slot that the capability id names has been released since.
  revoked @12;
  # The hold or its object was revoked.
  wrongInterface @13;
  # The capability exposes another interface than this operation needs.
  unimplementedMethod @14;
  # The interface has no such method.
  applicationException @15;
  # The target answered with a CapException; it stands in the result buffer.
  applicationExceptionTruncated @16;
  # The target answered with a CapException that does not fit into the result buffer.
  tableFull @17;
  # The capability table has no free slot.
  quotaExceeded @18;
  # A ledger between this process and boot has no room for this.
  noMemory @19;
  # The machine has no free frame for this.
  queueFull @20;
  # The endpoint's queue has no room for another call or receiver.
  invalidTransferDescriptor @21;
  # A transfer entry is misaligned, has a reserved bit set, an unknown mode, or overlaps itself.
  transferNotSupported @22;
  # This hold may not be transferred in this way.
  transferAborted @23;
  # A transfer could not be committed on the other side; both tables are as before.
  tooManyCaps @24;
  # More capabilities than the receiver reserved slots for.
  timedOut @25;
  # The deadline passed first.
  cancelled @26;
  # The operation was cancelled by CAP_OP_FINISH.
  callGone @27;
  # The caller has cancelled this call, timed out or died; the server's capabilities stay with it.
  invalidCallId @28;
  # No delivered call of this process has that id.
  notFound @29;
  # Nothing with that name or number exists.
  disconnected @30;
  # The peer that would have to answer is gone.
  invalidArgument @31;
  # An argument of the method is outside the allowed range.
  addressInUse @32;
  # The address range overlaps one that is in use or reserved.
  notMapped @33;
  # The address range is not wholly one that this operation may change.
  writeAndExecute @34;
  # No mapping may be writable and executable.
  alreadyWaiting @35;
  # Someone waits for this already.
  wrongState @36;
  # The object is not in the state that the operation needs.
  nameTooLong @37;
  # A name is empty, too long or has a character that names may not have.
  nameInUse @38;
  # The name is taken.
  capSetFull @39;
  # The CapSet page has no room for another entry.
  invalidElf @40;
  # The program file is not one that this system starts.
  invalidManifest @41;
  # The manifest cannot be started.
  brokenPromise @42;
  # The answer that this call depends on failed.
  unsupportedVersion @43;
  # The version is not one that this side understands.
  endOfStream @44;
  # The other side closed the stream.
  deviceFailed @45;
  # The device does not answer as its specification says.
  rateLimited @46;
  # More at once than this process may send here; later there is room again.
  bufferCorrupt @47;
  # The other side of a shared buffer wrote what cannot be; nothing of it was used.
  unknownAnswer @48;
  # No answer of this ring has that id, or it was finished.
  answerInUse @49;
  # The answer id, or another one of its place, names an answer that was not finished.
}
