// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the GPU says of itself. No device is made.
 */
#include "vkt.h"

static void driver(struct vkt *t)
{
	struct vkt_gpu gpu;

	vkt_gpu_open(t, &gpu);
	vkt_note("%s, %s %s, Vulkan %u.%u.%u, vendor %#x, device %#x",
		 gpu.props.deviceName, gpu.driver.driverName,
		 gpu.driver.driverInfo, VK_API_VERSION_MAJOR(gpu.props.apiVersion),
		 VK_API_VERSION_MINOR(gpu.props.apiVersion),
		 VK_API_VERSION_PATCH(gpu.props.apiVersion), gpu.props.vendorID,
		 gpu.props.deviceID);
	CHECK(t, gpu.props.deviceName[0]);
	CHECK(t, gpu.props.apiVersion >= VK_API_VERSION_1_3);
	if (vkt_options.driver == VK_DRIVER_ID_MESA_NVK)
		CHECK(t, gpu.props.vendorID == 0x10de);
	vkt_gpu_close(&gpu);
}

static void twice(struct vkt *t)
{
	struct vkt_gpu a, b;

	vkt_gpu_open(t, &a);
	vkt_gpu_open(t, &b);
	CHECK(t, !memcmp(a.props.pipelineCacheUUID, b.props.pipelineCacheUUID,
			 VK_UUID_SIZE));
	CHECK(t, a.props.deviceID == b.props.deviceID);
	CHECK(t, a.num_families == b.num_families);
	vkt_gpu_close(&b);
	vkt_gpu_close(&a);
}

static void memory_types(struct vkt *t)
{
	const VkPhysicalDeviceMemoryProperties *memory;
	bool local = false, seen = false;
	struct vkt_gpu gpu;

	vkt_gpu_open(t, &gpu);
	memory = &gpu.memory;
	CHECK(t, memory->memoryTypeCount && memory->memoryHeapCount);
	for (uint32_t i = 0; i < memory->memoryTypeCount; i++) {
		VkMemoryPropertyFlags flags = memory->memoryTypes[i].propertyFlags;
		const VkMemoryHeap *heap;

		CHECK(t, memory->memoryTypes[i].heapIndex < memory->memoryHeapCount);
		heap = &memory->memoryHeaps[memory->memoryTypes[i].heapIndex];
		vkt_note("memory type %u: flags %#x, %llu MiB", i, flags,
			 (unsigned long long)(heap->size >> 20));
		CHECK(t, heap->size);
		local |= flags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
		seen |= flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT &&
			flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
	}
	CHECK(t, local);
	CHECK(t, seen);
	vkt_gpu_close(&gpu);
}

static void queue_families(struct vkt *t)
{
	struct vkt_gpu gpu;

	vkt_gpu_open(t, &gpu);
	for (uint32_t i = 0; i < gpu.num_families; i++) {
		vkt_note("queue family %u: flags %#x, %u queues", i,
			 gpu.families[i].queueFlags, gpu.families[i].queueCount);
		CHECK(t, gpu.families[i].queueCount);
	}
	CHECK(t, gpu.families[gpu.universal].queueFlags &
		 VK_QUEUE_SPARSE_BINDING_BIT);
	vkt_gpu_close(&gpu);
}

static void sparse_features(struct vkt *t)
{
	struct vkt_gpu gpu;

	vkt_gpu_open(t, &gpu);
	CHECK(t, gpu.features.sparseBinding);
	CHECK(t, gpu.features.sparseResidencyBuffer);
	if (vkt_options.driver == VK_DRIVER_ID_MESA_NVK) {
		CHECK(t, gpu.features.sparseResidencyAliased);
		CHECK(t, gpu.props.sparseProperties.residencyNonResidentStrict);
	}
	CHECK(t, gpu.props.limits.sparseAddressSpaceSize >= 1ull << 31);
	vkt_gpu_close(&gpu);
}

const struct vkt_case vkt_list_cases[] = {
	{ "driver", driver },
	{ "twice", twice },
	{ "memory-types", memory_types },
	{ "queue-families", queue_families },
	{ "sparse-features", sparse_features },
	{ }
};
