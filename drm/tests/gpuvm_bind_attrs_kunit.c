// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Attributes in binds: cookies and repeats from the operation to the mapping, to
 * its pieces, to the page tables, and back when a bind is undone.
 */
#include "gpuvm_bind_world.h"

static void expect_written(u64 first, u64 end, unsigned int writes)
{
	for (u64 i = first; i < end; i++)
		KUNIT_EXPECT_EQ_MSG(bw_world->test, bw_world->pt[i].writes,
				    writes, "page %llu", i);
}

/* What each page shows, as digits of the object's pages. */
static void expect_offsets(u64 first, const char *digits)
{
	for (u64 i = 0; digits[i]; i++) {
		const struct bw_page *page = &bw_world->pt[first + i];

		if (digits[i] == ' ') {
			KUNIT_EXPECT_FALSE(bw_world->test, page->valid);
			continue;
		}
		KUNIT_EXPECT_TRUE(bw_world->test, page->valid);
		KUNIT_EXPECT_EQ_MSG(bw_world->test, page->offset,
				    digits[i] - '0', "page %llu", first + i);
	}
}

static void bind_repeat(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[2];

	bw_new(test, 0);
	ops[0] = bw_repeat(1, 10, 8, 4, 3);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	bw_expect_vm("B[10,18)@4%3+0");
	expect_offsets(9, " 45645645 ");

	/* Begins in the middle of the piece. */
	ops[0].attrs.repeat_phase = 2;
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	bw_expect_vm("B[10,18)@4%3+2");
	expect_offsets(9, " 64564564 ");

	/* Longer than the object could be: only the piece counts. */
	ops[0] = bw_repeat(1, 0, 240, U64_MAX - 3, 3);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	bw_expect_vm("B[0,240)@18446744073709551612%3+0");
	bw_end();
}

/* Each piece shows at each address what was there before. */
static void bind_repeat_cut(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[4];

	bw_new(test, 0);
	ops[0] = bw_repeat(0, 0, 16, 1, 4);
	ops[0].flags = BW_READONLY;
	ops[0].attrs.cookie = 9;
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);

	ops[0] = bw_unmap(5, 2);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	bw_expect_vm("A[0,5)@1%4+0#9!4 A[7,16)@1%4+3#9!4");
	expect_offsets(0, "12341  412341234 ");
	expect_written(0, 5, 0);
	expect_written(5, 7, 1);
	expect_written(7, 16, 0);

	/* In one array: over it, under it, and without it again. */
	ops[0] = bw_repeat(1, 3, 10, 0, 2);
	ops[1] = bw_sparse(6, 2);
	ops[1].attrs.cookie = 3;
	ops[2] = bw_map(2, 9, 1, 8);
	ops[3] = bw_unmap(0, 1);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 4), 0);
	bw_expect_vm("A[1,3)@1%4+1#9!4 B[3,6)@0%2+0 -[6,8)@0#3!2 B[8,9)@0%2+1 C[9,10)@8 B[10,13)@0%2+1 A[13,16)@1%4+1#9!4");
	expect_offsets(0, " 230100018101234 ");

	ops[0] = bw_unmap_obj(1);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	bw_expect_vm("A[1,3)@1%4+1#9!4 -[6,8)@0#3!2 C[9,10)@8 A[13,16)@1%4+1#9!4");
	bw_end();
}

/* An entry that says the same before and after is left alone, others are not. */
static void bind_repeat_same_again(struct kunit *test)
{
	struct drm_gpuvm_bind_op op, good;

	bw_new(test, 0);
	good = bw_repeat(1, 20, 30, 2, 5);
	good.attrs.cookie = 1;
	KUNIT_EXPECT_EQ(test, bw_bind(&good, 1), 0);

	/* The same piece from another address, so from another phase. */
	op = good;
	op.addr = 23;
	op.range = 40;
	op.attrs.repeat_phase = 3;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	bw_expect_vm("B[20,23)@2%5+0#1 B[23,63)@2%5+3#1");
	expect_written(20, 50, 0);
	expect_written(50, 63, 1);

	/* Each of the others differs in one thing. */
	op.attrs.repeat_phase = 4;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	bw_expect_consistent();
	expect_written(20, 23, 0);
	expect_written(23, 63, 2);
	op.attrs.cookie = 2;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	expect_written(23, 63, 2);
	op.offset = 3;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	expect_written(23, 63, 2);
	op.attrs.repeat = 10;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	expect_written(23, 63, 2);
	op.attrs.repeat = 0;
	op.attrs.repeat_phase = 0;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	expect_written(23, 63, 2);
	bw_expect_vm("B[20,23)@2%5+0#1 B[23,63)@3#2");

	/* Nothing with another cookie is something else, too. */
	op = bw_sparse(100, 4);
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	expect_written(100, 104, 0);
	op.attrs.cookie = 1;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	expect_written(100, 104, 2);
	bw_expect_consistent();
	bw_end();
}

