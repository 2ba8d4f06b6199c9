/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies between kernel and user memory, and between processes; see user_copy.h. Ranges are checked
 * whole before the first byte moves, so that a refusal copies nothing. The tables cannot change
 * meanwhile: the space's lock is held.
 */
#include "mm/user_copy.h"

#include <abi/start.h>
#include <core/string.h>

#include "mm/address_space_internal.h"

static char *
page_pointer_locked(const struct address_space *space, uaddr_t address, bool writes)
{
	const uint64_t *entry = page_entry_find(space, address);
	enum page_access access;

	if (entry == NULL || !arch_pte_is_present(*entry))
		return NULL;
	access = arch_pte_access(*entry);
	if (writes && access != PAGE_ACCESS_WRITE)
		return NULL;
	return (char *)arch_direct_map(arch_pte_frame(*entry)) + (address & PAGE_MASK);
}

static bool
is_accessible_locked(const struct address_space *space, uaddr_t address, size_t bytes, bool writes)
{
	uaddr_t end;

	if (bytes == 0)
		return true;
	if (__builtin_add_overflow(address, bytes, &end) || end > USER_ADDRESS_END)
		return false;
	for (uaddr_t at = address & ~PAGE_MASK; at < end; at += PAGE_BYTES)
		if (page_pointer_locked(space, at, writes) == NULL)
			return false;
	return true;
}

static void
copy_locked(
    const struct address_space *space, uaddr_t user, char *kernel, size_t bytes, bool writes)
{
	while (bytes > 0) {
		size_t part = PAGE_BYTES - (user & PAGE_MASK);
		char *pointer = page_pointer_locked(space, user, writes);

		if (part > bytes)
			part = bytes;
		/* Within one space, a process may have made the two ranges overlap. */
		if (writes)
			memmove(pointer, kernel, part);
		else
			memcpy(kernel, pointer, part);
		user += part;
		kernel += part;
		bytes -= part;
	}
}

static enum cap_status
copy_checked(struct address_space *space, uaddr_t user, char *kernel, size_t bytes, bool writes)
{
	enum cap_status status = CAP_ERR_INVALID_BUFFER;

	spin_lock(&space->lock);
	if (is_accessible_locked(space, user, bytes, writes)) {
		copy_locked(space, user, kernel, bytes, writes);
		status = CAP_OK;
	}
	spin_unlock(&space->lock);
	return status;
}

enum cap_status
user_copy_in(struct address_space *space, void *to, uaddr_t from, size_t bytes)
{
	return copy_checked(space, from, to, bytes, false);
}

enum cap_status
user_copy_out(struct address_space *space, uaddr_t to, const void *from, size_t bytes)
{
	return copy_checked(space, to, (char *)(uintptr_t)from, bytes, true);
}

enum cap_status
user_check_writable(struct address_space *space, uaddr_t to, size_t bytes)
{
	enum cap_status status;

	spin_lock(&space->lock);
	status = is_accessible_locked(space, to, bytes, true) ? CAP_OK : CAP_ERR_INVALID_BUFFER;
	spin_unlock(&space->lock);
	return status;
}

enum cap_status
user_copy_across(struct address_space *to_space, uaddr_t to, struct address_space *from_space,
    uaddr_t from, size_t bytes) NO_LOCK_ANALYSIS
{
	enum cap_status status = CAP_ERR_INVALID_BUFFER;
	size_t done = 0;

	spin_lock_pair(&to_space->lock, &from_space->lock);
	if (is_accessible_locked(from_space, from, bytes, false) &&
	    is_accessible_locked(to_space, to, bytes, true))
		status = CAP_OK;
	while (status == CAP_OK && done < bytes) {
		size_t part = PAGE_BYTES - ((from + done) & PAGE_MASK);

		if (part > bytes - done)
			part = bytes - done;
		copy_locked(to_space, to + done,
		    page_pointer_locked(from_space, from + done, false), part, true);
		done += part;
	}
	spin_unlock_pair(&to_space->lock, &from_space->lock);
	return status;
}
