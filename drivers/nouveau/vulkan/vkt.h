/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the cases of the Vulkan program are written with. A case makes objects,
 * which go when it ends however it ends; a call of Vulkan that fails ends it. So
 * a case reads as what it does, and nothing else.
 */
#ifndef VKT_H
#define VKT_H

#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vulkan/vulkan.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define VKT_FAMILIES 8
#define VKT_QUEUES 4
/* Longer than anything takes in emulation, in nanoseconds. */
#define VKT_LONG 60000000000ull

/**
 * struct vkt_options - the command line
 */
struct vkt_options {
	/** @driver: which driver's GPU */
	VkDriverId driver;
	/** @validate: under validation layers, whose messages are failures */
	bool validate;
	/** @shaders: the device has cores that run them */
	bool shaders;
	/** @brief: fewer rounds, for make check */
	bool brief;
	/** @slow: the machine is emulated, and has more time for all */
	bool slow;
};

extern struct vkt_options vkt_options;

/**
 * struct vkt_gpu - a GPU, and what it says of itself
 */
struct vkt_gpu {
	VkInstance instance;
	VkDebugUtilsMessengerEXT messenger;
	VkPhysicalDevice phys;
	VkPhysicalDeviceProperties props;
	VkPhysicalDeviceDriverProperties driver;
	/** @limits: among them the size of the largest buffer */
	VkPhysicalDeviceMaintenance4Properties limits;
	VkPhysicalDeviceFeatures features;
	VkPhysicalDeviceMemoryProperties memory;
	VkQueueFamilyProperties families[VKT_FAMILIES];
	uint32_t num_families;
	/** @universal: the family that can do all */
	uint32_t universal;
	/** @transfer: one that can only copy, or -1 */
	int transfer;
};

/**
 * struct vkt_queue - a queue; one thread at a time may use it
 */
struct vkt_queue {
	VkQueue queue;
	uint32_t family;
	pthread_mutex_t lock;
};

/**
 * struct vkt_dev - a device with all queues of all families
 */
struct vkt_dev {
	const struct vkt_gpu *gpu;
	VkDevice dev;
	struct vkt_queue queues[VKT_FAMILIES][VKT_QUEUES];
	uint32_t num_queues[VKT_FAMILIES];
};

struct vkt_undo;

enum vkt_result { VKT_PASSED, VKT_FAILED, VKT_SKIPPED };

/**
 * struct vkt - a case that runs, or a thread of one
 */
struct vkt {
	struct vkt_dev *dev;
	jmp_buf end;
	enum vkt_result result;
	char why[512];
	/** @undos: what was made, the newest first */
	struct vkt_undo *undos;
	/** @pools: where command buffers come from, one for a family */
	VkCommandPool pools[VKT_FAMILIES];
};

/**
 * struct vkt_case - a case
 */
struct vkt_case {
	/** @name: lower case, words joined by hyphens; NULL ends the table */
	const char *name;
	void (*run)(struct vkt *t);
};

/**
 * struct vkt_theme - cases that run in one process, on one device
 */
struct vkt_theme {
	const char *name;
	const struct vkt_case *cases;
	/** @apart: each case has a process of its own, and no device is made */
	bool apart;
	/** @seconds: the longest that all of it may take */
	unsigned int seconds;
};

extern const struct vkt_case vkt_list_cases[], vkt_device_cases[],
	vkt_memory_cases[], vkt_copy_cases[], vkt_fill_cases[],
	vkt_image_cases[], vkt_sparse_cases[], vkt_rebind_cases[],
	vkt_alias_cases[], vkt_many_cases[], vkt_sync_cases[],
	vkt_timeline_cases[], vkt_event_cases[], vkt_queue_cases[],
	vkt_texture_cases[], vkt_lost_cases[];

/* The end of a case: run.c */

__attribute__((noreturn, format(printf, 4, 5)))
void vkt_fail(struct vkt *t, const char *file, int line, const char *format,
	      ...);
__attribute__((noreturn, format(printf, 2, 3)))
void vkt_skip(struct vkt *t, const char *format, ...);
__attribute__((format(printf, 1, 2)))
void vkt_note(const char *format, ...);
/** vkt_try() - run a case or a part of one; what it made is in @t->undos */
enum vkt_result vkt_try(struct vkt *t, struct vkt_dev *dev,
			void (*run)(struct vkt *t, void *arg), void *arg);

