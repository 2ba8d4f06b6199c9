/* SPDX-License-Identifier: Apache-2.0 */
/* From the first instruction to capos_main: check what the kernel gave, set up thread-local
 * storage, run, exit. */
#include <abi/start.h>
#include <string.h>

#include "capos.h"

/* Placed by user.ld around the program's TLS image. */
extern const char tls_image_start[], tls_image_end[], tls_memory_end[];

static struct capos main_thread;

_Noreturn void capos_start(struct cap_ring *ring, uint64_t pid, const struct capset_header *capset);

/* The kernel has mapped zeroed pages that end at the ring and set FS base: copy the image, write
 * the self pointer. */
static void
tls_start(void)
{
	size_t image_bytes = (size_t)(tls_image_end - tls_image_start);
	size_t memory_bytes = (size_t)(tls_memory_end - tls_image_start);
	char *block = (char *)USER_TLS_POINTER - ((memory_bytes + 15) & ~(size_t)15);

	if (memory_bytes == 0)
		return;
	memcpy(block, tls_image_start, image_bytes);
	*(uint64_t *)USER_TLS_POINTER = USER_TLS_POINTER;
}

static bool
is_start_valid(const struct cap_ring *ring, const struct capset_header *capset)
{
	if ((uint64_t)ring != USER_RING_ADDRESS || ring->magic != CAP_RING_MAGIC ||
	    ring->version != CAP_RING_VERSION)
		return false;
	if (capset == NULL)
		return true;
	return capset->magic == CAPSET_MAGIC && capset->abi_version == CAPSET_ABI_VERSION &&
	    capset->sqe_bytes == sizeof(struct cap_sqe) &&
	    capset->cqe_bytes == sizeof(struct cap_cqe) &&
	    capset->entry_count <= CAPSET_ENTRIES_MAX;
}

void
capos_start(struct cap_ring *ring, uint64_t pid, const struct capset_header *capset)
{
	int code;

	if (!is_start_valid(ring, capset))
		capos_exit(CAPOS_EXIT_BAD_START);
	tls_start();
	main_thread.pid = (uint32_t)pid;
	main_thread.capset = capset;
	capos_ring_init(&main_thread, ring);
	code = capos_main(&main_thread);
	capos_exit(code);
}
