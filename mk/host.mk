# SPDX-License-Identifier: Apache-2.0
# What runs on the development host: the libraries with sanitizers for tests, and the tools that build the system.

LIBRARY_FOLDERS := $(sort $(patsubst %/,%,$(wildcard lib/*/)))
LIBRARY_SOURCES := $(call sources,$(LIBRARY_FOLDERS))
# Machine code of the start and the system calls has no place on the host, and the host has its own memcpy.
HOST_LIBRARY_SOURCES := $(filter-out %.S lib/capos/system_call.c lib/core/memory.c,$(LIBRARY_SOURCES))

HOST_LIBRARY := $(B)/lib/host.a
$(eval $(call archive,host,$(call objects,host,$(HOST_LIBRARY_SOURCES) $(GENERATED_SOURCES))))

# Tools link the pure libraries only.
TOOL_LIBRARY := $(B)/lib/tool.a
TOOL_LIBRARY_SOURCES := $(filter lib/capnp/% lib/core/%,$(HOST_LIBRARY_SOURCES)) $(GENERATED_SOURCES)
$(eval $(call archive,tool,$(call objects,tool,$(TOOL_LIBRARY_SOURCES))))

# $(call tool,NAME): the host program tools/NAME -> build/tools/NAME.
define tool
$(B)/tools/$(1): $(call objects,tool,$(call sources,tools/$(1))) $(TOOL_LIBRARY)
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$^ -o $$@
ALL_OBJECTS += $(call objects,tool,$(call sources,tools/$(1)))
HOST_TOOLS += $(B)/tools/$(1)
endef

# Each folder of tools/ with a main.c is one. The generator is built earlier: schema.mk.
HOST_TOOLS :=
TOOL_NAMES := $(filter-out capnpc-capos,$(patsubst tools/%/main.c,%,$(sort $(wildcard tools/*/main.c))))
$(foreach name,$(TOOL_NAMES),$(eval $(call tool,$(name))))
