/* SPDX-License-Identifier: Apache-2.0 */
/* The packed form; see packed.h. */
#include "packed.h"

#include "pointer.h"

#define TAG_ZERO 0x00
#define TAG_VERBATIM 0xff
#define RUN_WORDS_MAX 255

/* Bytes that are written one after the other, as far as there is room. */
struct sink {
	uint8_t *bytes;
	size_t capacity;
	size_t size;
};

static bool
put(struct sink *sink, const uint8_t *bytes, size_t byte_count)
{
	if (byte_count > sink->capacity - sink->size)
		return false;
	memcpy(sink->bytes + sink->size, bytes, byte_count);
	sink->size += byte_count;
	return true;
}

static unsigned
zero_bytes(const uint8_t *word)
{
	unsigned count = 0;

	for (unsigned i = 0; i < CAPNP_WORD_BYTES; i++)
		count += word[i] == 0;
	return count;
}

/* How many words from `at` are zero. */
static size_t
zero_run(const uint8_t *words, size_t at, size_t word_count)
{
	size_t run = 0;

	while (run < RUN_WORDS_MAX && at + run < word_count &&
	    capnp_load(words + (at + run) * CAPNP_WORD_BYTES) == 0)
		run++;
	return run;
}

/* How many words from `at` have one zero byte at most: they would not shrink. */
static size_t
verbatim_run(const uint8_t *words, size_t at, size_t word_count)
{
	size_t run = 0;

	while (run < RUN_WORDS_MAX && at + run < word_count &&
	    zero_bytes(words + (at + run) * CAPNP_WORD_BYTES) < 2)
		run++;
	return run;
}

/* One word: its tag and its bytes that are not zero. */
static uint8_t
pack_word(const uint8_t *word, uint8_t packed[CAPNP_WORD_BYTES + 1], size_t *size)
{
	uint8_t tag = 0;

	*size = 1;
	for (unsigned i = 0; i < CAPNP_WORD_BYTES; i++) {
		if (word[i] == 0)
			continue;
		tag |= (uint8_t)(1U << i);
		packed[(*size)++] = word[i];
	}
	packed[0] = tag;
	return tag;
}

/* The segment table, or a segment. */
static bool
pack_piece(struct sink *sink, const uint8_t *words, size_t word_count)
{
	for (size_t at = 0; at < word_count;) {
		uint8_t packed[CAPNP_WORD_BYTES + 1];
		size_t size;
		uint8_t tag = pack_word(words + at * CAPNP_WORD_BYTES, packed, &size);
		uint8_t run;

		at++;
		if (!put(sink, packed, size))
			return false;
		if (tag != TAG_ZERO && tag != TAG_VERBATIM)
			continue;
		run = (uint8_t)(tag == TAG_ZERO ? zero_run(words, at, word_count)
						: verbatim_run(words, at, word_count));
		if (!put(sink, &run, 1))
			return false;
		if (tag == TAG_VERBATIM &&
		    !put(sink, words + at * CAPNP_WORD_BYTES, (size_t)run * CAPNP_WORD_BYTES))
			return false;
		at += run;
	}
	return true;
}

enum capnp_error
capnp_pack(struct capnp_data message, uint8_t *out, size_t out_bytes, size_t *out_size)
{
	struct sink sink = { out, out_bytes, 0 };
	size_t word_count = message.size / CAPNP_WORD_BYTES;
	uint32_t segments;
	size_t at;

	if (message.size % CAPNP_WORD_BYTES != 0 || word_count == 0 ||
	    capnp_load_half(message.data) >= CAPNP_SEGMENTS_MAX)
		return CAPNP_ERROR_FRAME;
	segments = capnp_load_half(message.data) + 1;
	at = segments / 2 + 1;
	if (at > word_count)
		return CAPNP_ERROR_FRAME;
	if (!pack_piece(&sink, message.data, at))
		return CAPNP_ERROR_SPACE;
	for (uint32_t i = 0; i < segments; i++) {
		size_t words = capnp_load_half(message.data + 4 + (size_t)i * 4);

		if (words > word_count - at)
			return CAPNP_ERROR_FRAME;
		if (!pack_piece(&sink, message.data + at * CAPNP_WORD_BYTES, words))
			return CAPNP_ERROR_SPACE;
		at += words;
	}
	if (at != word_count)
		return CAPNP_ERROR_FRAME;
	*out_size = sink.size;
	return CAPNP_OK;
}

/* The word of a tag. False: the input ends before. */
static bool
unpack_word(struct capnp_data packed, size_t *at, uint8_t tag, uint8_t word[CAPNP_WORD_BYTES])
{
	for (unsigned i = 0; i < CAPNP_WORD_BYTES; i++) {
		word[i] = 0;
		if (!(tag & 1U << i))
			continue;
		if (*at == packed.size)
			return false;
		word[i] = packed.data[(*at)++];
	}
	return true;
}

/* What follows the word of a tag that counts. */
static enum capnp_error
unpack_run(struct sink *sink, struct capnp_data packed, size_t *at, uint8_t tag)
{
	size_t bytes;

	if (*at == packed.size)
		return CAPNP_ERROR_PACKED;
	bytes = (size_t)packed.data[(*at)++] * CAPNP_WORD_BYTES;
	if (tag == TAG_VERBATIM && bytes > packed.size - *at)
		return CAPNP_ERROR_PACKED;
	if (bytes > sink->capacity - sink->size)
		return CAPNP_ERROR_SPACE;
	if (tag == TAG_VERBATIM) {
		(void)put(sink, packed.data + *at, bytes);
		*at += bytes;
	} else {
		memset(sink->bytes + sink->size, 0, bytes);
		sink->size += bytes;
	}
	return CAPNP_OK;
}

enum capnp_error
capnp_unpack(struct capnp_data packed, uint8_t *out, size_t out_bytes, size_t *out_size)
{
	struct sink sink = { out, out_bytes, 0 };

	for (size_t at = 0; at < packed.size;) {
		uint8_t tag = packed.data[at++];
		uint8_t word[CAPNP_WORD_BYTES];

		if (!unpack_word(packed, &at, tag, word))
			return CAPNP_ERROR_PACKED;
		if (!put(&sink, word, sizeof(word)))
			return CAPNP_ERROR_SPACE;
		if (tag == TAG_ZERO || tag == TAG_VERBATIM) {
			enum capnp_error error = unpack_run(&sink, packed, &at, tag);

			if (error != CAPNP_OK)
				return error;
		}
	}
	*out_size = sink.size;
	return CAPNP_OK;
}