static void bind_bad_attrs(struct kunit *test)
{
	struct drm_gpuvm_bind_op bad[16];
	u32 count = 0;

	bw_new(test, 0);
	bad[count] = bw_map(0, 0, 4, 0);
	bad[count++].attrs.repeat_phase = 1;
	bad[count] = bw_repeat(0, 0, 4, 0, 3);
	bad[count++].attrs.repeat_phase = 3;
	bad[count] = bw_repeat(0, 0, 4, 0, 3);
	bad[count++].attrs.repeat_phase = U32_MAX;
	bad[count] = bw_repeat(0, 0, 4, 0, 3);
	bad[count++].obj = NULL;
	bad[count++] = bw_repeat(0, 0, 4, U64_MAX - 1, 3);
	bad[count] = bw_repeat(0, 0, 4, 0, 3);
	bad[count++].__reserved[0] = 1;
	bad[count] = bw_sparse(0, 4);
	bad[count++].attrs.repeat = 2;
	bad[count] = bw_sparse(0, 4);
	bad[count++].attrs.repeat_phase = 1;
	bad[count] = bw_unmap(0, 4);
	bad[count++].attrs.cookie = 1;
	bad[count] = bw_unmap(0, 4);
	bad[count++].attrs.repeat = 2;
	bad[count] = bw_unmap_obj(0);
	bad[count++].attrs.cookie = 1ull << 63;
	bad[count] = bw_unmap_obj(0);
	bad[count++].attrs.repeat_phase = 1;

	for (u32 i = 0; i < count; i++)
		KUNIT_EXPECT_EQ_MSG(test, bw_bind(&bad[i], 1), -EINVAL,
				    "operation %u", i);
	bw_expect_vm("");
	bw_end();
}

/*
 * A bind with repeats into a VM with repeats, of which one change of page tables
 * after the other fails: what repeats comes back as it was, phases and all.
 */
static void bind_repeat_undone(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[3];
	unsigned int nth, failures = 0;
	const char *vm, *vm_bos;
	int ret = -EIO;

	bw_new(test, 0);
	ops[0] = bw_repeat(0, 0, 60, 1, 7);
	ops[1] = bw_repeat(1, 30, 60, 1, 4);
	ops[1].attrs.repeat_phase = 3;
	ops[2] = bw_unmap(11, 1);
	KUNIT_ASSERT_EQ(test, bw_bind(ops, 3), 0);
	bw_wait_for_jobs(0);
	vm = gk_vm_text(test, bw_world->vm);
	vm_bos = bw_vm_bos_text();
	memcpy(bw_world->saved, bw_world->pt, sizeof(bw_world->pt));

	ops[0] = bw_repeat(2, 5, 40, 0, 3);
	ops[1] = bw_repeat(0, 50, 60, 1, 6);
	ops[2] = bw_unmap(20, 3);
	for (nth = 1; ret && test->status != KUNIT_FAILURE; nth++) {
		bw_world->fail_from = nth;
		bw_world->fail_count = 1;
		ret = bw_bind(ops, 3);
		bw_wait_for_jobs(0);
		if (!ret)
			break;

		failures++;
		KUNIT_EXPECT_STREQ(test, vm, gk_vm_text(test, bw_world->vm));
		KUNIT_EXPECT_STREQ(test, vm_bos, bw_vm_bos_text());
		bw_expect_pages(bw_world->saved, "after an undo");
		bw_expect_consistent();
	}

	KUNIT_EXPECT_GE(test, failures, 10);
	bw_expect_consistent();
	bw_end();
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(bind_repeat, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_repeat_cut, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_repeat_same_again, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_bad_attrs, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_repeat_undone, gk_immediate_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "gpuvm_bind_attrs",
	.suite_init = bw_suite_init,
	.suite_exit = bw_suite_exit,
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
