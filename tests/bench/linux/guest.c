/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The yardstick: what Linux takes for the operations that we measure, in the same emulator. This is
 * init of a Linux guest with no other program. It prints `linux_<name> <instructions>` lines and
 * stops the machine. One time-stamp unit is one instruction (see docs/testing.md), so a figure is a
 * difference of time stamps; each is the median of many samples.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLE_COUNT 101
#define EXIT_PORT 0xf4
#define MESSAGE_BYTES 64

static inline uint64_t
time_stamp(void)
{
	return __builtin_ia32_rdtsc();
}

static _Noreturn void
stop(uint8_t code)
{
	fflush(stdout);
	if (ioperm(EXIT_PORT, 4, 1) == 0)
		outb(code, EXIT_PORT);
	for (;;)
		pause();
}

static void
require(int ok, const char *what)
{
	if (ok)
		return;
	printf("linux guest: %s: %s\n", what, strerror(errno));
	stop(1);
}

static int
compare(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one;
	uint64_t b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

/* Run `operation` many times; print the median of its cost, divided by `each`. */
static void
measure(const char *name, void (*operation)(uint64_t turn), uint64_t each)
{
	static uint64_t samples[SAMPLE_COUNT];

	for (uint64_t turn = 0; turn < 20; turn++)
		operation(turn);
	for (uint64_t turn = 0; turn < SAMPLE_COUNT; turn++) {
		uint64_t start = time_stamp();

		operation(turn);
		samples[turn] = time_stamp() - start;
	}
	qsort(samples, SAMPLE_COUNT, sizeof(samples[0]), compare);
	printf("linux_%s %lu\n", name, (unsigned long)(samples[SAMPLE_COUNT / 2] / each));
}

static int echo_socket;

static void
echo_child(int socket)
{
	uint8_t message[MESSAGE_BYTES];

	while (read(socket, message, sizeof(message)) == sizeof(message))
		if (write(socket, message, sizeof(message)) != sizeof(message))
			break;
	_exit(0);
}

static void
echo(uint64_t turn)
{
	uint8_t message[MESSAGE_BYTES];
	uint8_t answer[MESSAGE_BYTES];

	memset(message, (int)(turn & 0xff), sizeof(message));
	require(write(echo_socket, message, sizeof(message)) == sizeof(message), "write");
	require(read(echo_socket, answer, sizeof(answer)) == sizeof(answer), "read");
	require(memcmp(message, answer, sizeof(message)) == 0, "echo differs");
}

/* The message, and one descriptor beside it. */
struct passing {
	uint8_t message[MESSAGE_BYTES];
	struct iovec bytes;
	struct msghdr whole;
	union { /* last: the header has no fixed end */
		uint8_t room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} beside;
};

static void
passing_init(struct passing *passing)
{
	memset(&passing->whole, 0, sizeof(passing->whole));
	passing->bytes = (struct iovec){ passing->message, sizeof(passing->message) };
	passing->whole.msg_iov = &passing->bytes;
	passing->whole.msg_iovlen = 1;
	passing->whole.msg_control = passing->beside.room;
	passing->whole.msg_controllen = sizeof(passing->beside.room);
}

/* Answers like echo_child, once the descriptor that came along is closed. */
static void
pass_fd_child(int socket)
{
	struct passing passing;

	for (;;) {
		int fd;

		passing_init(&passing);
		if (recvmsg(socket, &passing.whole, 0) != MESSAGE_BYTES ||
		    passing.whole.msg_controllen < CMSG_LEN(sizeof(fd)) ||
		    passing.beside.header.cmsg_type != SCM_RIGHTS)
			break;
		memcpy(&fd, CMSG_DATA(&passing.beside.header), sizeof(fd));
		if (close(fd) != 0 ||
		    write(socket, passing.message, MESSAGE_BYTES) != MESSAGE_BYTES)
			break;
	}
	_exit(0);
}

static int passed_fd;

static void
pass_fd(uint64_t turn)
{
	struct passing passing;
	uint8_t answer[MESSAGE_BYTES];

	passing_init(&passing);
	memset(passing.message, (int)(turn & 0xff), sizeof(passing.message));
	passing.beside.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(passed_fd)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&passing.beside.header), &passed_fd, sizeof(passed_fd));
	require(sendmsg(echo_socket, &passing.whole, 0) == MESSAGE_BYTES, "sendmsg");
	require(read(echo_socket, answer, sizeof(answer)) == sizeof(answer), "read");
	require(memcmp(passing.message, answer, sizeof(answer)) == 0, "echo differs");
}

/* A child that serves one end of a socket pair, and an operation at the other one. */
static void
measure_with(const char *name, void (*child_runs)(int socket), void (*operation)(uint64_t turn))
{
	int pair[2];
	pid_t child;

	require(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0, "socketpair");
	child = fork();
	require(child >= 0, "fork");
	if (child == 0) {
		close(pair[0]);
		child_runs(pair[1]);
	}
	close(pair[1]);
	echo_socket = pair[0];
	measure(name, operation, 1);
	close(pair[0]);
	waitpid(child, NULL, 0);
}

static int event_mine;
static int event_yours;

static void
signal_no_waiter(uint64_t turn)
{
	uint64_t count = turn + 1;

	require(write(event_yours, &count, sizeof(count)) == sizeof(count), "eventfd");
}

