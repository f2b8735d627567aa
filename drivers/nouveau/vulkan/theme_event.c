// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Events, and queries that the CPU reads.
 */
#include "vkt.h"

static const VkMemoryBarrier2 memory = {
	.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
	.srcStageMask = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
	.srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
	.dstStageMask = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
	.dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT |
			 VK_ACCESS_2_TRANSFER_WRITE_BIT,
};

static const VkDependencyInfo dependency = {
	.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
	.memoryBarrierCount = 1,
	.pMemoryBarriers = &memory,
};

static void by_the_cpu(struct vkt *t)
{
	VkEvent event = vkt_event(t);

	for (unsigned int i = 0; i < 3; i++) {
		GIVES(t, VK_EVENT_RESET, vkGetEventStatus(t->dev->dev, event));
		VK(t, vkSetEvent(t->dev->dev, event));
		GIVES(t, VK_EVENT_SET, vkGetEventStatus(t->dev->dev, event));
		VK(t, vkResetEvent(t->dev->dev, event));
	}
}

static void by_the_engine(struct vkt *t)
{
	VkEvent event = vkt_event(t);
	VkCommandBuffer cmd;

	for (unsigned int i = 0; i < 3; i++) {
		cmd = vkt_cmd(t, vkt_queue(t));
		vkCmdSetEvent2(cmd, event, &dependency);
		vkt_run(t, vkt_queue(t), cmd);
		GIVES(t, VK_EVENT_SET, vkGetEventStatus(t->dev->dev, event));
		cmd = vkt_cmd(t, vkt_queue(t));
		vkCmdResetEvent2(cmd, event, VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT);
		vkt_run(t, vkt_queue(t), cmd);
		GIVES(t, VK_EVENT_RESET, vkGetEventStatus(t->dev->dev, event));
	}
}

/* In one command buffer, and from one to the next. */
static void waited_for(struct vkt *t)
{
	struct vkt_buf buf = vkt_buf(t, 3 * 65536, -1);
	VkEvent events[2] = { vkt_event(t), vkt_event(t) };
	const VkDependencyInfo both[2] = { dependency, dependency };
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	vkt_fill(buf.cpu, 1, 0, 65536);
	vkt_copy(cmd, buf.buf, 0, buf.buf, 65536, 65536);
	vkCmdSetEvent2(cmd, events[0], &dependency);
	vkCmdSetEvent2(cmd, events[1], &dependency);
	vkCmdWaitEvents2(cmd, 2, events, both);
	vkt_copy(cmd, buf.buf, 65536, buf.buf, 2 * 65536, 65536);
	vkt_run(t, vkt_queue(t), cmd);
	vkt_is_fill(t, "behind the event", buf.cpu + 2 * 65536, 1, 0, 65536);
	GIVES(t, VK_EVENT_SET, vkGetEventStatus(t->dev->dev, events[1]));

	/* They are still set: there is nothing to wait for. */
	vkt_fill(buf.cpu + 65536, 2, 0, 65536);
	cmd = vkt_cmd(t, vkt_queue(t));
	vkCmdWaitEvents2(cmd, 2, events, both);
	vkt_copy(cmd, buf.buf, 65536, buf.buf, 2 * 65536, 65536);
	vkt_run(t, vkt_queue(t), cmd);
	vkt_is_fill(t, "behind the wait", buf.cpu + 2 * 65536, 2, 0, 65536);
}

/* The CPU sees the event, and then what was written before it. */
static void seen_by_the_cpu(struct vkt *t)
{
	struct vkt_buf buf = vkt_buf(t, 65536, -1);
	VkEvent event = vkt_event(t);
	VkFence fence = vkt_fence(t, false);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	memset(buf.cpu, 0, buf.size);
	vkCmdFillBuffer(cmd, buf.buf, 0, VK_WHOLE_SIZE, 0x31313131);
	vkCmdSetEvent2(cmd, event, &dependency);
	vkt_end(t, cmd);
	VK(t, vkt_submit(vkt_queue(t), cmd, NULL, NULL, fence));
	while (vkGetEventStatus(t->dev->dev, event) == VK_EVENT_RESET)
		;
	GIVES(t, VK_EVENT_SET, vkGetEventStatus(t->dev->dev, event));
	CHECK(t, buf.cpu[0] == 0x31 && buf.cpu[buf.size - 1] == 0x31);
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
}

static VkQueryPool timestamps(struct vkt *t, uint32_t count)
{
	const VkQueryPoolCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
		.queryType = VK_QUERY_TYPE_TIMESTAMP,
		.queryCount = count,
	};
	VkQueryPool pool;

	VK(t, vkCreateQueryPool(t->dev->dev, &info, NULL, &pool));
	vkt_later(t, VKT_QUERIES, VKT_HANDLE(pool));
	vkResetQueryPool(t->dev->dev, pool, 0, count);
	return pool;
}

/* Time goes on from one to the next, over all of several submissions. */
static void time_goes_on(struct vkt *t)
{
	enum { EACH = 4, ROUNDS = 3 };
	VkQueryPool pool = timestamps(t, EACH * ROUNDS);
	struct vkt_buf buf = vkt_buf(t, 65536, -1);
	uint64_t times[EACH * ROUNDS], last = 0;

	if (!t->dev->gpu->families[vkt_queue(t)->family].timestampValidBits)
		SKIP(t, "this queue has no time");
	for (uint32_t i = 0; i < ROUNDS; i++) {
		VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

		for (uint32_t k = 0; k < EACH; k++) {
			vkCmdFillBuffer(cmd, buf.buf, 0, VK_WHOLE_SIZE, k);
			vkt_barrier(cmd);
			vkCmdWriteTimestamp2(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
					     pool, i * EACH + k);
		}
		vkt_run(t, vkt_queue(t), cmd);
	}
	VK(t, vkGetQueryPoolResults(t->dev->dev, pool, 0, EACH * ROUNDS,
				    sizeof(times), times, sizeof(times[0]),
				    VK_QUERY_RESULT_64_BIT));
	for (uint32_t i = 0; i < EACH * ROUNDS; i++) {
		CHECK(t, times[i] && times[i] >= last);
		last = times[i];
	}
	CHECK(t, last > times[0]);
}

static void not_yet_there(struct vkt *t)
{
	VkQueryPool pool = timestamps(t, 2);
	uint64_t time[2] = { 0 };

	GIVES(t, VK_NOT_READY,
	      vkGetQueryPoolResults(t->dev->dev, pool, 0, 2, sizeof(time), time,
				    8, VK_QUERY_RESULT_64_BIT));
}

const struct vkt_case vkt_event_cases[] = {
	{ "by-the-cpu", by_the_cpu },
	{ "by-the-engine", by_the_engine },
	{ "waited-for", waited_for },
	{ "seen-by-the-cpu", seen_by_the_cpu },
	{ "time-goes-on", time_goes_on },
	{ "not-yet-there", not_yet_there },
	{ }
};
