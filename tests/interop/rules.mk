# SPDX-License-Identifier: Apache-2.0
# The differential test's program: the feature schema through our generator, our runtime with sanitizers.

INTEROP := $(B)/test/interop-messages
INTEROP_GEN := $(B)/gen/interop
INTEROP_SOURCES := $(call sources,tests/interop)

$(INTEROP_GEN)/features.reflect.c: tests/interop/features.capnp $(CAPNPC)
	$(call say,SCHEMA,$<)
	@mkdir -p $(@D)
	$(Q)cd $(<D) && $(CAPOS_CAPNP) compile -o$(abspath $(CAPNPC)):$(abspath $(@D)) $(<F)

$(INTEROP): $(INTEROP_SOURCES) tests/interop/interop.h $(INTEROP_GEN)/features.reflect.c $(HOST_LIBRARY)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(BASE_FLAGS)) -O1 $(SANITIZERS) -fuse-ld=lld-19 -D_GNU_SOURCE $(INCLUDES) -I$(INTEROP_GEN) \
		$(INTEROP_SOURCES) $(INTEROP_GEN)/features.reflect.c $(HOST_LIBRARY) -o $@

test: $(INTEROP)