static void
signal_child(void)
{
	uint64_t count;

	while (read(event_yours, &count, sizeof(count)) == sizeof(count))
		if (write(event_mine, &count, sizeof(count)) != sizeof(count))
			break;
	_exit(0);
}

static void
signal_round_trip(uint64_t turn)
{
	uint64_t count = turn + 1;
	uint64_t answer;

	require(write(event_yours, &count, sizeof(count)) == sizeof(count), "eventfd");
	require(read(event_mine, &answer, sizeof(answer)) == sizeof(answer), "eventfd");
	require(answer == count, "another count");
}

static void
measure_signals(void)
{
	uint64_t count;
	pid_t child;

	event_mine = eventfd(0, 0);
	event_yours = eventfd(0, 0);
	require(event_mine >= 0 && event_yours >= 0, "eventfd");
	measure("signal_no_waiter", signal_no_waiter, 1);
	require(read(event_yours, &count, sizeof(count)) == sizeof(count), "eventfd");
	child = fork();
	require(child >= 0, "fork");
	if (child == 0)
		signal_child();
	measure("signal_round_trip", signal_round_trip, 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void
map_touch_unmap(uint64_t turn)
{
	volatile uint64_t *page =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(page != MAP_FAILED, "mmap");
	*page = turn;
	require(munmap((void *)(uintptr_t)page, 4096) == 0, "munmap");
}

static struct {
	int fd;
	uint32_t *sq_tail;
	uint32_t *sq_mask;
	uint32_t *sq_array;
	uint32_t *cq_head;
	uint32_t *cq_tail;
	uint32_t *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
} uring;

static void *
uring_map(size_t bytes, uint64_t offset)
{
	void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
	    uring.fd, (off_t)offset);

	require(address != MAP_FAILED, "mmap of io_uring");
	return address;
}

static void
uring_start(void)
{
	struct io_uring_params params = { 0 };
	uint8_t *sq;
	uint8_t *cq;

	uring.fd = (int)syscall(SYS_io_uring_setup, 32, &params);
	require(uring.fd >= 0, "io_uring_setup");
	sq = uring_map(
	    params.sq_off.array + params.sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
	cq = uring_map(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
	    IORING_OFF_CQ_RING);
	uring.sqes = uring_map(params.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	uring.sq_tail = (uint32_t *)(void *)(sq + params.sq_off.tail);
	uring.sq_mask = (uint32_t *)(void *)(sq + params.sq_off.ring_mask);
	uring.sq_array = (uint32_t *)(void *)(sq + params.sq_off.array);
	uring.cq_head = (uint32_t *)(void *)(cq + params.cq_off.head);
	uring.cq_tail = (uint32_t *)(void *)(cq + params.cq_off.tail);
	uring.cq_mask = (uint32_t *)(void *)(cq + params.cq_off.ring_mask);
	uring.cqes = (struct io_uring_cqe *)(void *)(cq + params.cq_off.cqes);
}

static void
uring_nops(uint64_t turn, uint32_t count)
{
	uint32_t tail = *uring.sq_tail;
	uint32_t head = *uring.cq_head;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t index = (tail + i) & *uring.sq_mask;

		memset(&uring.sqes[index], 0, sizeof(uring.sqes[index]));
		uring.sqes[index].opcode = IORING_OP_NOP;
		uring.sqes[index].user_data = turn + i;
		uring.sq_array[index] = index;
	}
	__atomic_store_n(uring.sq_tail, tail + count, __ATOMIC_RELEASE);
	require(syscall(SYS_io_uring_enter, uring.fd, count, count, IORING_ENTER_GETEVENTS, NULL,
		    0) == count,
	    "io_uring_enter");
	for (uint32_t i = 0; i < count; i++)
		require(uring.cqes[(head + i) & *uring.cq_mask].user_data == turn + i,
		    "io_uring order");
	__atomic_store_n(uring.cq_head, head + count, __ATOMIC_RELEASE);
}

static void
nop_1(uint64_t turn)
{
	uring_nops(turn, 1);
}

static void
nop_16(uint64_t turn)
{
	uring_nops(turn, 16);
}

static void
null_call(uint64_t turn)
{
	struct stat status;

	/* The plain system call: the C library's fstat goes through newfstatat, which takes more
	 * than twice as long. */
	(void)turn;
	require(syscall(SYS_fstat, 1, &status) == 0, "fstat");
}

static void
spawn(uint64_t turn)
{
	static char *const arguments[] = { "/child", NULL };
	int status;
	pid_t child = vfork();

	(void)turn;
	if (child == 0) {
		execve("/child", arguments, NULL);
		_exit(127);
	}
	require(child > 0 && waitpid(child, &status, 0) == child, "vfork");
	require(WIFEXITED(status) && WEXITSTATUS(status) == 7, "the child's exit code");
}

int
main(void)
{
	measure("null_call_1", null_call, 1);
	uring_start();
	measure("nop_1", nop_1, 1);
	measure("nop_16_each", nop_16, 16);
	measure_with("echo_64_round_trip", echo_child, echo);
	passed_fd = eventfd(0, 0);
	require(passed_fd >= 0, "eventfd");
	measure_with("echo_64_pass_fd", pass_fd_child, pass_fd);
	measure_signals();
	measure("map_touch_unmap_4k", map_touch_unmap, 1);
	measure("spawn_run_reap", spawn, 1);
	printf("linux guest: done\n");
	stop(0);
}
