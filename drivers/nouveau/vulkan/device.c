// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A device, with each queue that it has and each feature that is of use here.
 */
#include "vkt.h"

static uint32_t queue_infos(const struct vkt_gpu *gpu, VkDeviceQueueCreateInfo *infos)
{
	static const float priorities[VKT_QUEUES] = { 1, 1, 1, 1 };

	for (uint32_t i = 0; i < gpu->num_families; i++) {
		uint32_t count = gpu->families[i].queueCount;

		infos[i] = (VkDeviceQueueCreateInfo){
			.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
			.queueFamilyIndex = i,
			.queueCount = count < VKT_QUEUES ? count : VKT_QUEUES,
			.pQueuePriorities = priorities,
		};
	}

	return gpu->num_families;
}

void vkt_dev_open(struct vkt *t, struct vkt_dev *dev, const struct vkt_gpu *gpu)
{
	VkDeviceQueueCreateInfo infos[VKT_FAMILIES];
	VkPhysicalDeviceVulkan13Features v13 = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
		.synchronization2 = VK_TRUE,
	};
	VkPhysicalDeviceVulkan12Features v12 = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
		.pNext = &v13,
		.timelineSemaphore = VK_TRUE,
		.hostQueryReset = VK_TRUE,
	};
	VkPhysicalDeviceFeatures2 features = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
		.pNext = &v12,
		.features = {
			.sparseBinding = gpu->features.sparseBinding,
			.sparseResidencyBuffer = gpu->features.sparseResidencyBuffer,
			.sparseResidencyAliased = gpu->features.sparseResidencyAliased,
			.sparseResidencyImage2D = gpu->features.sparseResidencyImage2D,
			.textureCompressionBC = gpu->features.textureCompressionBC,
		},
	};
	const VkDeviceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
		.pNext = &features,
		.queueCreateInfoCount = queue_infos(gpu, infos),
		.pQueueCreateInfos = infos,
	};

	memset(dev, 0, sizeof(*dev));
	dev->gpu = gpu;
	VK(t, vkCreateDevice(gpu->phys, &info, NULL, &dev->dev));
	for (uint32_t i = 0; i < gpu->num_families; i++) {
		dev->num_queues[i] = infos[i].queueCount;
		for (uint32_t k = 0; k < infos[i].queueCount; k++) {
			struct vkt_queue *queue = &dev->queues[i][k];

			queue->family = i;
			pthread_mutex_init(&queue->lock, NULL);
			vkGetDeviceQueue(dev->dev, i, k, &queue->queue);
		}
	}
}

void vkt_dev_close(struct vkt_dev *dev)
{
	vkDestroyDevice(dev->dev, NULL);
	dev->dev = VK_NULL_HANDLE;
}
