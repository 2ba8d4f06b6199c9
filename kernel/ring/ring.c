/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's side of a ring. Heads and tails of the kernel are its own; what the process writes
 * is read once and treated as a distance that has a bound. The owner thread takes submissions;
 * completions may come from any CPU and are serialised by the lock, which also decides whether a
 * waiting thread's wait is over.
 */
#include "ring/ring.h"

#include <core/string.h>
#include <stdatomic.h>

#include "base/assert.h"
#include "mm/pool.h"
#include "ring/ring_internal.h"
#include "ring/tap.h"

static struct pool ring_pool;
static struct ring_hooks hooks;

void
ring_init(const struct ring_hooks *given)
{
	hooks = *given;
	pool_init(&ring_pool, "ring", sizeof(struct ring));
	op_deadlines_init();
}

void
ring_op_expired(struct op *op)
{
	hooks.op_expired(op);
}

static bool
is_power_of_two(uint32_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

/* Where the message area starts, or 0 if the queues do not fit. */
static uint32_t
message_offset(const struct ring_request *request)
{
	uint64_t bytes = sizeof(struct cap_ring) +
	    (uint64_t)request->sq_entries * sizeof(struct cap_sqe) +
	    (uint64_t)request->cq_entries * sizeof(struct cap_cqe);

	return bytes <= request->region_bytes ? (uint32_t)bytes : 0;
}

static void
region_fill(struct ring *ring, const struct ring_request *request)
{
	struct cap_ring *shared = request->region;

	shared->magic = CAP_RING_MAGIC;
	shared->version = CAP_RING_VERSION;
	shared->sq_entries = request->sq_entries;
	shared->cq_entries = request->cq_entries;
	shared->sq_offset = sizeof(struct cap_ring);
	shared->cq_offset =
	    shared->sq_offset + request->sq_entries * (uint32_t)sizeof(struct cap_sqe);
	shared->message_offset = message_offset(request);
	shared->message_bytes = request->region_bytes - shared->message_offset;
	ring->shared = shared;
	ring->sq = (struct cap_sqe *)(void *)((char *)request->region + shared->sq_offset);
	ring->cq = (struct cap_cqe *)(void *)((char *)request->region + shared->cq_offset);
}

enum cap_status
ring_create(const struct ring_request *request, struct ring **out)
{
	void *memory;
	struct ring *ring;
	enum cap_status status;

	if (!is_power_of_two(request->sq_entries) || !is_power_of_two(request->cq_entries) ||
	    request->cq_entries > RING_OPS_MAX || request->sq_entries > request->cq_entries ||
	    message_offset(request) == 0)
		return CAP_ERR_INVALID_ARGUMENT;
	status = pool_alloc(&ring_pool, request->payer, &memory);
	if (status != CAP_OK)
		return status;
	ring = memory;
	region_fill(ring, request);
	ring->thread = request->thread;
	ring->payer = request->payer;
	ring->address = request->address;
	ring->region_bytes = request->region_bytes;
	ring->sq_mask = request->sq_entries - 1;
	ring->cq_mask = request->cq_entries - 1;
	ring->sq_ready_max = request->sq_entries;
	ring->free_ops = UINT32_MAX >> (32 - request->cq_entries);
	spin_init(&ring->lock, LOCK_RANK_RING, request->address);
	for (uint32_t i = 0; i < request->cq_entries; i++) {
		ring->ops[i].index = (uint8_t)i;
		ring->ops[i].ring = ring;
		list_init(&ring->ops[i].link);
	}
	*out = ring;
	return CAP_OK;
}

void
ring_destroy(struct ring *ring)
{
	KASSERT(ring_in_flight(ring) == 0);
	op_deadlines_free(ring);
	pool_free(&ring_pool, ring->payer, ring);
}

struct thread *
ring_thread(const struct ring *ring)
{
	return ring->thread;
}

uaddr_t
ring_address(const struct ring *ring)
{
	return ring->address;
}

struct answers **
ring_answers(struct ring *ring)
{
	return &ring->answers;
}

uint32_t *
ring_strikes(struct ring *ring)
{
	return &ring->strikes;
}

struct op *
ring_op(struct ring *ring, uint32_t index)
{
	return &ring->ops[index];
}

uint32_t
ring_cq_entries(const struct ring *ring)
{
	return ring->cq_mask + 1;
}

uint32_t
ring_ready(const struct ring *ring)
{
	return ring->sq_tail - ring->sq_head;
}

uint32_t
ring_unread(const struct ring *ring)
{
	return __atomic_load_n(&ring->cq_tail, __ATOMIC_RELAXED) - ring->cq_head;
}

uint32_t
ring_outstanding(const struct ring *ring)
{
	return ring->sq_head - ring->skipped - ring->cq_head;
}

uint32_t
ring_in_flight(const struct ring *ring)
{
	return ring_outstanding(ring) - ring_unread(ring);
}

/*
 * POSTED -> FREE for completions before `cq_head`: the bit says it; `state` is looked at for
 * PENDING only.
 */
static inline void
reap(struct ring *ring, uint32_t cq_head)
{
	uint32_t free_ops = ring->free_ops;
	uint32_t at = ring->cq_head;

	if (at == cq_head)
		return;
	_Pragma("nounroll") for (; at != cq_head; at++) free_ops |= 1U
	    << ring->posted[at & ring->cq_mask];
	ring->free_ops = free_ops;
	ring->cq_head = cq_head;
}

/*
 * Forged indexes: the last valid head stays in force, and nothing before the forged tail is taken.
 * Or submissions of a tapped ring, which are ready.
 */
static COLD bool
refuse_indexes(struct ring *ring, uint32_t sq_tail, bool is_refused)
{
	ring->sq_tail = sq_tail;
	ring->is_refused = is_refused;
	if (sq_tail - ring->sq_head > ring->sq_mask + 1) {
		ring->is_refused = true;
		ring->skipped += sq_tail - ring->sq_head;
		ring->sq_head = sq_tail;
		__atomic_store_n(&ring->shared->sq_head, sq_tail, __ATOMIC_RELEASE);
	}
	return false;
}

bool
ring_refresh(struct ring *ring)
{
	const struct cap_ring *shared = ring->shared;
	/* Both pair with the release stores of the process: what it wrote before is seen. */
	uint32_t sq_tail = __atomic_load_n(&shared->sq_tail, __ATOMIC_ACQUIRE);
	uint32_t cq_head = __atomic_load_n(&shared->cq_head, __ATOMIC_ACQUIRE);
	/* Acquire: the entries of posted[] before this tail are there. */
	uint32_t cq_tail = __atomic_load_n(&ring->cq_tail, __ATOMIC_ACQUIRE);

	if (cq_head - ring->cq_head > cq_tail - ring->cq_head)
		return refuse_indexes(ring, sq_tail, true);
	reap(ring, cq_head);
	if (sq_tail - ring->sq_head > __atomic_load_n(&ring->sq_ready_max, __ATOMIC_RELAXED))
		return refuse_indexes(ring, sq_tail, false);
	ring->sq_tail = sq_tail;
	return true;
}

/* What a completion takes from its op. */
struct post {
	uint32_t index;
	bool hands_over;
	uint64_t user_data;
};

/* Post a completion; the lock is held, and the op's record is as its owner wants it. */
static inline void
post_locked(struct ring *ring, struct post post, const struct op_result *result)
{
	uint32_t tail = ring->cq_tail;
	uint32_t place = tail & ring->cq_mask;

	ring->cq[place] = (struct cap_cqe){
		.user_data = post.user_data,
		.result = result->result,
		.cap_count = result->cap_count,
		.cap_id = result->cap_id,
		.interface_id = result->interface_id,
	};
	ring->posted[place] = (uint8_t)post.index;
	tail++;
	/*
	 * Pairs with the owner's load in ring_refresh(), and with the process's of the shared tail.
	 */
	__atomic_store_n(&ring->cq_tail, tail, __ATOMIC_RELEASE);
	__atomic_store_n(&ring->shared->cq_tail, tail, __ATOMIC_RELEASE);
	if (ring->wait_count != 0 && tail - ring->cq_head >= ring->wait_count) {
		ring->wait_count = 0;
		ring_wait_over(ring->thread, tail - ring->cq_head, post.hands_over);
	}
}

/* A free op leaves the free ones. */
static inline uint32_t
claim_free(struct ring *ring)
{
	uint32_t index = (uint32_t)__builtin_ctz(ring->free_ops);

	ring->free_ops &= ring->free_ops - 1;
	return index;
}

/* The words of a submission, each read once. */
static inline uint64_t
sqe_word(const struct cap_sqe *sqe, uint32_t index)
{
	return __atomic_load_n((const uint64_t *)(const void *)sqe + index, __ATOMIC_RELAXED);
}

/* The record of a claimed op for what was taken; its submission is the caller's to fill in. */
static inline struct op *
op_begin(struct ring *ring, uint32_t index)
{
	struct op *op = &ring->ops[index];

	/* Nobody else knows the op: not linked anywhere, no deadline armed. */
	atomic_store_explicit(&op->state, OP_PENDING, memory_order_relaxed);
	op->place = OP_PLACE_NONE;
	op->reserved_slots = 0;
	op->extras = 0;
	op->unused = 0;
	op->object = NULL;
	op->sequence = ring->sq_head;
	return op;
}

/*
 * A NOP needs its op only so that the queue cannot overflow: it ends where it is taken. One that
 * has a bit that it may not have gets an op, and what its refusal tells of it.
 */
static inline struct op *
take_nop(struct ring *ring, const struct cap_sqe *shared, uint64_t first)
{
	uint64_t target = sqe_word(shared, 1);
	uint64_t rest = first | target | sqe_word(shared, 3) | sqe_word(shared, 4) |
	    sqe_word(shared, 5) | sqe_word(shared, 6);
	uint64_t user_data = sqe_word(shared, 2);
	struct op *op;

	_Static_assert(CAP_OP_NOP == 0, "a valid NOP has no bit but in user_data and deadline");
	if (rest == 0) {
		spin_lock(&ring->lock);
		post_locked(ring,
		    (struct post){ .index = claim_free(ring), .user_data = user_data },
		    &(struct op_result){ 0 });
		spin_unlock(&ring->lock);
		return NULL;
	}
	op = op_begin(ring, claim_free(ring));
	op->sqe = (struct cap_sqe){ .op = CAP_OP_NOP, .target = target, .user_data = user_data };
	return op;
}

static inline struct op *
take_other(struct ring *ring, const struct cap_sqe *shared, uint64_t first)
{
	struct op *op = op_begin(ring, claim_free(ring));
	uint64_t *words = (uint64_t *)(void *)&op->sqe;

	words[0] = first;
	for (uint32_t i = 1; i < sizeof(op->sqe) / sizeof(words[0]); i++)
		words[i] = sqe_word(shared, i);
	return op;
}

/* Its words apart: whoever has them in registers keeps them there. */
static COLD struct op *
bare_op(struct ring *ring, uint64_t target, uint64_t user_data, uint64_t addr, uint64_t rest)
{
	struct op *op = op_begin(ring, (uint8_t)(rest >> 8));

	op->sqe = (struct cap_sqe){
		.op = (uint8_t)rest,
		.target = target,
		.user_data = user_data,
		.addr = addr,
		.len = (uint32_t)(rest >> 32),
	};
	return op;
}

HOT_INLINE struct op *
ring_bare_op(struct ring *ring, struct ring_bare bare)
{
	return bare_op(ring, bare.target, bare.user_data, bare.addr,
	    (uint64_t)bare.len << 32 | (uint64_t)bare.index << 8 | bare.opcode);
}

/*
 * NULL: it is bare, whatever its length, if it `has_len`. Another gets an op, of the same words.
 */
static inline struct op *
take_bare(struct ring *ring, const struct cap_sqe *shared, struct ring_bare *bare, bool has_len)
{
	uint64_t result_addr = sqe_word(shared, 4);
	uint64_t lengths = sqe_word(shared, 5);
	uint64_t transfer = sqe_word(shared, 6);
	uint64_t deadline_ns = sqe_word(shared, 7);
	struct op *op;

	bare->target = sqe_word(shared, 1);
	bare->user_data = sqe_word(shared, 2);
	bare->addr = sqe_word(shared, 3);
	bare->len = has_len ? (uint32_t)lengths : 0;
	bare->index = (uint8_t)claim_free(ring);
	if ((result_addr | (has_len ? lengths >> 32 : lengths) | transfer | deadline_ns) == 0)
		return NULL;
	op = ring_bare_op(ring, *bare);
	op->sqe.result_addr = result_addr;
	op->sqe.len = (uint32_t)lengths;
	op->sqe.result_len = (uint32_t)(lengths >> 32);
	__builtin_memcpy((char *)&op->sqe + 6 * sizeof(transfer), &transfer, sizeof(transfer));
	op->sqe.deadline_ns = deadline_ns;
	return op;
}

HOT_INLINE void
ring_bare_end(struct ring *ring, struct ring_bare bare)
{
	spin_lock(&ring->lock);
	post_locked(ring, (struct post){ .index = bare.index, .user_data = bare.user_data },
	    &(struct op_result){ 0 });
	spin_unlock(&ring->lock);
}

static inline enum ring_take
take_any(struct ring *ring, const struct cap_sqe *shared, struct op **out, struct ring_bare *bare)
{
	uint64_t first = sqe_word(shared, 0);

	if ((uint16_t)first == CAP_OP_CALL) {
		*out = take_other(ring, shared, first);
		return RING_CALL;
	}
	if ((uint8_t)first == CAP_OP_NOP) {
		*out = take_nop(ring, shared, first);
		return *out == NULL ? RING_DONE : RING_TAKEN;
	}
	if (first == CAP_OP_SIGNAL) {
		bare->opcode = CAP_OP_SIGNAL;
		*out = take_bare(ring, shared, bare, false);
		return *out == NULL ? RING_SIGNAL : RING_TAKEN;
	}
	if (first == CAP_OP_RETURN) {
		bare->opcode = CAP_OP_RETURN;
		*out = take_bare(ring, shared, bare, true);
		return *out == NULL ? RING_RETURN : RING_TAKEN;
	}
	if (first == CAP_OP_RELEASE) {
		bare->opcode = CAP_OP_RELEASE;
		*out = take_bare(ring, shared, bare, false);
		return *out == NULL ? RING_RELEASE : RING_TAKEN;
	}
	*out = take_other(ring, shared, first);
	return first == (CAP_OP_RETURN | CAP_SQE_RECEIVE << 8) ? RING_TURN : RING_TAKEN;
}

HOT_INLINE enum ring_take
ring_take(struct ring *ring, struct op **out, struct ring_bare *bare)
{
	const struct cap_sqe *shared = &ring->sq[ring->sq_head & ring->sq_mask];
	enum ring_take taken;

	if (ring->free_ops == 0)
		return RING_FULL;
	ring->sq_head++;
	taken = take_any(ring, shared, out, bare);
	/* Release: the slot is read before the process may see that it is free. */
	__atomic_store_n(&ring->shared->sq_head, ring->sq_head, __ATOMIC_RELEASE);
	return taken;
}

COLD enum ring_take
ring_take_tapped(struct ring *ring, struct op **out)
{
	const struct cap_sqe *shared = &ring->sq[ring->sq_head & ring->sq_mask];

	if (ring->free_ops == 0)
		return RING_FULL;
	ring->sq_head++;
	*out = take_other(ring, shared, sqe_word(shared, 0));
	/* Release: the slot is read before the process may see that it is free. */
	__atomic_store_n(&ring->shared->sq_head, ring->sq_head, __ATOMIC_RELEASE);
	return RING_TAKEN;
}

void
ring_tap_set(struct ring *ring, struct ring_tap *tap)
{
	spin_lock(&ring->lock);
	/* Release: whoever sees the tap sees what it points to. */
	__atomic_store_n(&ring->tap, tap, __ATOMIC_RELEASE);
	__atomic_store_n(
	    &ring->sq_ready_max, tap != NULL ? 0 : ring->sq_mask + 1, __ATOMIC_RELAXED);
	spin_unlock(&ring->lock);
}

bool
ring_is_refused(const struct ring *ring)
{
	return ring->is_refused;
}

struct ring_tap *
ring_tapped(const struct ring *ring)
{
	return __atomic_load_n(&ring->tap, __ATOMIC_ACQUIRE);
}

bool
op_claim_end(struct op *op)
{
	uint8_t expected = OP_PENDING;

	/*
	 * Acquire: the winner sees what the op's place was; release: losers see the winner's work
	 * before.
	 */
	return atomic_compare_exchange_strong_explicit(
	    &op->state, &expected, OP_CLAIMED, memory_order_acq_rel, memory_order_relaxed);
}

/* What depends on the answer is seen to before the process can know of it. */
static COLD void
extras_end(struct op *op, const struct op_result *result)
{
	struct ring *ring = op->ring;

	/* The ring may be another one's by now, or nobody's. */
	if ((op->extras & OP_TAPPED) != 0 && ring_tapped(ring) != NULL)
		ring_tap_completed(ring_tapped(ring), op, result);
	if (op->extras & OP_ANSWERS)
		hooks.op_answered(op, result->result);
	if (op->extras & OP_CELLED)
		hooks.op_cell_drop(op);
	if (op->extras & OP_TIMED)
		op_deadline_drop(op);
}

static inline void
complete(struct op *op, const struct op_result *result, bool hands_over)
{
	struct ring *ring = op->ring;
	struct post post = { op->index, hands_over, op->sqe.user_data };

	spin_lock(&ring->lock);
	atomic_store_explicit(&op->state, OP_POSTED, memory_order_relaxed);
	post_locked(ring, post, result);
	spin_unlock(&ring->lock);
}

/* In memory on this path alone. */
static inline void
end_extras(struct op *op, const struct op_result *result)
{
	const struct op_result copy = *result;

	extras_end(op, &copy);
}

HOT_INLINE void
op_complete(struct op *op, const struct op_result *result)
{
	if (op->extras != 0)
		end_extras(op, result);
	complete(op, result, false);
}

HOT_INLINE void
op_complete_and_hand_over(struct op *op, const struct op_result *result)
{
	if (op->extras != 0)
		end_extras(op, result);
	complete(op, result, true);
}

HOT_INLINE void
op_complete_untimed(struct op *op, const struct op_result *result)
{
	complete(op, result, false);
}

void
op_complete_status(struct op *op, int32_t result)
{
	struct op_result completion = { .result = result };

	op_complete(op, &completion);
}

uint32_t
ring_wait_begin(struct ring *ring, uint32_t count)
{
	uint32_t unread;

	spin_lock(&ring->lock);
	unread = ring->cq_tail - ring->cq_head;
	if (unread < count) {
		ring->wait_count = count;
		unread = 0;
	}
	spin_unlock(&ring->lock);
	return unread;
}

bool
ring_wait_end(struct ring *ring)
{
	bool waiting;

	spin_lock(&ring->lock);
	waiting = ring->wait_count != 0;
	ring->wait_count = 0;
	spin_unlock(&ring->lock);
	return waiting;
}

HOT_INLINE void *
ring_pinned(const struct ring *ring, uaddr_t address, size_t bytes)
{
	uint64_t offset = address - ring->address;

	if (offset > ring->region_bytes || bytes > ring->region_bytes - offset)
		return NULL;
	ASSUME(ring->shared != NULL);
	return (char *)ring->shared + offset;
}

HOT_INLINE uint64_t *
ring_pinned_words(const struct ring *ring, uaddr_t address, uint32_t word_count)
{
	uint64_t offset = address - ring->address;

	/* The region is a number of pages: it has room for more words than anyone asks for. */
	if (offset > ring->region_bytes - word_count * sizeof(uint64_t) ||
	    offset % sizeof(uint64_t) != 0)
		return NULL;
	ASSUME(ring->shared != NULL);
	return (uint64_t *)(void *)((char *)ring->shared + offset);
}
