/* SPDX-License-Identifier: Apache-2.0 */
/* Program files: what is read from a good one, and each way in which a hostile one is refused. */
#include "elf.h"

#include <abi/start.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "fake_elf.h"

#define FILE_BYTES 0x4000
#define LOAD FAKE_ELF_LOAD
#define DYNAMIC 2
#define INTERPRETER 3
#define TLS 7
#define READ FAKE_ELF_READ
#define WRITE FAKE_ELF_WRITE
#define EXECUTE FAKE_ELF_EXECUTE

/* Text of one page, then data of one page and a zeroed one, then thread-local storage. */
static const struct fake_elf_segment good[] = {
	{ LOAD, READ | EXECUTE, 0x1000, USER_IMAGE_BASE, 0, 0x800, 0x800, 0x1000 },
	{ LOAD, READ | WRITE, 0x2000, USER_IMAGE_BASE + 0x1000, 0, 0x1000, 0x1001, 0x1000 },
	{ TLS, READ, 0x2000, USER_IMAGE_BASE + 0x1000, 0, 16, 48, 16 },
};
#define GOOD_COUNT (sizeof(good) / sizeof(good[0]))

/* A file of exactly FILE_BYTES on the heap, so that a read behind its end is seen. */
static uint8_t *
make_file(const struct fake_elf_segment *headers, size_t count)
{
	uint8_t *file = calloc(1, FILE_BYTES);

	CHECK(file != NULL);
	fake_elf_make(file, FILE_BYTES, USER_IMAGE_BASE + 0x10, headers, count);
	return file;
}

static enum elf_error
read_headers(const struct fake_elf_segment *headers, size_t count)
{
	struct elf_image image;
	uint8_t *file = make_file(headers, count);
	enum elf_error error = elf_read(file, FILE_BYTES, &image);

	free(file);
	return error;
}

TEST(a_good_program_is_read_whole)
{
	struct elf_image image;
	uint8_t *file = make_file(good, GOOD_COUNT);

	CHECK_EQ(elf_read(file, FILE_BYTES, &image), ELF_OK);
	free(file);
	CHECK_EQ(image.entry, USER_IMAGE_BASE + 0x10);
	CHECK_EQ(image.tls_bytes, 48);
	CHECK_EQ(image.segment_count, 2);
	CHECK_EQ(image.segments[0].memory_bytes, 0x1000);
	CHECK(image.segments[0].is_executable && !image.segments[0].is_writable);
	CHECK_EQ(image.segments[1].memory_bytes, 0x2000);
	CHECK_EQ(image.segments[1].file_bytes, 0x1000);
	CHECK(image.segments[1].is_writable && !image.segments[1].is_executable);
}

TEST(a_header_that_is_not_ours_is_refused)
{
	/* offset, bytes, value */
	static const struct {
		size_t offset, bytes;
		uint64_t value;
		enum elf_error expected;
	} cases[] = {
		{ 0, 1, 0x7e, ELF_ERROR_HEADER },
		{ 4, 1, 1, ELF_ERROR_HEADER },	/* 32 bits */
		{ 5, 1, 2, ELF_ERROR_HEADER },	/* big endian */
		{ 16, 2, 3, ELF_ERROR_HEADER }, /* position independent */
		{ 18, 2, 3, ELF_ERROR_HEADER }, /* another machine */
		{ 20, 4, 2, ELF_ERROR_HEADER },
		{ 54, 2, 55, ELF_ERROR_HEADER },
		{ 56, 2, 33, ELF_ERROR_TABLE },
		{ 32, 8, FILE_BYTES - 167, ELF_ERROR_TABLE },
		{ 32, 8, FILE_BYTES + 1, ELF_ERROR_TABLE },
		{ 32, 8, UINT64_MAX, ELF_ERROR_TABLE },
		{ 24, 8, 0, ELF_ERROR_ENTRY },
		{ 24, 8, USER_IMAGE_BASE - 1, ELF_ERROR_ENTRY },
		{ 24, 8, USER_IMAGE_BASE + 0x800, ELF_ERROR_ENTRY },  /* behind the text */
		{ 24, 8, USER_IMAGE_BASE + 0x1000, ELF_ERROR_ENTRY }, /* in the data */
		{ 56, 2, 0, ELF_ERROR_ENTRY },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct elf_image image;
		uint8_t *file = make_file(good, GOOD_COUNT);
		enum elf_error error;

		fake_elf_put(file, cases[i].offset, cases[i].value, cases[i].bytes);
		error = elf_read(file, FILE_BYTES, &image);
		free(file);
		CHECK_EQ(error, cases[i].expected);
	}
}

