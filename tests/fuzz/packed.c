/* SPDX-License-Identifier: Apache-2.0 */
/* The packed form of hostile bytes; what unpacks to a message comes back from our own packer. */
#include <capnp/packed.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t message[FUZZ_BYTES_MAX], again[FUZZ_BYTES_MAX];
	static uint8_t packed[CAPNP_PACKED_BYTES_MAX(FUZZ_BYTES_MAX)];
	struct capnp_data input = { data, (uint32_t)size };
	struct capnp_data plain = { message, 0 };
	size_t plain_size, packed_size, again_size;

	if (capnp_unpack(input, message, sizeof(message), &plain_size) != CAPNP_OK)
		return 0;
	plain.size = (uint32_t)plain_size;
	if (capnp_pack(plain, packed, sizeof(packed), &packed_size) != CAPNP_OK)
		return 0;
	input = (struct capnp_data){ packed, (uint32_t)packed_size };
	fuzz_require(capnp_unpack(input, again, sizeof(again), &again_size) == CAPNP_OK);
	fuzz_require(again_size == plain_size && memcmp(again, message, plain_size) == 0);
	return 0;
}
