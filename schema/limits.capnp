@0xc4dc017ce46c8ae9;
# Limits that kernel, runtime and people share.

const messageBytesMax :UInt32 = 65536;
# The largest message between processes.
const kernelMessageBytesMax :UInt32 = 16384;
# The largest message to or from a kernel object.
const messageCapsMax :UInt32 = 8;
# Capabilities in one message.
const capNameBytesMax :UInt32 = 31;
# Bytes of a CapSet name.
const processNameBytesMax :UInt32 = 31;
const entrySubmissionsMax :UInt32 = 16;
# Submissions that one cap_enter takes.
const exceptionReasonBytesMax :UInt32 = 200;
const endpointInterfacesMax :UInt32 = 4;
const ringSqEntries :UInt32 = 16;
const ringCqEntries :UInt32 = 32;
