/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the fuzz targets share. */
#include <capnp/reflect.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* SystemManifest of schema/boot.capnp: the largest schema there is. */
extern const struct reflect_struct reflect_struct_cb076caa4772d8b2;

#define FUZZ_BYTES_MAX 65536

/* The input as whole words in aligned memory: what is left over at the end is dropped. */
static inline const void *
fuzz_words(const uint8_t *data, size_t *size)
{
	static _Alignas(8) uint8_t words[FUZZ_BYTES_MAX];

	if (*size > sizeof(words))
		*size = sizeof(words);
	*size -= *size % 8;
	memcpy(words, data, *size);
	return words;
}

/* A broken promise of the code: the input is kept by the fuzzer. */
static inline void
fuzz_require(bool holds)
{
	if (!holds)
		abort();
}
