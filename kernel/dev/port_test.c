/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that nobody gets: each of them, and every range that touches one. */
#include "dev/port.h"

#include "base/test.h"

struct range {
	uint16_t base;
	uint16_t count;
	bool free;
};

static const struct range ranges[] = {
	{ 0x2f8, 8, true },   /* COM2 */
	{ 0x3e8, 8, true },   /* COM3 */
	{ 0x1f0, 8, true },   /* a disk */
	{ 0x3f0, 8, true },   /* up to the log */
	{ 0x400, 8, true },   /* behind it */
	{ 0xc000, 64, true }, /* where PCI devices are put */
	{ 0xffff, 1, true },
	{ 0x2f8, 0, false },
	{ 0xffff, 2, false },
	{ 0xfff8, 9, false },
	{ 0x3f8, 8, false },
	{ 0x3f7, 2, false },
	{ 0x3ff, 1, false },
	{ 0x2f8, 0x101, false }, /* reaches the log */
	{ 0, 1, false },
	{ 0x20, 2, false },
	{ 0x40, 4, false },
	{ 0x64, 1, false },
	{ 0xb2, 1, false },
	{ 0xcf8, 8, false },
	{ 0xcf9, 1, false },
	{ 0x514, 8, false },
	{ 0, 0xffff, false },
	{ 0x5ff, 2, false },
};

TEST(ports_of_the_kernel_are_not_given)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		CHECK_EQ(device_ports_are_free(ranges[i].base, ranges[i].count), ranges[i].free);
}

/* A range is free if and only if each of its ports is: so says a second way of counting. */
TEST(a_range_is_free_if_each_port_is)
{
	for (uint32_t base = 0; base < 0x1000; base++) {
		bool all = true;

		for (uint16_t count = 1; count <= 16; count++) {
			all = all && device_ports_are_free((uint16_t)(base + count - 1), 1);
			CHECK_EQ(device_ports_are_free((uint16_t)base, count), all);
		}
	}
}
