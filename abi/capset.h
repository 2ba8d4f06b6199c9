/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The CapSet page: what a process is given at its start. Read only for the process; the kernel
 * never reads it back. Entries stand in the order of the grants; programs look them up by name.
 */
#include <stddef.h>
#include <stdint.h>

#include "ring.h"

#define CAPSET_MAGIC UINT32_C(0x73706163) /* "caps" */
#define CAPSET_ABI_VERSION UINT32_C(0)
#define CAPSET_NAME_BYTES 32 /* NUL terminated */

/* capset_header.features */
#define CAPSET_FEATURE_CLOCK 0x1    /* clock_* are valid: now needs no call */
#define CAPSET_FEATURE_FSGSBASE 0x2 /* the process may write its FS base itself */

enum capset_origin {
	CAPSET_ORIGIN_KERNEL = 1, /* made by the kernel for this process */
	CAPSET_ORIGIN_GRANT = 2,  /* handed on by whoever built the process */
};

struct capset_header {
	uint32_t magic;
	uint32_t abi_version;
	uint64_t features; /* CAPSET_FEATURE_* */
	uint32_t sqe_bytes;
	uint32_t cqe_bytes;
	uint32_t message_bytes_max;
	uint32_t entry_count;
	/* now = clock_base_ns + ((tsc - clock_base_tsc) * clock_multiplier) >> clock_shift, 128-bit
	 * product */
	uint64_t clock_base_tsc;
	uint64_t clock_base_ns;
	uint64_t clock_multiplier;
	uint32_t clock_shift;
	uint32_t reserved0;
	char process_name[32]; /* NUL terminated */
	uint64_t reserved1[4];
};
_Static_assert(sizeof(struct capset_header) == 128, "ABI: capset_header is 128 bytes");

struct capset_entry {
	cap_id_t cap_id;
	uint64_t interface_id;
	uint32_t origin;     /* enum capset_origin */
	uint32_t origin_pid; /* who granted it; zero for the kernel */
	uint64_t reserved;
	char name[CAPSET_NAME_BYTES];
};
_Static_assert(sizeof(struct capset_entry) == 64, "ABI: capset_entry is 64 bytes");

#define CAPSET_ENTRIES_MAX ((4096 - sizeof(struct capset_header)) / sizeof(struct capset_entry))
