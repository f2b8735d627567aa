// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A thread that reads pages of a VM while something else is bound there. It
 * asserts nothing, because a thread must not leave a subtest: it notes what it
 * saw, for the thread that stops it.
 */
#include <pthread.h>

#include <xf86drm.h>

#include "vmb_left.h"

#define LOAD_PAGES 64
#define LOAD_WAIT_NS 30000000000ll

struct vmb_load {
	/** @vm, @dev: copies, which are there when the subtest's are not */
	struct vmb_vm vm;
	struct vmb_dev dev;
	uint32_t queue;
	uint32_t done;
	/** @seen: what the engine copied, a word for each page */
	struct vmb_bo seen;
	uint64_t expected[LOAD_PAGES];
	struct vmb_cmd cmds[LOAD_PAGES];
	unsigned int count;
	bool stop;
	/** @rounds, @error, @strange: of the thread, read when it has ended */
	unsigned int rounds;
	int error;
	uint64_t strange;
	pthread_t thread;
};

static int load_round(struct vmb_load *load)
{
	struct vmb_dev *dev = &load->dev;
	struct vmb_sync signal = vmb_signal(load->done, 0);
	struct timespec now;
	int ret;

	ret = vmb_try_exec(dev, load->queue, load->cmds, load->count, &signal,
			   1);
	if (ret)
		return ret;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ret = drmSyncobjWait(dev->fd, &load->done, 1,
			     now.tv_sec * 1000000000ll + LOAD_WAIT_NS, 0, NULL);
	if (ret)
		return ret;

	for (unsigned int i = 0; i < load->count; i++) {
		uint64_t seen = __atomic_exchange_n(&load->seen.cpu[i], 0,
						    __ATOMIC_RELAXED);

		if (seen != load->expected[i]) {
			load->strange = load->cmds[i].src;
			return -EFAULT;
		}
	}
	return 0;
}

static void *load_thread(void *data)
{
	struct vmb_load *load = data;

	while (!load->error &&
	       !(load->rounds && __atomic_load_n(&load->stop, __ATOMIC_ACQUIRE))) {
		load->error = load_round(load);
		load->rounds++;
	}
	return NULL;
}

struct vmb_load *vmb_load_start(struct vmb_vm *vm, const uint64_t *addrs,
				unsigned int count)
{
	struct vmb_load *load = calloc(1, sizeof(*load));

	igt_assert(load);
	igt_assert(count <= LOAD_PAGES);
	load->vm = *vm;
	load->dev = *vm->dev;
	load->vm.dev = &load->dev;
	load->count = count;
	load->queue = vmb_queue(vm, 0);
	load->done = vmb_syncobj(vm->dev);
	vmb_bo_create(&load->seen, vm->dev, VMB_PAGE, 0, 0, 0);
	memset(load->seen.cpu, 0, VMB_PAGE);
	VMB_BIND(vm, vmb_map(&load->seen, 0, VMB_LOAD_WINDOW, VMB_PAGE));
	for (unsigned int i = 0; i < count; i++) {
		load->expected[i] = vmb_word_at(vm, addrs[i]);
		load->cmds[i] = vmb_copy(VMB_LOAD_WINDOW + 8 * i, addrs[i], 8);
	}
	igt_assert(!pthread_create(&load->thread, NULL, load_thread, load));
	vmb_left_load(load);
	return load;
}

void vmb_load_abandon(struct vmb_load *load)
{
	__atomic_store_n(&load->stop, true, __ATOMIC_RELEASE);
	pthread_join(load->thread, NULL);
	free(load);
}

void vmb_load_stop(struct vmb_load *load)
{
	struct vmb_vm *vm = &load->vm;

	vmb_left_load(NULL);
	__atomic_store_n(&load->stop, true, __ATOMIC_RELEASE);
	igt_assert(!pthread_join(load->thread, NULL));
	igt_debug("load: %u rounds\n", load->rounds);
	igt_assert_f(!load->error, "round %u of the load: %s, page %#llx\n",
		     load->rounds, strerror(-load->error),
		     (unsigned long long)load->strange);
	vmb_ok(vm->dev->drv->queue_destroy(vm->dev->fd, load->queue));
	VMB_BIND(vm, vmb_unmap(VMB_LOAD_WINDOW, VMB_PAGE));
	vmb_bo_close(&load->seen);
	igt_assert(!drmSyncobjDestroy(vm->dev->fd, load->done));
	free(load);
}
