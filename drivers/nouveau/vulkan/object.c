// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Objects of Vulkan that go when their case ends, in the reverse order of how
 * they came.
 */
#include "vkt.h"

struct vkt_undo {
	struct vkt_undo *next;
	enum vkt_kind kind;
	uint64_t handle;
};

static void destroy(VkDevice dev, enum vkt_kind kind, uint64_t handle)
{
#define DESTROY(kind, function, type) \
	case VKT_##kind: \
		function(dev, (type)(uintptr_t)handle, NULL); \
		break

	switch (kind) {
	DESTROY(BUFFER, vkDestroyBuffer, VkBuffer);
	DESTROY(IMAGE, vkDestroyImage, VkImage);
	DESTROY(MEMORY, vkFreeMemory, VkDeviceMemory);
	DESTROY(FENCE, vkDestroyFence, VkFence);
	DESTROY(SEMAPHORE, vkDestroySemaphore, VkSemaphore);
	DESTROY(EVENT, vkDestroyEvent, VkEvent);
	DESTROY(QUERIES, vkDestroyQueryPool, VkQueryPool);
	DESTROY(POOL, vkDestroyCommandPool, VkCommandPool);
	DESTROY(SHADER, vkDestroyShaderModule, VkShaderModule);
	DESTROY(LAYOUT, vkDestroyPipelineLayout, VkPipelineLayout);
	DESTROY(PIPELINE, vkDestroyPipeline, VkPipeline);
	DESTROY(SET_LAYOUT, vkDestroyDescriptorSetLayout, VkDescriptorSetLayout);
	DESTROY(SETS, vkDestroyDescriptorPool, VkDescriptorPool);
	case VKT_BYTES:
		free((void *)(uintptr_t)handle);
		break;
	}
#undef DESTROY
}

void vkt_later(struct vkt *t, enum vkt_kind kind, uint64_t handle)
{
	struct vkt_undo *undo = malloc(sizeof(*undo));

	if (!undo)
		abort();
	*undo = (struct vkt_undo){ t->undos, kind, handle };
	t->undos = undo;
}

void vkt_now(struct vkt *t, enum vkt_kind kind, uint64_t handle)
{
	for (struct vkt_undo **at = &t->undos, *u; (u = *at); at = &u->next) {
		if (u->kind != kind || u->handle != handle)
			continue;

		*at = u->next;
		free(u);
		destroy(t->dev->dev, kind, handle);
		return;
	}
	FAIL(t, "no such object was made");
}

void vkt_undo_all(struct vkt *t)
{
	vkDeviceWaitIdle(t->dev->dev);
	while (t->undos) {
		struct vkt_undo *undo = t->undos;

		t->undos = undo->next;
		destroy(t->dev->dev, undo->kind, undo->handle);
		free(undo);
	}
}

void vkt_inherit(struct vkt *t, struct vkt *from)
{
	struct vkt_undo **at = &from->undos;

	while (*at)
		at = &(*at)->next;
	*at = t->undos;
	t->undos = from->undos;
	from->undos = NULL;
}

void *vkt_bytes(struct vkt *t, size_t size)
{
	void *bytes = calloc(1, size);

	CHECK(t, bytes);
	vkt_later(t, VKT_BYTES, VKT_HANDLE(bytes));
	return bytes;
}

VkFence vkt_fence(struct vkt *t, bool signalled)
{
	const VkFenceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
		.flags = signalled ? VK_FENCE_CREATE_SIGNALED_BIT : 0,
	};
	VkFence fence;

	VK(t, vkCreateFence(t->dev->dev, &info, NULL, &fence));
	vkt_later(t, VKT_FENCE, VKT_HANDLE(fence));
	return fence;
}

static VkSemaphore semaphore(struct vkt *t, VkSemaphoreType type, uint64_t value)
{
	const VkSemaphoreTypeCreateInfo kind = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
		.semaphoreType = type,
		.initialValue = value,
	};
	const VkSemaphoreCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
		.pNext = &kind,
	};
	VkSemaphore made;

	VK(t, vkCreateSemaphore(t->dev->dev, &info, NULL, &made));
	vkt_later(t, VKT_SEMAPHORE, VKT_HANDLE(made));
	return made;
}

