// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Queues, command buffers, and copies by the engine.
 */
#include "vkt.h"

struct vkt_queue *vkt_queue(struct vkt *t)
{
	return &t->dev->queues[t->dev->gpu->universal][0];
}

struct vkt_queue *vkt_transfer_queue(struct vkt *t)
{
	int family = t->dev->gpu->transfer;

	if (family < 0)
		SKIP(t, "this version has no queue that only copies");
	return &t->dev->queues[family][0];
}

static VkCommandPool pool(struct vkt *t, uint32_t family)
{
	const VkCommandPoolCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
		.queueFamilyIndex = family,
	};

	if (t->pools[family] == VK_NULL_HANDLE) {
		VK(t, vkCreateCommandPool(t->dev->dev, &info, NULL,
					  &t->pools[family]));
		vkt_later(t, VKT_POOL, VKT_HANDLE(t->pools[family]));
	}
	return t->pools[family];
}

VkCommandBuffer vkt_cmd(struct vkt *t, const struct vkt_queue *queue)
{
	const VkCommandBufferAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
		.commandPool = pool(t, queue->family),
		.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
		.commandBufferCount = 1,
	};
	const VkCommandBufferBeginInfo begin = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
	};
	VkCommandBuffer cmd;

	VK(t, vkAllocateCommandBuffers(t->dev->dev, &info, &cmd));
	VK(t, vkBeginCommandBuffer(cmd, &begin));
	return cmd;
}

static void barrier(VkCommandBuffer cmd, VkPipelineStageFlags2 stage,
		    VkAccessFlags2 access)
{
	const VkMemoryBarrier2 memory = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
		.srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
		.srcAccessMask = VK_ACCESS_2_MEMORY_READ_BIT |
				 VK_ACCESS_2_MEMORY_WRITE_BIT,
		.dstStageMask = stage,
		.dstAccessMask = access,
	};
	const VkDependencyInfo info = {
		.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
		.memoryBarrierCount = 1,
		.pMemoryBarriers = &memory,
	};

	vkCmdPipelineBarrier2(cmd, &info);
}

void vkt_barrier(VkCommandBuffer cmd)
{
	barrier(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
		VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT);
}

void vkt_end(struct vkt *t, VkCommandBuffer cmd)
{
	vkt_barrier(cmd);
	barrier(cmd, VK_PIPELINE_STAGE_2_HOST_BIT,
		VK_ACCESS_2_HOST_READ_BIT | VK_ACCESS_2_HOST_WRITE_BIT);
	VK(t, vkEndCommandBuffer(cmd));
}

VkSemaphoreSubmitInfo vkt_point(VkSemaphore semaphore, uint64_t value)
{
	return (VkSemaphoreSubmitInfo){
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
		.semaphore = semaphore,
		.value = value,
		.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
	};
}

VkResult vkt_submit(struct vkt_queue *queue, VkCommandBuffer cmd,
		    const VkSemaphoreSubmitInfo *wait,
		    const VkSemaphoreSubmitInfo *signal, VkFence fence)
{
	const VkCommandBufferSubmitInfo command = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
		.commandBuffer = cmd,
	};
	const VkSubmitInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
		.waitSemaphoreInfoCount = !!wait,
		.pWaitSemaphoreInfos = wait,
		.commandBufferInfoCount = !!cmd,
		.pCommandBufferInfos = &command,
		.signalSemaphoreInfoCount = !!signal,
		.pSignalSemaphoreInfos = signal,
	};
	VkResult result;

	pthread_mutex_lock(&queue->lock);
	result = vkQueueSubmit2(queue->queue, 1, &info, fence);
	pthread_mutex_unlock(&queue->lock);
	return result;
}

void vkt_run(struct vkt *t, struct vkt_queue *queue, VkCommandBuffer cmd)
{
	VkFence fence = vkt_fence(t, false);

	vkt_end(t, cmd);
	VK(t, vkt_submit(queue, cmd, NULL, NULL, fence));
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
	vkt_now(t, VKT_FENCE, VKT_HANDLE(fence));
	vkFreeCommandBuffers(t->dev->dev, pool(t, queue->family), 1, &cmd);
}

void vkt_copy(VkCommandBuffer cmd, VkBuffer src, VkDeviceSize from, VkBuffer dst,
	      VkDeviceSize to, VkDeviceSize size)
{
	const VkBufferCopy region = { from, to, size };

	vkCmdCopyBuffer(cmd, src, dst, 1, &region);
}

void vkt_put(struct vkt *t, VkBuffer dst, VkDeviceSize offset, const void *data,
	     VkDeviceSize size)
{
	struct vkt_buf staging = vkt_buf(t, size, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	memcpy(staging.cpu, data, size);
	vkt_copy(cmd, staging.buf, 0, dst, offset, size);
	vkt_run(t, vkt_queue(t), cmd);
	vkt_buf_free(t, &staging);
}

void vkt_get(struct vkt *t, VkBuffer src, VkDeviceSize offset, void *data,
	     VkDeviceSize size)
{
	struct vkt_buf staging = vkt_buf(t, size, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	/* What is there is not mistaken for what was copied. */
	memset(staging.cpu, 0x5a, size);
	vkt_copy(cmd, src, offset, staging.buf, 0, size);
	vkt_run(t, vkt_queue(t), cmd);
	memcpy(data, staging.cpu, size);
	vkt_buf_free(t, &staging);
}
