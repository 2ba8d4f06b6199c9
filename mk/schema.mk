# SPDX-License-Identifier: Apache-2.0
# schema/*.capnp -> build/gen/include/schema/: messages, clients, servers and reflection in C, written by our plug-in of
# the stock schema compiler. Nothing of it is committed. A file whose text did not change keeps its date.

SCHEMAS := $(sort $(wildcard schema/*.capnp))
CAPNPC := $(B)/tools/capnpc-capos
# The generator reads its request with the library that it generates for, so this much is built before anything is generated.
CAPNPC_SOURCES := $(call sources,tools/capnpc-capos)
CAPNPC_OBJECTS := $(call objects,generator,$(CAPNPC_SOURCES))

GENERATED := $(if $(wildcard tools/capnpc-capos/main.c),$(B)/gen/done)

$(foreach kind,kernel user sim bulk host tool,$(eval $(call object_rule,$(kind),$(GENERATED))))
$(eval $(call object_rule,generator))
$(eval $(call archive,generator,$(call objects,generator,$(call sources,lib/capnp))))
ALL_OBJECTS += $(CAPNPC_OBJECTS)

$(CAPNPC): $(CAPNPC_OBJECTS) $(B)/lib/generator.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $^ -o $@

# $(call generate,OUTPUT,SCHEMAS): into a new folder, from which what has changed is taken over.
define generate
$(Q)new=$(1).$$$$ && mkdir -p $$new $(1) && \
	$(CAPOS_CAPNP) compile -I. --src-prefix=schema -o$(CAPNPC):$$new $(2) && tools/install-changed $$new $(1)
endef

$(B)/gen/done: $(CAPNPC) $(SCHEMAS) tools/install-changed
	$(call say,SCHEMA,$(B)/gen)
	$(call generate,$(B)/gen/include/schema,$(SCHEMAS))
	@(cd $(B)/gen/include && echo GENERATED_SOURCES := && \
		find . -name '*.c' | LC_ALL=C sort | sed 's|^\.|GENERATED_SOURCES += $(B)/gen/include|') > $(B)/gen/sources.mk
	@touch $@

$(B)/gen/include/%: $(B)/gen/done ;

# The list of what was generated decides what is linked: make reads it, and starts again when it was remade.
NOTHING_BUILT := help clean setup fmt
ifneq ($(GENERATED),)
ifneq ($(filter-out $(NOTHING_BUILT),$(or $(MAKECMDGOALS),all)),)
$(B)/gen/sources.mk: $(B)/gen/done ;
include $(B)/gen/sources.mk
endif
endif