TEST(a_segment_that_may_not_be_is_refused)
{
	static const struct {
		struct fake_elf_segment second;
		enum elf_error expected;
	} cases[] = {
		{ { LOAD, READ, 0x2000, USER_IMAGE_BASE, 0, 1, 1, 0 }, ELF_ERROR_RANGE },
		{ { LOAD, READ, 0x2000, USER_IMAGE_BASE + 0x1008, 0, 1, 1, 0 },
		    ELF_ERROR_ALIGNMENT },
		{ { LOAD, READ, 0x2000, USER_IMAGE_BASE - 0x1000, 0, 1, 1, 0 }, ELF_ERROR_RANGE },
		{ { LOAD, READ, FILE_BYTES, USER_IMAGE_BASE + 0x1000, 0, 1, 1, 0 },
		    ELF_ERROR_RANGE },
		{ { LOAD, READ, FILE_BYTES + 8, USER_IMAGE_BASE + 0x1000, 0, 0, 1, 0 },
		    ELF_ERROR_RANGE },
		{ { LOAD, READ, 0x2000, USER_IMAGE_BASE + 0x1000, 0, UINT64_MAX, UINT64_MAX, 0 },
		    ELF_ERROR_RANGE },
		{ { LOAD, READ, 0x2000, USER_IMAGE_BASE + 0x1000, 0, 2, 1, 0 }, ELF_ERROR_RANGE },
		{ { LOAD, READ, 0x2000, USER_IMAGE_BASE + 0x1000, 0, 1, UINT64_MAX, 0 },
		    ELF_ERROR_RANGE },
		{ { LOAD, READ, 0x2000, USER_START_BASE - 0x1000, 0, 1, 0x1001, 0 },
		    ELF_ERROR_RANGE },
		{ { LOAD, READ, 0x2000, USER_START_BASE - 0x1000, 0, 1, 0x1000, 0 }, ELF_OK },
		{ { LOAD, WRITE | EXECUTE, 0x2000, USER_IMAGE_BASE + 0x1000, 0, 1, 1, 0 },
		    ELF_ERROR_WRITE_EXECUTE },
		{ { DYNAMIC, READ, 0x2000, 0, 0, 1, 1, 0 }, ELF_ERROR_DYNAMIC },
		{ { INTERPRETER, READ, 0x2000, 0, 0, 1, 1, 0 }, ELF_ERROR_DYNAMIC },
		{ { TLS, READ, 0x2000, 0, 0, 0, ELF_TLS_BYTES_MAX, 16 }, ELF_OK },
		{ { TLS, READ, 0x2000, 0, 0, 0, ELF_TLS_BYTES_MAX + 1, 16 }, ELF_ERROR_TLS },
		{ { TLS, READ, 0x2000, 0, 0, 0, 16, 32 }, ELF_ERROR_TLS },
		{ { TLS, READ, 0x2000, 0, 0, 0, 16, 3 }, ELF_ERROR_TLS },
		{ { TLS, READ, 0x2000, 0, 0, 17, 16, 8 }, ELF_ERROR_TLS },
		{ { TLS, READ, FILE_BYTES, 0, 0, 1, 16, 8 }, ELF_ERROR_TLS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_elf_segment headers[2] = { good[0], cases[i].second };

		CHECK_EQ(read_headers(headers, 2), cases[i].expected);
	}
}

TEST(more_segments_than_fit_are_refused)
{
	struct fake_elf_segment headers[ELF_SEGMENTS_MAX + 1];

	for (size_t i = 0; i <= ELF_SEGMENTS_MAX; i++) {
		headers[i] = good[0];
		headers[i].address += i * 0x1000;
	}
	CHECK_EQ(read_headers(headers, ELF_SEGMENTS_MAX), ELF_OK);
	CHECK_EQ(read_headers(headers, ELF_SEGMENTS_MAX + 1), ELF_ERROR_TABLE);
}

TEST(a_file_cut_anywhere_is_never_read_behind_its_end)
{
	struct elf_image image;
	uint8_t *whole = make_file(good, GOOD_COUNT);

	for (size_t bytes = 0; bytes < 0x3000; bytes += bytes < 256 ? 1 : 251) {
		uint8_t *part = malloc(bytes + 1);

		CHECK(part != NULL);
		memcpy(part + 1, whole, bytes);
		CHECK(elf_read(part + 1, bytes, &image) != ELF_OK);
		free(part);
	}
	CHECK_EQ(elf_read(whole, 0x3000, &image), ELF_OK);
	free(whole);
}

TEST(every_error_has_a_sentence_of_its_own)
{
	for (int one = ELF_OK; one <= ELF_ERROR_DYNAMIC; one++)
		for (int other = ELF_OK; other < one; other++)
			CHECK(strcmp(elf_error_name((enum elf_error)one),
				  elf_error_name((enum elf_error)other)) != 0);
	CHECK_STR(elf_error_name((enum elf_error)99), "unknown error");
}
