/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The capability ring: how a thread asks for anything.
 *
 * A ring region starts with struct cap_ring. Behind it, at the offsets that it names, stand the
 * submission queue, the completion queue and the message area. The kernel reads sq_tail, cq_head
 * and submissions only, each once; it writes sq_head, cq_tail and completions. docs/abi.md explains
 * the protocol.
 */
#include <stddef.h>
#include <stdint.h>

/*
 * Generation (40 bits) | index (24 bits); zero is the null capability. The highest bit is never
 * set: a runtime may mark ids of its own by it.
 */
typedef uint64_t cap_id_t;

#define CAP_ID_INDEX_BITS 24
#define CAP_ID_INDEX_MASK ((UINT64_C(1) << CAP_ID_INDEX_BITS) - 1)
#define CAP_ID_GENERATION_MAX ((UINT64_C(1) << 39) - 1)

#define CAP_RING_MAGIC UINT32_C(0x676e6972) /* "ring" */
#define CAP_RING_VERSION UINT32_C(0)

struct cap_ring {
	/* Written by the kernel before the thread starts. */
	uint32_t magic;
	uint32_t version;
	uint32_t sq_entries; /* power of two */
	uint32_t cq_entries; /* power of two */
	uint32_t sq_offset;  /* bytes from the start of the region */
	uint32_t cq_offset;
	uint32_t message_offset;
	uint32_t message_bytes;
	/* Written by the kernel. */
	uint32_t sq_head; /* submissions before this one have been taken */
	uint32_t cq_tail; /* completions before this one have been posted */
	uint32_t reserved0[6];
	/* Written by the thread. */
	uint32_t sq_tail; /* submissions before this one are ready */
	uint32_t cq_head; /* completions before this one have been reaped */
	uint32_t reserved1[14];
};
_Static_assert(sizeof(struct cap_ring) == 128, "ABI: cap_ring is 128 bytes");
_Static_assert(offsetof(struct cap_ring, sq_head) == 32, "ABI: cap_ring.sq_head");
_Static_assert(offsetof(struct cap_ring, sq_tail) == 64, "ABI: cap_ring.sq_tail");

enum cap_op {
	CAP_OP_NOP = 0,	    /* result 0 */
	CAP_OP_CALL = 1,    /* target: cap id, or CAP_PROMISE() by flag */
	CAP_OP_RECV = 2,    /* target: cap id of an Endpoint */
	CAP_OP_RETURN = 3,  /* target: call id */
	CAP_OP_RELEASE = 4, /* target: cap id */
	CAP_OP_FINISH = 5,  /* target: user_data of an op of this ring, or answer id by flag */
	CAP_OP_SIGNAL = 6,  /* target: cap id of a Signaller; addr: bits to set */
	CAP_OP_WAIT = 7,    /* target: cap id of a Notification; addr: bits to wait for */
	CAP_OP_COUNT,
};

/* cap_sqe.flags */
#define CAP_SQE_EXCEPTION 0x01	 /* RETURN: the payload is a CapException; method: its type */
#define CAP_SQE_PROMISED 0x02	 /* CALL: the target is a capability of an answer of this ring */
#define CAP_SQE_ANSWER_ONLY 0x04 /* CALL: its capabilities are for promised calls alone */
#define CAP_SQE_ANSWER 0x08	 /* FINISH: the target is an answer id */
#define CAP_SQE_LAST 0x10	 /* promised CALL: as if the answer's FINISH came behind it */
#define CAP_SQE_RECEIVE 0x20	 /* RETURN: a turn; see receive_from */

/*
 * Answers of a ring that exist at once, from the CALL that names one to its FINISH. An id's
 * remainder by this number is its place, which one answer has at a time; the rest of the id is the
 * thread's own, so that an old id does not name a newer answer.
 */
#define CAP_ANSWERS_MAX 16

/* The target of a promised CALL: capability `ordinal` of the answer, which need not exist yet. */
#define CAP_PROMISE_ORDINAL_BITS 8
#define CAP_PROMISE(answer_id, ordinal)                                                            \
	((uint64_t)(answer_id) << CAP_PROMISE_ORDINAL_BITS | (uint64_t)(ordinal))

