/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile boot package: accepted, or refused with a sentence. */
#include <core/manifest_validate.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const void *words = fuzz_words(data, &size);
	struct capnp_reader reader;
	char why[200];
	enum cap_status status;

	if (capnp_reader_init(&reader, words, size) != CAPNP_OK)
		return 0;
	why[0] = 'x';
	status = manifest_validate(system_manifest_root(&reader), why, sizeof(why));
	fuzz_require(memchr(why, 0, sizeof(why)) != NULL);
	fuzz_require((status == CAP_OK) == (why[0] == '\0'));
	return 0;
}
