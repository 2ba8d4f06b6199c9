@0xb7a88fbfe0cb9f1f;
# What a user is told about the system.

using import "boot.capnp".HelpTopic;
using import "schema_registry.capnp".SchemaRegistry;

interface SystemInfo @0xab81666728b966b3 {
  motd @0 () -> (text :Text);
  # The message of the day.
  helpTopics @1 () -> (names :List(Text));
  help @2 (topic :Text) -> (text :Text);
  schema @3 () -> (registry :SchemaRegistry);
  # What the system's schema says, for programs.
}