struct cap_sqe {
	uint8_t op;	    /* enum cap_op */
	uint8_t flags;	    /* CAP_SQE_* */
	uint16_t method;    /* CALL: ordinal; RETURN of an exception: enum exception_type */
	uint32_t op_flags;  /* zero */
	uint64_t target;    /* see enum cap_op */
	uint64_t user_data; /* returned in the completion */
	uint64_t addr; /* SIGNAL, WAIT: bits; else parameters or answer: a framed message; transfer
			  entries follow, 8-byte aligned */
	uint64_t result_addr;
	uint32_t len;	     /* bytes at addr, without the transfer entries */
	uint32_t result_len; /* bytes at result_addr, room for capability records included */
	uint32_t answer_id;  /* CALL: the name of its answer; zero: none */
	uint8_t xfer_count;  /* transfer entries behind the payload */
	uint8_t cap_max;     /* CALL, RECV: capabilities that the receiver takes at most */
	uint16_t reserved;   /* zero */
	union {
		uint64_t deadline_ns; /* absolute; 0 or UINT64_MAX: none */
		/*
		 * RETURN with CAP_SQE_RECEIVE, the turn of a server: when the answer is given, the
		 * submission becomes a RECV at this Endpoint, with result_addr, result_len and
		 * cap_max, and its completion is that RECV's. If the RETURN is refused, nothing is
		 * received. The answer is at most 16 KiB.
		 */
		cap_id_t receive_from;
	};
};
_Static_assert(sizeof(struct cap_sqe) == 64, "ABI: cap_sqe is 64 bytes");
_Static_assert(offsetof(struct cap_sqe, deadline_ns) == 56, "ABI: cap_sqe.deadline_ns");

struct cap_cqe {
	uint64_t user_data; /* from the submission, unchanged */
	int32_t result;	    /* >= 0: bytes written; < 0: CAP_ERR_* */
	uint16_t cap_count; /* all result caps; the first is below, the rest follow the payload */
	uint16_t flags;	    /* zero */
	union {
		cap_id_t cap_id; /* first result cap, or zero */
		uint64_t bits;	 /* WAIT: those that were set; they are cleared */
	};
	uint64_t interface_id; /* its interface */
};
_Static_assert(sizeof(struct cap_cqe) == 32, "ABI: cap_cqe is 32 bytes");

/* A transfer entry: behind the payload of a CALL or RETURN. */
enum cap_transfer_mode {
	CAP_TRANSFER_HOLE = 0, /* a null capability that keeps its ordinal; cap_id is zero */
	CAP_TRANSFER_COPY = 1,
	CAP_TRANSFER_MOVE = 2,
};

struct cap_transfer {
	cap_id_t cap_id;
	uint8_t mode; /* enum cap_transfer_mode */
	uint8_t reserved[7];
};
_Static_assert(sizeof(struct cap_transfer) == 16, "ABI: cap_transfer is 16 bytes");

/* A capability that arrived: behind the payload of a delivered call or of a result. */
struct cap_record {
	cap_id_t cap_id; /* zero for a hole */
	uint64_t interface_id;
};
_Static_assert(sizeof(struct cap_record) == 16, "ABI: cap_record is 16 bytes");

/* What a RECV delivers at result_addr; the parameters follow, then the records, 8-byte aligned. */
struct cap_delivery {
	uint64_t call_id;      /* the target of the RETURN; never reused in a process */
	uint64_t interface_id; /* that the caller's capability shows */
	uint64_t deadline_ns;  /* of the call; UINT64_MAX: none */
	uint32_t param_bytes;
	uint16_t method;
	uint16_t cap_count;
	uint8_t caller_reference[16]; /* opaque, service-scoped; zero without a session */
	uint32_t caller_epoch;
	uint32_t flags;	     /* CAP_DELIVERY_* */
	uint32_t result_len; /* room that the caller has for the answer, records included */
	uint32_t cap_max;    /* capabilities that the caller takes at most */
};
_Static_assert(sizeof(struct cap_delivery) == 64, "ABI: cap_delivery is 64 bytes");

/* cap_enter */
#define CAP_ENTER_YIELD                                                                            \
	UINT32_C(0x80000000) /* in min_complete: drain, then yield; deadline_ns is zero */
#define CAP_DEADLINE_POLL UINT64_C(0)
#define CAP_DEADLINE_NONE UINT64_MAX
