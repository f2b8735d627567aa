// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The instance of Vulkan, its validation layers, and the GPU.
 */
#include "vkt.h"

#define GPUS 8
#define MESSAGES_SHOWN 20

static unsigned int messages;
static bool provoking;

const char *vkt_result_name(VkResult result)
{
	static __thread char number[4][24];
	static __thread unsigned int next;
	char *text = number[next++ % 4];

#define NAME(name) case VK_##name: return #name
	switch (result) {
	NAME(SUCCESS);
	NAME(NOT_READY);
	NAME(TIMEOUT);
	NAME(EVENT_SET);
	NAME(EVENT_RESET);
	NAME(INCOMPLETE);
	NAME(ERROR_OUT_OF_HOST_MEMORY);
	NAME(ERROR_OUT_OF_DEVICE_MEMORY);
	NAME(ERROR_INITIALIZATION_FAILED);
	NAME(ERROR_DEVICE_LOST);
	NAME(ERROR_MEMORY_MAP_FAILED);
	NAME(ERROR_LAYER_NOT_PRESENT);
	NAME(ERROR_EXTENSION_NOT_PRESENT);
	NAME(ERROR_FEATURE_NOT_PRESENT);
	NAME(ERROR_INCOMPATIBLE_DRIVER);
	NAME(ERROR_FORMAT_NOT_SUPPORTED);
	NAME(ERROR_UNKNOWN);
	default:
		break;
	}
#undef NAME
	snprintf(text, sizeof(number[0]), "VkResult %d", result);
	return text;
}

unsigned int vkt_messages(void)
{
	return __atomic_load_n(&messages, __ATOMIC_RELAXED);
}

bool vkt_provoked(unsigned int since)
{
	return __atomic_exchange_n(&messages, since, __ATOMIC_RELAXED) != since;
}

void vkt_provoke(bool wanted)
{
	provoking = wanted;
}

static VkBool32 VKAPI_PTR message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
				  VkDebugUtilsMessageTypeFlagsEXT types,
				  const VkDebugUtilsMessengerCallbackDataEXT *data,
				  void *arg)
{
	(void)severity;
	(void)types;
	(void)arg;
	if (__atomic_add_fetch(&messages, 1, __ATOMIC_RELAXED) <= MESSAGES_SHOWN &&
	    !provoking)
		vkt_note("validation: %s: %.600s",
			 data->pMessageIdName ? data->pMessageIdName : "",
			 data->pMessage);
	return VK_FALSE;
}

static const VkDebugUtilsMessengerCreateInfoEXT messenger = {
	.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
	.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
			   VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
	/* Not GENERAL: it tells how the loader finds drivers. */
	.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
	.pfnUserCallback = message,
};

static VkInstance make_instance(struct vkt *t)
{
	static const char *const layer = "VK_LAYER_KHRONOS_validation";
	static const char *const extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
	const VkApplicationInfo app = {
		.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
		.pApplicationName = "nvk-client",
		.apiVersion = VK_API_VERSION_1_3,
	};
	const VkInstanceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
		/* Also of what is said while the instance comes and goes. */
		.pNext = vkt_options.validate ? &messenger : NULL,
		.pApplicationInfo = &app,
		.enabledLayerCount = vkt_options.validate,
		.ppEnabledLayerNames = &layer,
		.enabledExtensionCount = vkt_options.validate,
		.ppEnabledExtensionNames = &extension,
	};
	VkInstance instance;
	VkResult result = vkCreateInstance(&info, NULL, &instance);

	if (result == VK_ERROR_LAYER_NOT_PRESENT)
		FAIL(t, "Vulkan's validation layers are not there: install vulkan-validationlayers, or see VK_LAYER_PATH");
	VK(t, result);
	return instance;
}

static void start_messages(struct vkt *t, struct vkt_gpu *gpu)
{
	PFN_vkCreateDebugUtilsMessengerEXT create;

	create = (PFN_vkCreateDebugUtilsMessengerEXT)
		vkGetInstanceProcAddr(gpu->instance,
				      "vkCreateDebugUtilsMessengerEXT");
	CHECK(t, create);
	VK(t, create(gpu->instance, &messenger, NULL, &gpu->messenger));
}

/* Fills what the GPU says of itself; whether its driver is the wanted one. */
static bool ask(struct vkt_gpu *gpu)
{
	VkPhysicalDeviceProperties2 props = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
		.pNext = &gpu->driver,
	};

	gpu->limits = (VkPhysicalDeviceMaintenance4Properties){
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES,
	};
	gpu->driver = (VkPhysicalDeviceDriverProperties){
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES,
		.pNext = &gpu->limits,
	};
	vkGetPhysicalDeviceProperties2(gpu->phys, &props);
	gpu->props = props.properties;
	if (gpu->driver.driverID != vkt_options.driver)
		return false;

	vkGetPhysicalDeviceFeatures(gpu->phys, &gpu->features);
	vkGetPhysicalDeviceMemoryProperties(gpu->phys, &gpu->memory);
	gpu->num_families = VKT_FAMILIES;
	vkGetPhysicalDeviceQueueFamilyProperties(gpu->phys, &gpu->num_families,
						 gpu->families);
	return true;
}

static void find_families(struct vkt *t, struct vkt_gpu *gpu)
{
	const VkQueueFlags all = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
	bool universal = false;

	gpu->transfer = -1;
	for (uint32_t i = gpu->num_families; i-- > 0;) {
		VkQueueFlags flags = gpu->families[i].queueFlags;

		if ((flags & all) == all) {
			gpu->universal = i;
			universal = true;
		} else if (!(flags & all) && flags & VK_QUEUE_TRANSFER_BIT) {
			gpu->transfer = i;
		}
	}
	CHECK(t, universal);
}

void vkt_gpu_open(struct vkt *t, struct vkt_gpu *gpu)
{
	VkPhysicalDevice found[GPUS];
	uint32_t count = GPUS;
	VkResult result;

	memset(gpu, 0, sizeof(*gpu));
	gpu->instance = make_instance(t);
	if (vkt_options.validate)
		start_messages(t, gpu);
	result = vkEnumeratePhysicalDevices(gpu->instance, &count, found);
	if (result != VK_INCOMPLETE)
		VK(t, result);
	for (uint32_t i = 0; i < count; i++) {
		gpu->phys = found[i];
		if (ask(gpu)) {
			find_families(t, gpu);
			return;
		}
	}
	FAIL(t, "none of %u GPUs is that of the wanted driver: is the module loaded, is /dev/dri there, and does VK_DRIVER_FILES name Mesa's file?",
	     count);
}

void vkt_gpu_close(struct vkt_gpu *gpu)
{
	PFN_vkDestroyDebugUtilsMessengerEXT destroy;

	if (gpu->messenger) {
		destroy = (PFN_vkDestroyDebugUtilsMessengerEXT)
			vkGetInstanceProcAddr(gpu->instance,
					      "vkDestroyDebugUtilsMessengerEXT");
		destroy(gpu->instance, gpu->messenger, NULL);
	}
	vkDestroyInstance(gpu->instance, NULL);
}
