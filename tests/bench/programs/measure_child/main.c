/* SPDX-License-Identifier: Apache-2.0 */
/* What is spawned over and over for `spawn_run_reap`: it exits at once. */
#include <capos/capos.h>

int
capos_main(struct capos *self)
{
	(void)self;
	return 7;
}
