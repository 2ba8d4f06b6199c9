/* SPDX-License-Identifier: Apache-2.0 */
/* Shortages while a tap is made. */
#include "arch/sim/world_tap.h"
#include "shortage.h"

static void
prepare(void)
{
	start();
	shortage_watch(&holder);
	shortage_watch(&watched);
}

static enum cap_status
create_plain(void)
{
	return create(buffer, 0, 0);
}

static enum cap_status
create_with_payload(void)
{
	return create_payload(64);
}

static const struct shortage_case cases[] = {
	{ "TapFactory.create", prepare, create_plain, NULL },
	{ "PayloadTapFactory.create", prepare, create_with_payload, NULL },
};

TEST(taps_refuse_each_shortage_and_change_nothing)
{
	shortage_run(cases, sizeof(cases) / sizeof(cases[0]));
}
