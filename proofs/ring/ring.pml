/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring protocol of docs/abi.md and kernel/ring/ring.c: a process that writes what it likes into
 * its two indexes, the owner thread in the kernel, and enders on other CPUs: a peer, a deadline,
 * death. Indexes are counters modulo NUMBERS, so that they wrap; sizes are the least that show
 * every case. What stands between two statements of the kernel that others can come between is a
 * statement of its own here; what the ring's lock holds together is one atomic.
 *
 * Two variants are explored. Without HONEST every read of an index may find any number. With it
 * the process keeps to the protocol: then the kernel may refuse nothing, what was written into a
 * slot is taken from it once, and every completion is found.
 */
#define SQ 2
#define CQ 2
#ifdef HONEST
#define NUMBERS 8
#else
#define NUMBERS 4 /* of each distance there are valid ones and a forged one */
#endif
#define NONE 7
#define AHEAD(to, from) (((to) + NUMBERS - (from)) % NUMBERS)
#define NEXT(number) (((number) + 1) % NUMBERS)

#define FREE 0
#define PENDING 1
#define CLAIMED 2
#define POSTED 3

/* Shared memory: the process writes the first two, the kernel the others; it never reads its own. */
byte user_sq_tail, user_cq_head;
byte shared_sq_head, shared_cq_tail;

/* The kernel's own: struct ring. */
byte sq_head, sq_tail, skipped, cq_head, cq_tail;
byte posted[CQ]; /* op of each completion */
byte state[CQ];	 /* of each op */
bool armed[CQ];	 /* its deadline */
bool dying, destroyed;

/* What the rules are about; the protocol itself never looks at it. */
bool written[SQ];	/* HONEST: a submission stands in the slot that was not taken yet */
bool taken[NUMBERS];	/* positions of the SQ that were taken, half the numbers back */
bool unread[CQ];	/* a completion stands in the place that was not reaped */
byte completions[CQ];	/* of the op's submission */

inline op_free(number) {
	assert(state[number] == POSTED);	/* rule reap: only what was posted is given back */
	assert(completions[number] == 1);	/* rule once */
	state[number] = FREE;
	completions[number] = 0
}

/* op_claim_end(): one compare and exchange. */
inline claim(number, won) {
	if
	:: state[number] == PENDING -> state[number] = CLAIMED; won = true
	:: else -> won = false
	fi
}

/* post_locked(), with the lock held. */
inline post(number) {
	assert(!destroyed);			/* rule death: nothing is posted behind it */
	assert(state[number] == CLAIMED);	/* rule claim: only by who claimed it */
	assert(AHEAD(cq_tail, cq_head) < CQ);	/* rule overflow */
	assert(!unread[cq_tail % CQ]);		/* rule overflow, by the places */
	completions[number]++;
	assert(completions[number] == 1);	/* rule once */
	armed[number] = false;
	state[number] = POSTED;
	posted[cq_tail % CQ] = number;
	unread[cq_tail % CQ] = true;
	cq_tail = NEXT(cq_tail);
#ifdef HONEST
	shared_cq_tail = cq_tail;
#endif
}

/* Ops that are not free are the outstanding ones, by the indexes: ring_outstanding(). */
inline check_counts() {
	assert(AHEAD(AHEAD(sq_head, skipped), cq_head) ==
	    (state[0] != FREE) + (state[1] != FREE));		/* rule counts */
	assert(AHEAD(cq_tail, cq_head) ==
	    (state[0] == POSTED) + (state[1] == POSTED))	/* rule counts */
}

#ifdef HONEST
active proctype process() {
	do
	:: destroyed -> break
	:: atomic { !destroyed && AHEAD(user_sq_tail, shared_sq_head) < SQ ->
		written[user_sq_tail % SQ] = true;
		user_sq_tail = NEXT(user_sq_tail) }
	:: atomic { !destroyed && user_cq_head != shared_cq_tail ->
		assert(unread[user_cq_head % CQ]);
		user_cq_head = NEXT(user_cq_head) }
	od
}
inline read_tail() { tail = user_sq_tail }
inline read_head() { head = user_cq_head }
#else
/* A process that may write anything at any time: every read may find any number. */
inline read_tail() { select(tail : 0 .. NUMBERS - 1) }
inline read_head() { select(head : 0 .. NUMBERS - 1) }
#endif

