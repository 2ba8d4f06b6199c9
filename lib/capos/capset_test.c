/* SPDX-License-Identifier: Apache-2.0 */
/* What a program is given at its start, and what it says when it cannot go on. */
#include <schema/console.client.h>
#include <schema/timer.client.h>

#include "base/test.h"
#include "fake_kernel.h"

static struct capos self;
static jmp_buf exit_jump;
static int64_t exit_code;

static struct {
	struct capset_header header;
	struct capset_entry entries[2];
} page;

void
capos_exit(int64_t code)
{
	exit_code = code;
	longjmp(exit_jump, 1);
}

static void
start(void)
{
	fake_start(&self);
	exit_code = 0;
	memset(&page, 0, sizeof(page));
	page.header.entry_count = 2;
	page.entries[0] = (struct capset_entry){ .name = "console",
		.cap_id = 21,
		.interface_id = CONSOLE_INTERFACE_ID,
		.origin = CAPSET_ORIGIN_KERNEL };
	page.entries[1] = (struct capset_entry){
		.name = "timer", .cap_id = 22, .interface_id = TIMER_INTERFACE_ID, .origin = 5
	};
	self.capset = &page.header;
}

TEST(a_capability_is_found_by_its_name_and_interface)
{
	struct timer timer;

	start();
	CHECK_EQ(timer_from_capset(&self, "timer", &timer), CAP_OK);
	CHECK_EQ(timer.cap.cap_id, 22);
	CHECK_EQ(timer.cap.interface_id, TIMER_INTERFACE_ID);
	CHECK_EQ(timer.cap.self, &self);
}

TEST(a_capability_of_another_name_or_interface_is_not_taken)
{
	struct timer timer = { { NULL, 1, 2 } };

	start();
	CHECK_EQ(timer_from_capset(&self, "console", &timer), CAP_ERR_WRONG_INTERFACE);
	CHECK_EQ(timer_from_capset(&self, "time", &timer), CAP_ERR_NOT_FOUND);
	CHECK_EQ(timer_from_capset(&self, "timers", &timer), CAP_ERR_NOT_FOUND);
	CHECK_EQ(timer_from_capset(&self, "", &timer), CAP_ERR_NOT_FOUND);
	page.header.entry_count = 1;
	CHECK_EQ(timer_from_capset(&self, "timer", &timer), CAP_ERR_NOT_FOUND);
	self.capset = NULL;
	CHECK_EQ(timer_from_capset(&self, "console", &timer), CAP_ERR_NOT_FOUND);
	CHECK_EQ(timer.cap.cap_id, 1);
}

TEST(the_grants_are_listed_in_their_order)
{
	start();
	CHECK_EQ(capos_capset_count(&self), 2);
	CHECK_STR(capos_capset_entry(&self, 0).name, "console");
	CHECK(capos_capset_entry(&self, 0).is_kernel);
	CHECK_STR(capos_capset_entry(&self, 1).name, "timer");
	CHECK(!capos_capset_entry(&self, 1).is_kernel);
	CHECK_EQ(capos_capset_entry(&self, 1).cap.cap_id, 22);
	self.capset = NULL;
	CHECK_EQ(capos_capset_count(&self), 0);
}

TEST(the_clock_is_read_without_the_kernel)
{
	uint64_t first;
	uint64_t second;

	start();
	CHECK_EQ(capos_now(&self), 0); /* the page has no clock */
	page.header.features = CAPSET_FEATURE_CLOCK;
	page.header.clock_base_ns = 5000;
	page.header.clock_multiplier = 0;
	CHECK_EQ(capos_now(&self), 5000);
	/* One tick is 2 ns. */
	page.header.clock_multiplier = 4;
	page.header.clock_shift = 1;
	first = capos_now(&self);
	second = capos_now(&self);
	CHECK(first > 5000 && first % 2 == 0 && second >= first);
	CHECK_EQ(fake.entries, 0);
}

static char written[256];

static void
write_line(const struct cap_sqe *sqe)
{
	static const uint32_t empty[] = { 0, 1, 0, 0 };
	struct capnp_reader reader;
	struct capnp_text text;

	CHECK_EQ(sqe->target, 21);
	CHECK_EQ(sqe->method, CONSOLE_METHOD_WRITE_LINE);
	CHECK_EQ(capnp_reader_init(&reader, (const void *)sqe->addr, sqe->len), CAPNP_OK);
	text = console_write_line_params_text(console_write_line_params_root(&reader));
	memcpy(written, text.data, text.size + 1);
	memcpy((void *)sqe->result_addr, empty, sizeof(empty));
	fake_complete(sqe, sizeof(empty));
}

static void
panic_with(const char *text)
{
	written[0] = 0;
	if (setjmp(exit_jump) == 0)
		capos_panic(&self, "%s: %d", text, 42);
	CHECK_EQ(exit_code, CAPOS_EXIT_PANIC);
}

TEST(the_last_words_need_no_free_buffer)
{
	start();
	fake.on_op = write_line;
	memset((void *)self.free_blocks, 0, sizeof(self.free_blocks));
	panic_with("out of everything");
	CHECK_STR(written, "out of everything: 42");
}

TEST(the_last_words_are_cut_where_their_memory_ends)
{
	char text[300];

	start();
	fake.on_op = write_line;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	panic_with(text);
	CHECK_EQ(strlen(written), 199);
}

TEST(without_a_console_a_program_ends_all_the_same)
{
	start();
	self.capset = NULL;
	panic_with("nobody hears");
	CHECK_EQ(fake.entries, 0);
	start();
	fake.refusal = CAP_ERR_RING_CORRUPT;
	panic_with("nobody answers");
	CHECK_STR(written, "");
}