#define FAIL(t, ...) vkt_fail(t, __FILE__, __LINE__, __VA_ARGS__)
#define SKIP(t, ...) vkt_skip(t, __VA_ARGS__)
#define CHECK(t, condition) \
	do { \
		if (!(condition)) \
			FAIL(t, "not true: %s", #condition); \
	} while (0)

/** define GIVES - a call of Vulkan has to return this */
#define GIVES(t, wanted, call) \
	do { \
		VkResult result_ = (call), wanted_ = (wanted); \
		if (result_ != wanted_) \
			FAIL(t, "%s gives %s, not %s", #call, \
			     vkt_result_name(result_), \
			     vkt_result_name(wanted_)); \
	} while (0)

/** define VK - a call of Vulkan that has to succeed */
#define VK(t, call) GIVES(t, VK_SUCCESS, call)

const char *vkt_result_name(VkResult result);

/* GPUs and devices: gpu.c, device.c. These end the case, too. */

void vkt_gpu_open(struct vkt *t, struct vkt_gpu *gpu);
void vkt_gpu_close(struct vkt_gpu *gpu);
/** vkt_messages() - what validation layers said so far, in number */
unsigned int vkt_messages(void);
/** vkt_provoked() - whether they said something since; this is forgotten */
bool vkt_provoked(unsigned int since);
/** vkt_provoke() - what they say from now on is wanted, and not shown */
void vkt_provoke(bool wanted);
void vkt_dev_open(struct vkt *t, struct vkt_dev *dev, const struct vkt_gpu *gpu);
void vkt_dev_close(struct vkt_dev *dev);

/* Objects that go when the case ends: object.c */

enum vkt_kind {
	VKT_BUFFER, VKT_IMAGE, VKT_MEMORY, VKT_FENCE, VKT_SEMAPHORE, VKT_EVENT,
	VKT_QUERIES, VKT_POOL, VKT_BYTES, VKT_SHADER, VKT_LAYOUT,
	VKT_PIPELINE, VKT_SET_LAYOUT, VKT_SETS,
};

/** vkt_later() - destroy this when the case ends */
void vkt_later(struct vkt *t, enum vkt_kind kind, uint64_t handle);
/** vkt_now() - destroy it now */
void vkt_now(struct vkt *t, enum vkt_kind kind, uint64_t handle);
/** vkt_undo_all() - after all work of the device has ended */
void vkt_undo_all(struct vkt *t);
/** vkt_inherit() - what @from has made goes with @t */
void vkt_inherit(struct vkt *t, struct vkt *from);

#define VKT_HANDLE(object) ((uint64_t)(uintptr_t)(object))

/** vkt_bytes() - zeroed memory of the process */
void *vkt_bytes(struct vkt *t, size_t size);
VkFence vkt_fence(struct vkt *t, bool signalled);
VkSemaphore vkt_semaphore(struct vkt *t);
VkSemaphore vkt_timeline(struct vkt *t, uint64_t value);
VkEvent vkt_event(struct vkt *t);

/**
 * struct vkt_buf - a buffer with memory of its own
 */
struct vkt_buf {
	VkBuffer buf;
	VkDeviceMemory mem;
	VkDeviceSize size;
	/** @cpu: where the process sees it, or NULL */
	uint8_t *cpu;
};

/** vkt_buffer() - without memory; can be copied from and to on every queue */
VkBuffer vkt_buffer(struct vkt *t, VkDeviceSize size, VkBufferCreateFlags flags);
VkDeviceMemory vkt_memory(struct vkt *t, VkDeviceSize size, uint32_t type);
/** vkt_type() - a memory type of @bits with these properties; -1: none */
int vkt_type(const struct vkt *t, uint32_t bits, VkMemoryPropertyFlags flags);
/** vkt_buf() - of one memory type, or, if that is -1, one that the CPU sees */
struct vkt_buf vkt_buf(struct vkt *t, VkDeviceSize size, int type);
void vkt_buf_free(struct vkt *t, struct vkt_buf *buf);

/* Command buffers: command.c */

/** vkt_queue() - the first queue of the universal family */
struct vkt_queue *vkt_queue(struct vkt *t);
/** vkt_transfer_queue() - of the family that only copies; skips without one */
struct vkt_queue *vkt_transfer_queue(struct vkt *t);
/** vkt_cmd() - a command buffer that is being recorded */
VkCommandBuffer vkt_cmd(struct vkt *t, const struct vkt_queue *queue);
/** vkt_end() - all that it wrote can be seen by everybody afterwards */
void vkt_end(struct vkt *t, VkCommandBuffer cmd);
/** vkt_barrier() - what comes after it sees what came before */
void vkt_barrier(VkCommandBuffer cmd);
/** vkt_submit() - @wait and @signal may be NULL */
VkResult vkt_submit(struct vkt_queue *queue, VkCommandBuffer cmd,
		    const VkSemaphoreSubmitInfo *wait,
		    const VkSemaphoreSubmitInfo *signal, VkFence fence);
/** vkt_run() - end it, submit it, wait for it */
void vkt_run(struct vkt *t, struct vkt_queue *queue, VkCommandBuffer cmd);
VkSemaphoreSubmitInfo vkt_point(VkSemaphore semaphore, uint64_t value);
void vkt_copy(VkCommandBuffer cmd, VkBuffer src, VkDeviceSize from, VkBuffer dst,
	      VkDeviceSize to, VkDeviceSize size);
/** vkt_put() - through a buffer that the CPU sees */
void vkt_put(struct vkt *t, VkBuffer dst, VkDeviceSize offset, const void *data,
	     VkDeviceSize size);
void vkt_get(struct vkt *t, VkBuffer src, VkDeviceSize offset, void *data,
	     VkDeviceSize size);

/* Contents: data.c */

/** vkt_fill() - bytes that tell where they are: @offset of @seed */
void vkt_fill(void *data, uint32_t seed, uint64_t offset, size_t size);
/** vkt_same() - fails with the first byte that differs */
void vkt_same(struct vkt *t, const char *what, const void *got, const void *want,
	      size_t size);
/** vkt_is_fill() - the same for what vkt_fill() has written */
void vkt_is_fill(struct vkt *t, const char *what, const void *got, uint32_t seed,
		 uint64_t offset, size_t size);
/** vkt_random() - below @limit; the same row for the same seed */
uint32_t vkt_random(uint64_t *seed, uint32_t limit);

/* Sparse buffers, with a model of what they show: sparse.c */

/**
 * struct vkt_mem - memory that is bound somewhere, and what has to be in it
 */
struct vkt_mem {
	VkDeviceMemory mem;
	VkDeviceSize size;
	/** @view: a plain buffer over all of it */
	VkBuffer view;
	uint8_t *shadow;
};

/**
 * struct vkt_sparse - a sparse buffer
 */
struct vkt_sparse {
	VkBuffer buf;
	VkDeviceSize size;
	/** @unit: the granularity of its bindings */
	VkDeviceSize unit;
	uint32_t units;
	/** @residency: what is not bound reads zero, and the GPU keeps to that */
	bool residency;
	/** @at: what is bound, unit by unit */
	struct {
		struct vkt_mem *mem;
		VkDeviceSize offset;
	} *at;
};

/**
 * struct vkt_bind - an operation on a sparse buffer, in units
 */
struct vkt_bind {
	uint32_t at, count;
	/** @mem: NULL unbinds */
	struct vkt_mem *mem;
	uint32_t from;
};

/** vkt_need_sparse() - skip if sparse buffers are not all that they could be */
void vkt_need_sparse(struct vkt *t);
struct vkt_sparse *vkt_sparse(struct vkt *t, uint32_t units,
			      VkBufferCreateFlags flags);
/** vkt_sparse_free() - before the case ends; what is bound to it stays */
void vkt_sparse_free(struct vkt *t, struct vkt_sparse *sparse);
/** vkt_mem() - for this buffer, of a type with @flags, filled by the engine */
struct vkt_mem *vkt_mem(struct vkt *t, const struct vkt_sparse *sparse,
			uint32_t units, VkMemoryPropertyFlags flags,
			uint32_t seed);
void vkt_mem_free(struct vkt *t, struct vkt_mem *mem);
/** vkt_model() - apply operations to the model alone */
void vkt_model(struct vkt_sparse *sparse, const struct vkt_bind *binds,
	       uint32_t count);
/** vkt_binds() - as Vulkan takes them */
VkSparseMemoryBind *vkt_binds(struct vkt *t, const struct vkt_sparse *sparse,
			      const struct vkt_bind *binds, uint32_t count);
/** vkt_bind() - on the queue and in the model; waits until it has happened */
void vkt_bind(struct vkt *t, struct vkt_sparse *sparse,
	      const struct vkt_bind *binds, uint32_t count);
/** vkt_queue_bind() - @info comes without its buffer binds */
VkResult vkt_queue_bind(struct vkt_queue *queue, VkBindSparseInfo info,
			VkBuffer buf, const VkSparseMemoryBind *binds,
			uint32_t count, VkFence fence);
/** vkt_shows() - each byte of the buffer is that of the model */
void vkt_shows(struct vkt *t, const struct vkt_sparse *sparse);
/** vkt_holds() - each byte of the memory is */
void vkt_holds(struct vkt *t, const struct vkt_mem *mem);
/** vkt_store() - the engine fills a range, of bytes, through the buffer */
void vkt_store(struct vkt *t, const struct vkt_sparse *sparse, VkDeviceSize at,
	       VkDeviceSize size, uint32_t value);

#define VKT_BINDS(...) (const struct vkt_bind[]){ __VA_ARGS__ }, \
	sizeof((struct vkt_bind[]){ __VA_ARGS__ }) / sizeof(struct vkt_bind)

/* Threads: thread.c */

/**
 * struct vkt_thread - one of several that run at once
 */
struct vkt_thread {
	struct vkt *t;
	unsigned int number;
	void *arg;
};

/** vkt_threads() - @count of them; fails if one does. Needs no lock of its own */
void vkt_threads(struct vkt *t, unsigned int count,
		 void (*run)(struct vkt *t, struct vkt_thread *self), void *arg);

#endif
