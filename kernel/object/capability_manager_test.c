/* SPDX-License-Identifier: Apache-2.0 */
/* CapabilityManager: what is granted and listed, what is taken back, and each refusal. */
#include "arch/sim/managed_child.h"

TEST(a_grant_without_a_manager_is_as_good_as_a_copy)
{
	begin();
	CHECK_EQ(granted("it", facet, CAPNP_CAP_COPY), 0);
	start_child();
	CHECK_EQ(look(&child, its(0)), CAP_OK);
}

TEST(a_grant_is_taken_back_and_nothing_else)
{
	uint64_t first;
	uint64_t second;

	begin();
	CHECK_EQ(manage(), CAP_OK);
	first = granted("first", facet, CAPNP_CAP_COPY);
	second = granted("second", facet, CAPNP_CAP_COPY);
	CHECK(first != 0 && second > first);
	start_child();
	CHECK_EQ(revoke(first), CAP_OK);
	post(&child, call_by(&child, its(0)));
	check_revoked(&child, reap(&child));
	CHECK_EQ(look(&child, its(1)), CAP_OK);
	CHECK_EQ(look(&parent, facet), CAP_OK);
	/* Once more changes nothing. */
	CHECK_EQ(revoke(first), CAP_OK);
	CHECK_EQ(look(&child, its(1)), CAP_OK);
}

TEST(grants_are_listed_in_pages_with_what_became_of_them)
{
	struct grant_info_list list;
	uint64_t ids[20];
	char name[] = "a";

	begin();
	CHECK_EQ(manage(), CAP_OK);
	for (int i = 0; i < 20; i++, name[0]++)
		ids[i] = granted(name, facet, CAPNP_CAP_COPY);
	start_child();
	CHECK_EQ(revoke(ids[17]), CAP_OK);
	for (uint32_t page = 0; page < 3; page++) {
		world_call_begin(&call, &parent, manager, CAPABILITY_MANAGER_METHOD_LIST);
		capability_manager_list_params_set_after(
		    capability_manager_list_params_init_root(&call.params),
		    page == 0 ? 0 : ids[page == 1 ? 15 : 19]);
		CHECK_EQ(world_call(&call), CAP_OK);
		list = capability_manager_list_results_grants(
		    capability_manager_list_results_root(&call.results));
		CHECK_EQ(grant_info_list_size(list), page == 0 ? 16 : page == 1 ? 4 : 0);
		for (uint32_t i = 0; i < grant_info_list_size(list); i++) {
			struct grant_info info = grant_info_at(list, i);

			CHECK_EQ(grant_info_id(info), ids[page * 16 + i]);
			CHECK_EQ(grant_info_interface_id(info), INTERFACE);
			CHECK_EQ(grant_info_live(info), page * 16 + i != 17);
			CHECK_EQ(grant_info_name(info).data[0], (char)('a' + page * 16 + i));
		}
	}
}

TEST(more_is_granted_while_the_process_runs)
{
	uint64_t first;
	uint64_t later = 0;

	begin();
	first = start_with(facet, CAPNP_CAP_COPY);
	CHECK_EQ(grant_later("later", facet, &later), CAP_OK);
	CHECK(later > first);
	CHECK_STR(capset_entry(1).name, "later");
	CHECK_EQ(capset_entry(1).origin, CAPSET_ORIGIN_GRANT);
	CHECK_EQ(capset_entry(1).origin_pid, parent.process->pid);
	CHECK_EQ(look(&child, its(1)), CAP_OK);
	CHECK_EQ(revoke(later), CAP_OK);
	CHECK_EQ(look(&child, its(1)), CAP_ERR_REVOKED);
	CHECK_EQ(look(&child, its(0)), CAP_OK);
}

TEST(a_later_grant_is_refused_by_name_and_charges_nothing)
{
	struct world_accounts before;
	uint64_t id = 0;
	uint64_t first;

	begin();
	first = start_with(facet, CAPNP_CAP_COPY);
	before = world_accounts(&parent);
	CHECK_EQ(grant_later("it", facet, &id), CAP_ERR_NAME_IN_USE);
	CHECK_EQ(grant_later("no blanks", facet, &id), CAP_ERR_NAME_TOO_LONG);
	CHECK_EQ(grant_later("other", facet + CAP_ID_INDEX_MASK / 2, &id), CAP_ERR_INVALID_CAP);
	CHECK_EQ(grant_later("self", manager, &id), CAP_ERR_TRANSFER_NOT_SUPPORTED);
	CHECK_EQ(id, 0);
	{
		struct world_accounts now = world_accounts(&parent);

		CHECK_MEMORY(&now, &before, sizeof(now));
	}
	/* The name of a grant that is gone stays taken: what the process has read may not change.
	 */
	CHECK_EQ(revoke(first), CAP_OK);
	CHECK_EQ(grant_later("it", facet, &id), CAP_ERR_NAME_IN_USE);
}

