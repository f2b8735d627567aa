// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The command checker: what comes from a program is refused before it runs.
 */
#include <kunit/test.h>

#include "../evgem_cmd.c"

/* The commands are only checked here, so memory is never reached. */
int evgem_tlb_access(struct evgem_tlb *tlb, unsigned int context,
		     const struct evgem_access *access,
		     struct evgem_hw_fault *fault)
{
	return -EFAULT;
}

bool evgem_ring_is_killed(struct evgem_ring *ring)
{
	return true;
}

struct sample {
	const char *name;
	bool valid;
	size_t size;
	union command cmd;
};

#define HEADER(name, type) \
	.header = { DRM_EVGEM_CMD_##name, sizeof(struct drm_evgem_cmd_##type) }
#define SIZE(type) .size = sizeof(struct drm_evgem_cmd_##type)

static const struct sample samples[] = {
	{ "nothing", true },
	{ "nop", true, SIZE(header), .cmd.header = { DRM_EVGEM_CMD_NOP, 8 } },
	{ "unknown", false, SIZE(header), .cmd.header = { 9, 8 } },
	{ "unknown, large", false, SIZE(header), .cmd.header = { U32_MAX, 8 } },
	{ "size 0", false, SIZE(header), .cmd.header = { DRM_EVGEM_CMD_NOP } },
	{ "size too large", false, SIZE(fill), .cmd.header = {
		DRM_EVGEM_CMD_NOP, 16 } },
	{ "half a header", false, .size = 4, .cmd.header = {
		DRM_EVGEM_CMD_NOP, 8 } },
	{ "cut off", false, .size = 24, .cmd.fill = { HEADER(FILL, fill) } },
	{ "fill", true, SIZE(fill), .cmd.fill = {
		HEADER(FILL, fill), .addr = 4, .size = 4 } },
	{ "fill: address", false, SIZE(fill), .cmd.fill = {
		HEADER(FILL, fill), .addr = 2, .size = 4 } },
	{ "fill: size", false, SIZE(fill), .cmd.fill = {
		HEADER(FILL, fill), .size = 6 } },
	{ "fill: pad", false, SIZE(fill), .cmd.fill = {
		HEADER(FILL, fill), .pad = 1 } },
	{ "copy", true, SIZE(copy), .cmd.copy = {
		HEADER(COPY, copy), .dst = 1, .src = 3, .size = 5 } },
	{ "write", true, SIZE(write), .cmd.write = {
		HEADER(WRITE, write), .addr = 8 } },
	{ "write: address", false, SIZE(write), .cmd.write = {
		HEADER(WRITE, write), .addr = 4 } },
	{ "atomic add: address", false, SIZE(write), .cmd.write = {
		HEADER(ATOMIC_ADD, write), .addr = 4 } },
	{ "release: address", false, SIZE(write), .cmd.write = {
		HEADER(RELEASE, write), .addr = 1 } },
	{ "checksum", true, SIZE(checksum), .cmd.checksum = {
		HEADER(CHECKSUM, checksum), .addr = 1, .size = 1, .dst = 8 } },
	{ "checksum: result", false, SIZE(checksum), .cmd.checksum = {
		HEADER(CHECKSUM, checksum), .dst = 4 } },
	{ "wait", true, SIZE(wait), .cmd.wait = {
		HEADER(WAIT, wait), .cond = DRM_EVGEM_COND_GE } },
	{ "wait: address", false, SIZE(wait), .cmd.wait = {
		HEADER(WAIT, wait), .addr = 4, .cond = DRM_EVGEM_COND_EQ } },
	{ "wait: no condition", false, SIZE(wait), .cmd.wait = {
		HEADER(WAIT, wait) } },
	{ "wait: condition", false, SIZE(wait), .cmd.wait = {
		HEADER(WAIT, wait), .cond = 4 } },
	{ "wait: pad", false, SIZE(wait), .cmd.wait = {
		HEADER(WAIT, wait), .cond = DRM_EVGEM_COND_EQ, .pad = 1 } },
	{ "delay", true, SIZE(delay), .cmd.delay = {
		HEADER(DELAY, delay), .ns = U64_MAX } },
};

static void sample_desc(const struct sample *sample, char *desc)
{
	strscpy(desc, sample->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(sample, samples, sample_desc);

static void cmd_valid(struct kunit *test)
{
	const struct sample *sample = test->param_value;

	KUNIT_EXPECT_EQ(test, sample->valid,
			evgem_cmds_valid(&sample->cmd, sample->size));
}

/* A bad command behind a good one is found. */
static void cmd_second_is_checked(struct kunit *test)
{
	static const struct drm_evgem_cmd_header cmds[] = {
		{ DRM_EVGEM_CMD_NOP, 8 }, { DRM_EVGEM_CMD_NOP, 8 }, { 77, 8 },
	};

	KUNIT_EXPECT_TRUE(test, evgem_cmds_valid(cmds, 16));
	KUNIT_EXPECT_FALSE(test, evgem_cmds_valid(cmds, 24));
}

/* The same numbers as a program computes with the documented algorithm. */
static void cmd_fnv1a(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, fnv1a(FNV1A_BASIS, "", 0),
			0xcbf29ce484222325ULL);
	KUNIT_EXPECT_EQ(test, fnv1a(FNV1A_BASIS, "a", 1),
			0xaf63dc4c8601ec8cULL);
	KUNIT_EXPECT_EQ(test, fnv1a(FNV1A_BASIS, "foobar", 6),
			0x85944171f73967e8ULL);
}

static struct kunit_case cmd_cases[] = {
	KUNIT_CASE_PARAM(cmd_valid, sample_gen_params),
	KUNIT_CASE(cmd_second_is_checked),
	KUNIT_CASE(cmd_fnv1a),
	{}
};

static struct kunit_suite cmd_suite = {
	.name = "evgem_cmd",
	.test_cases = cmd_cases,
};

kunit_test_suite(cmd_suite);

MODULE_DESCRIPTION("KUnit suite of the example driver's command checker");
MODULE_LICENSE("GPL");