VkSemaphore vkt_semaphore(struct vkt *t)
{
	return semaphore(t, VK_SEMAPHORE_TYPE_BINARY, 0);
}

VkSemaphore vkt_timeline(struct vkt *t, uint64_t value)
{
	return semaphore(t, VK_SEMAPHORE_TYPE_TIMELINE, value);
}

VkEvent vkt_event(struct vkt *t)
{
	const VkEventCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO,
	};
	VkEvent event;

	VK(t, vkCreateEvent(t->dev->dev, &info, NULL, &event));
	vkt_later(t, VKT_EVENT, VKT_HANDLE(event));
	return event;
}

VkBuffer vkt_buffer(struct vkt *t, VkDeviceSize size, VkBufferCreateFlags flags)
{
	static const uint32_t families[VKT_FAMILIES] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	uint32_t count = t->dev->gpu->num_families;
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.flags = flags,
		.size = size,
		.usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
			 VK_BUFFER_USAGE_TRANSFER_DST_BIT |
			 VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
		.sharingMode = count > 1 ? VK_SHARING_MODE_CONCURRENT :
					   VK_SHARING_MODE_EXCLUSIVE,
		.queueFamilyIndexCount = count > 1 ? count : 0,
		.pQueueFamilyIndices = families,
	};
	VkBuffer buf;

	VK(t, vkCreateBuffer(t->dev->dev, &info, NULL, &buf));
	vkt_later(t, VKT_BUFFER, VKT_HANDLE(buf));
	return buf;
}

VkDeviceMemory vkt_memory(struct vkt *t, VkDeviceSize size, uint32_t type)
{
	const VkMemoryAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.allocationSize = size,
		.memoryTypeIndex = type,
	};
	VkDeviceMemory mem;

	VK(t, vkAllocateMemory(t->dev->dev, &info, NULL, &mem));
	vkt_later(t, VKT_MEMORY, VKT_HANDLE(mem));
	return mem;
}

int vkt_type(const struct vkt *t, uint32_t bits, VkMemoryPropertyFlags flags)
{
	const VkPhysicalDeviceMemoryProperties *memory = &t->dev->gpu->memory;

	for (uint32_t i = 0; i < memory->memoryTypeCount; i++) {
		if (bits & 1u << i &&
		    (memory->memoryTypes[i].propertyFlags & flags) == flags)
			return i;
	}

	return -1;
}

struct vkt_buf vkt_buf(struct vkt *t, VkDeviceSize size, int type)
{
	const VkMemoryPropertyFlags seen = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
					   VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
	struct vkt_buf buf = { .size = size };
	VkMemoryRequirements needs;
	void *cpu;

	buf.buf = vkt_buffer(t, size, 0);
	vkGetBufferMemoryRequirements(t->dev->dev, buf.buf, &needs);
	if (type < 0)
		type = vkt_type(t, needs.memoryTypeBits, seen);
	CHECK(t, type >= 0);
	CHECK(t, needs.memoryTypeBits & 1u << type);
	CHECK(t, needs.size >= size);
	buf.mem = vkt_memory(t, needs.size, type);
	VK(t, vkBindBufferMemory(t->dev->dev, buf.buf, buf.mem, 0));
	if ((t->dev->gpu->memory.memoryTypes[type].propertyFlags & seen) == seen) {
		VK(t, vkMapMemory(t->dev->dev, buf.mem, 0, VK_WHOLE_SIZE, 0, &cpu));
		buf.cpu = cpu;
	}
	return buf;
}

void vkt_buf_free(struct vkt *t, struct vkt_buf *buf)
{
	vkt_now(t, VKT_BUFFER, VKT_HANDLE(buf->buf));
	vkt_now(t, VKT_MEMORY, VKT_HANDLE(buf->mem));
	memset(buf, 0, sizeof(*buf));
}