/* The one deadline, peer or other CPU that ends pending ops; between claim and completion all others go on. */
proctype ender(bool is_deadline) {
	byte number;
	bool won;

	do
	:: destroyed -> break
	:: atomic { !destroyed && (!is_deadline || armed[0]) -> number = 0; claim(0, won) }
		if
		:: won -> atomic { post(number); won = false }
		:: else
		fi
	:: atomic { !destroyed && (!is_deadline || armed[1]) -> number = 1; claim(1, won) }
		if
		:: won -> atomic { post(number); won = false }
		:: else
		fi
	od
}

/* The owner thread: cap_enter over and over, until the process dies. */
active proctype kernel() {
	byte tail, head, number, other;
	bool won, is_valid;

	atomic { run ender(false); run ender(true) }
enter:
	/* ring_refresh(): each index is read once. */
	atomic { read_tail() }
	atomic {
		read_head();
		is_valid = AHEAD(head, cq_head) <= AHEAD(cq_tail, cq_head);
#ifdef HONEST
		assert(is_valid);			/* rule refusal: who keeps to the protocol is not refused */
#endif
		if
		:: is_valid ->
			do
			:: cq_head != head ->
				assert(unread[cq_head % CQ]);
				unread[cq_head % CQ] = false;
				op_free(posted[cq_head % CQ]);
				cq_head = NEXT(cq_head)
			:: else -> break
			od
		:: else
		fi;
		head = 0;
		sq_tail = tail;
		tail = 0;
		if
		:: AHEAD(sq_tail, sq_head) > SQ ->
#ifdef HONEST
			assert(false);			/* rule refusal */
#endif
			is_valid = false;
			skipped = (skipped + AHEAD(sq_tail, sq_head)) % NUMBERS;
			sq_head = sq_tail;
			shared_sq_head = sq_head;
			/* A numbering of its own from here on. */
			number = 0;
			do
			:: number < NUMBERS -> taken[number] = false; number++
			:: else -> break
			od;
			number = 0
		:: else
		fi;
		check_counts()
	}
	if
	:: !is_valid -> goto left
	:: else
	fi;
take:
	atomic {
		if
		:: sq_head == sq_tail -> goto left
		:: else
		fi;
		number = NONE;
		if
		:: state[0] == FREE -> number = 0
		:: state[0] != FREE && state[1] == FREE -> number = 1
		:: else -> goto left			/* RING_FULL: nothing is fetched */
		fi;
		assert(AHEAD(sq_tail, sq_head) <= SQ);	/* rule published: only what lies before a valid tail */
		assert(!taken[sq_head]);		/* rule dispatch: a position once */
		taken[sq_head] = true;
		taken[(sq_head + NUMBERS / 2) % NUMBERS] = false;
#ifdef HONEST
		assert(written[sq_head % SQ]);		/* rule dispatch, by the slots */
		written[sq_head % SQ] = false;
#endif
		assert(state[number] == FREE && completions[number] == 0);
		state[number] = PENDING;
		sq_head = NEXT(sq_head);
		shared_sq_head = sq_head
	}
	if
	:: skip						/* NOP, or an error: it ends where it is taken */
		atomic { claim(number, won) }
		if
		:: won -> atomic { post(number); won = false }
		:: else
		fi
	:: skip						/* FINISH: it ends the other op, then itself */
		atomic { other = 1 - number; claim(other, won) }
		if
		:: won -> atomic { post(other); won = false }
		:: else
		fi;
		other = 0;
		atomic { claim(number, won) }
		if
		:: won -> atomic { post(number); won = false }
		:: else
		fi
	:: skip						/* it waits, maybe with a deadline: op_deadline_arm() */
		atomic {
			if
			:: state[number] == PENDING -> armed[number] = true
			:: true
			fi
		}
	fi;
	goto take;
left:
	number = 0;
	is_valid = false;
	if
	:: goto enter
	:: dying = true
	fi;
	/* Death ends what is pending, waits for those that others have claimed, then the ring goes. */
	do
	:: number < CQ ->
		atomic { claim(number, won) }
		if
		:: won -> atomic { post(number); won = false }
		:: else
		fi;
		number++
	:: else -> break
	od;
	atomic {
		AHEAD(AHEAD(sq_head, skipped), cq_tail) == 0 ->	/* ring_in_flight() */
		check_counts();
		assert(state[0] != PENDING && state[0] != CLAIMED);	/* rule owed: each that was taken has ended */
		assert(state[1] != PENDING && state[1] != CLAIMED);
		assert(completions[0] == (state[0] == POSTED));
		assert(completions[1] == (state[1] == POSTED));
		assert(!armed[0] && !armed[1]);			/* rule deadline: none outlives its op */
		destroyed = true
	}
}
