/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The order in which locks are taken: a CPU may take a lock only if its rank is higher than that of
 * every lock it holds. Two of one rank go through spin_lock_pair(), in the order of their keys
 * (pid, id, CPU).
 */
enum lock_rank {
	LOCK_RANK_ANSWERS = 1,	     /* what the CALLs of a ring name: ipc/answer.h */
	LOCK_RANK_OBJECT = 2,	     /* endpoints and other objects */
	LOCK_RANK_PROCESS = 3,	     /* capability table, delivered calls; key: pid */
	LOCK_RANK_TAP = 4,	     /* of a ring: reads memory of its process */
	LOCK_RANK_ADDRESS_SPACE = 5, /* key: address space id */
	LOCK_RANK_RING = 6,	     /* completion side of a ring */
	LOCK_RANK_TIME = 7,	     /* deadlines */
	LOCK_RANK_RUN_QUEUE = 8,     /* key: CPU */
	LOCK_RANK_LINEAGE = 9,	     /* which grant was made from which */
	LOCK_RANK_MEMORY = 10,	     /* pools, then frames: see mm/ */
	LOCK_RANK_FRAMES = 11,
	LOCK_RANK_LOG = 12,
};