TEST(a_revoked_hold_is_granted_on_by_nobody)
{
	struct list_node work;
	struct cap_ref ref;
	uint64_t id = 0;
	uint64_t first;
	struct grant_cell *cell = NULL;
	struct cap_hold hold;
	cap_id_t source = 0;

	begin();
	first = start_with(facet, CAPNP_CAP_COPY);
	(void)first;
	/* The parent has a hold that was granted to it. */
	CHECK_EQ(grant_cell_create(parent.process->ledger, NULL, &cell), CAP_OK);
	CHECK_EQ(cap_table_get(parent.process->table, facet, &hold), CAP_OK);
	hold.cell = cell;
	hold.cell_epoch = grant_cell_epoch(cell);
	CHECK_EQ(cap_table_add(parent.process->table, &hold, &source), CAP_OK);
	CHECK_EQ(grant_later("live", source, &id), CAP_OK);
	CHECK_EQ(cap_lookup(child.process->table, its(1), &ref), CAP_OK);
	CHECK_EQ(ref.cell->parent, cell);
	list_init(&work);
	CHECK(grant_cell_revoke(cell, &work));
	CHECK_EQ(grant_later("dead", source, &id), CAP_ERR_REVOKED);
	while (grant_cell_revoke_below_step(&work) == JOB_AGAIN)
		;
	CHECK_EQ(look(&child, its(1)), CAP_ERR_REVOKED);
}

TEST(there_is_one_manager_and_its_grants_are_its_own)
{
	begin();
	world_call_begin(&call, &parent, builder, PROCESS_BUILDER_METHOD_MANAGE);
	(void)process_builder_manage_params_init_root(&call.params);
	CHECK_EQ(world_call(&call), CAP_ERR_TOO_MANY_CAPS);
	/* A step that failed breaks the builder. */
	begin();
	CHECK_EQ(granted("before", facet, CAPNP_CAP_COPY), 0);
	CHECK_EQ(manage(), CAP_OK);
	CHECK_EQ(revoke(1), CAP_ERR_NOT_FOUND);
	CHECK_EQ(granted("it", facet, CAPNP_CAP_COPY), 1);
	CHECK_EQ(revoke(0), CAP_ERR_NOT_FOUND);
	CHECK_EQ(revoke(2), CAP_ERR_NOT_FOUND);
	CHECK_EQ(revoke(1), CAP_OK);
	CHECK_EQ(manage(), CAP_ERR_WRONG_STATE);
}

TEST(dropping_the_manager_revokes_nothing)
{
	begin();
	(void)start_with(facet, CAPNP_CAP_COPY);
	CHECK_EQ(world_release(&parent, manager), CAP_OK);
	world_settle();
	CHECK_EQ(look(&child, its(0)), CAP_OK);
}

TEST(after_the_end_of_the_process_nothing_is_granted_and_all_is_paid_back)
{
	struct world_accounts before;
	struct world_accounts now;
	uint64_t id = 0;

	begin();
	CHECK_EQ(world_release(&parent, builder), CAP_OK);
	world_settle();
	before = world_accounts(&parent);
	world_call_begin(&call, &parent, factory, PROCESS_FACTORY_METHOD_CREATE);
	call.sqe.cap_max = 1;
	process_factory_create_params_set_name(
	    process_factory_create_params_init_root(&call.params), CAPNP_TEXT("child"));
	CHECK_EQ(world_call(&call), CAP_OK);
	builder = call.cqe.cap_id;
	(void)start_with(facet, CAPNP_CAP_COPY);
	(void)world_syscall(&child, SYSCALL_EXIT, 0, 0);
	world_settle();
	CHECK_EQ(grant_later("later", facet, &id), CAP_ERR_DISCONNECTED);
	CHECK_EQ(revoke(1), CAP_OK);
	CHECK_EQ(world_release(&parent, handle), CAP_OK);
	CHECK_EQ(world_release(&parent, builder), CAP_OK);
	CHECK_EQ(world_release(&parent, manager), CAP_OK);
	world_settle();
	now = world_accounts(&parent);
	CHECK_MEMORY(&now, &before, sizeof(now));
}

TEST(the_manager_of_a_process_that_never_started_grants_nothing)
{
	uint64_t id = 0;

	begin();
	CHECK_EQ(manage(), CAP_OK);
	CHECK_EQ(granted("it", facet, CAPNP_CAP_COPY), 1);
	CHECK_EQ(world_release(&parent, builder), CAP_OK);
	world_settle();
	CHECK_EQ(grant_later("later", facet, &id), CAP_ERR_DISCONNECTED);
	CHECK_EQ(revoke(1), CAP_OK);
	CHECK_EQ(world_release(&parent, manager), CAP_OK);
	world_settle();
}

TEST(a_manager_runs_one_revocation_at_a_time)
{
	struct cap_sqe two[2];
	enum cap_status status = CAP_OK;

	begin();
	(void)start_with(facet, CAPNP_CAP_COPY);
	begin_revoke(1);
	world_call_submit(&call);
	two[0] = call.sqe;
	world_settle();
	CHECK(world_call_reap(&call, &status));
	/* Both in one entry: the first one's grace period is not over when the second one comes. */
	two[1] = two[0];
	two[1].result_len = 0;
	world_submit(&parent, &two[0]);
	world_submit(&parent, &two[1]);
	CHECK(world_enter(&parent, 0, 0) >= 0);
	world_settle();
	CHECK_EQ(reap(&parent).result, CAP_ERR_ALREADY_WAITING);
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_OK);
}
