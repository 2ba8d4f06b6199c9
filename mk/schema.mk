# SPDX-License-Identifier: Apache-2.0
# The schema tool chain: capnpc-capos (host) writes build/gen/include/schema/ from schema/*.capnp.

CAPNPC := $(B)/tools/capnpc-capos
GEN := $(B)/gen/include/schema
SCHEMAS := $(sort $(wildcard schema/*.capnp))
AREAS := $(patsubst schema/%.capnp,%,$(SCHEMAS))
GENERATED := $(B)/gen/.done
REFLECTION_SOURCES := $(AREAS:%=$(GEN)/%.reflect.c) $(GEN)/registry.c

# The generator reads the compiler's request with our own reader; it cannot use generated code.
CAPNPC_SOURCES := $(call sources,tools/capnpc-capos) lib/capnp/reader.c lib/capnp/builder.c lib/capnp/copy.c \
	lib/capnp/error.c
CAPNPC_OBJECTS := $(CAPNPC_SOURCES:%.c=$(B)/capnpc/%.o)
DEPENDENCY_FILES += $(CAPNPC_OBJECTS:.o=.d)

$(CAPNPC_OBJECTS): $(B)/capnpc/%.o: %.c | $(SETUP)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_FLAGS) -O1 -D_GNU_SOURCE $(SANITIZERS) $(INCLUDE_LIB) -c $< -o $@

$(CAPNPC): $(CAPNPC_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	$(Q)$(CC) $(SANITIZERS) $^ -o $@

# One run for the whole schema, so that the tables can refer to each other.
$(GENERATED): $(SCHEMAS) $(CAPNPC)
	@mkdir -p $(GEN)
	@echo "  SCHEMA  $(words $(SCHEMAS)) files"
	$(Q)cd schema && $(CAPNP) compile -o$(abspath $(CAPNPC)):$(abspath $(GEN)) *.capnp
	@touch $@

$(REFLECTION_SOURCES): $(GENERATED) ;
