/* SPDX-License-Identifier: Apache-2.0 */
/* A program that the processor refuses: it writes where nothing is mapped. */
#include <capos/capos.h>

#define NOWHERE UINT64_C(0x20)

int
capos_main(struct capos *self)
{
	(void)self;
	*(volatile uint32_t *)NOWHERE = 1;
	return 0;
}
