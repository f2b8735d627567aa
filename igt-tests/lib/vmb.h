/* SPDX-License-Identifier: MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the tests are written with: a device, VMs with a window into them, BOs
 * whose contents tell where they come from. All of these end the subtest if
 * they fail; calls that are to be refused go through vmb_fails().
 */
#ifndef VMB_H
#define VMB_H

#include "igt.h"
#include "vmb_driver.h"

#define VMB_PAGE 4096ull

/* Jobs that can be under way at once in vmb_run_all(). */
#define VMB_ENDS 16

/* Far apart, so that a driver that strays is seen. */
#define VMB_DATA 0x100000000ull
#define VMB_WINDOW 0x10000000000ull
#define VMB_WINDOW_SIZE (256 * VMB_PAGE)
#define VMB_LOAD_WINDOW (VMB_WINDOW + (1ull << 36))

/*
 * What no word is that a test waits for, until it stores this: in 64 bits, and in
 * the lower 32 of them.
 */
#define VMB_LATER (1ull << 63 | 1ull << 30)

/** vmb_ok() - a call of the driver that must succeed */
#define vmb_ok(call) \
	do { \
		int vmb_ret = (call); \
		igt_assert_f(!vmb_ret, "%s: %s\n", #call, \
			     strerror(-vmb_ret)); \
	} while (0)

/** vmb_fails() - a call that must fail with this errno */
#define vmb_fails(error, call) \
	do { \
		int vmb_ret = (call), vmb_want = (error); \
		igt_require_f(vmb_ret != VMB_CANNOT, \
			      "this driver has nothing to be wrong so\n"); \
		igt_assert_f(vmb_ret == -vmb_want, \
			     "%s: %s, expected was %s\n", #call, \
			     vmb_ret ? strerror(-vmb_ret) : "success", \
			     strerror(vmb_want)); \
	} while (0)

/**
 * define VMB_MAIN - the body of a program
 *
 * What igt_main is, whose form is not the same in all versions of IGT.
 */
#define VMB_MAIN() \
	static void vmb_main(void); \
	int main(int argc, char **argv) \
	{ \
		igt_subtest_init_parse_opts(&argc, argv, NULL, NULL, NULL, \
					    NULL, NULL); \
		vmb_main(); \
		igt_exit(); \
	} \
	static void vmb_main(void)

/* The device: vmb_device.c */

/**
 * struct vmb_dev - an open file of the device
 */
struct vmb_dev {
	int fd;
	const struct vmb_driver *drv;
	struct vmb_caps caps;
	/** @ends: syncobjs for jobs that are waited for at once */
	uint32_t ends[VMB_ENDS];
	/** @owner: the process that these are of; a child makes its own */
	pid_t owner;
	/** @vms: VMs that vmb_vm_create() has made and nobody destroyed */
	unsigned int vms;
};

/**
 * vmb_open() - open the device that is to be tested
 *
 * It is that of the driver which VMB_DRIVER names in the environment, else the
 * first that is found. Skips if there is none.
 */
void vmb_open(struct vmb_dev *dev);
void vmb_close(struct vmb_dev *dev);
/** vmb_begin() - the same at the start of a subtest, with nothing left of others */
void vmb_begin(struct vmb_dev *dev);
/** vmb_end() - and at its end: all that it opened and mapped goes */
void vmb_end(struct vmb_dev *dev);
/** vmb_need() - skip unless the driver has all these features */
void vmb_need(const struct vmb_dev *dev, uint32_t features);

/**
 * struct vmb_test - a subtest
 */
struct vmb_test {
	const char *name;
	void (*run)(struct vmb_dev *dev);
	/** @about: one sentence */
	const char *about;
	/** @needs: set of enum vmb_feature */
	uint32_t needs;
};

/** vmb_subtests() - each of a list, with the device opened anew for it */
void vmb_subtests(const struct vmb_test *tests, unsigned int count);

/* Syncobjs: vmb_sync.c. Point 0 is that of a binary one. */

uint32_t vmb_syncobj(struct vmb_dev *dev);
struct vmb_sync vmb_wait(uint32_t syncobj, uint64_t point);
struct vmb_sync vmb_signal(uint32_t syncobj, uint64_t point);
/** vmb_has_fence() - whether there is one at this point, signalled or not */
bool vmb_has_fence(struct vmb_dev *dev, uint32_t syncobj, uint64_t point);
/** vmb_pending() - what it stands for must not have ended */
void vmb_pending(struct vmb_dev *dev, uint32_t syncobj, uint64_t point);
/** vmb_done() - it must end in time; 0 or the negative errno of its fence */
int vmb_done(struct vmb_dev *dev, uint32_t syncobj, uint64_t point);
/** vmb_fence_move() - the fence of a binary one, to one of another file */
void vmb_fence_move(struct vmb_dev *from, uint32_t binary, struct vmb_dev *dev,
		    uint32_t syncobj, uint64_t point);

/* BOs: vmb_bo.c */

/**
 * struct vmb_bo - a BO that the CPU has mapped, or memory of the process
 */
struct vmb_bo {
	struct vmb_dev *dev;
	/** @handle: 0 for memory of the process: it is bound as a userptr */
	uint32_t handle;
	uint64_t size;
	/** @seed: in the high bits of each of its words */
	uint32_t seed;
	uint64_t *cpu;
};

/* What is stored at this offset of a BO. */
static inline uint64_t vmb_word(const struct vmb_bo *bo, uint64_t offset)
{
	return (uint64_t)bo->seed << 40 | offset;
}

/** vmb_bo_create() - @flags as in &struct vmb_driver; @vm: private to it, or 0 */
void vmb_bo_create(struct vmb_bo *bo, struct vmb_dev *dev, uint64_t size,
		   uint32_t flags, uint32_t vm, uint32_t seed);
/** vmb_bo_wrap() - a handle that is there already, as a BO with contents */
void vmb_bo_wrap(struct vmb_bo *bo, struct vmb_dev *dev, uint32_t handle,
		 uint64_t size, uint32_t seed);
/** vmb_bo_user() - memory of the process, bound as if it were a BO */
void vmb_bo_user(struct vmb_bo *bo, struct vmb_dev *dev, uint64_t size,
		 uint32_t seed);
/** vmb_bo_map() - map a BO for the CPU */
void *vmb_bo_map(struct vmb_dev *dev, uint32_t handle, uint64_t size);
/** vmb_bo_unmap() - end that; the handle stays */
void vmb_bo_unmap(struct vmb_bo *bo);
/** vmb_bo_fill() - store its contents, by the CPU */
void vmb_bo_fill(struct vmb_bo *bo);
/** vmb_bo_close() - close the handle, and end the CPU's mapping */
void vmb_bo_close(struct vmb_bo *bo);
/** vmb_bo_intact() - the CPU sees the contents that it wrote */
void vmb_bo_intact(const struct vmb_bo *bo);
/** vmb_handle_close() - 0 or a negative errno */
int vmb_handle_close(struct vmb_dev *dev, uint32_t handle);

/* Calls that are made once, whatever happens: vmb_once.c */

/** vmb_signals_begin() - a signal that does nothing, each @us microseconds */
void vmb_signals_begin(unsigned int us);
void vmb_signals_end(void);
/** vmb_fail_begin() - skips where no allocation can be made to fail */
void vmb_fail_begin(void);
/** vmb_fail_nth() - in the next calls, the nth allocation; 0: none */
void vmb_fail_nth(unsigned int nth);
/** vmb_has_failed() - whether the last call had so many */
bool vmb_has_failed(void);

/* Memory of BOs, taken away: vmb_memory.c. All of it needs VMB_LIMIT. */

/** vmb_limit() - bytes that BOs may have at once, until the subtest ends; 0: all */
void vmb_limit(struct vmb_dev *dev, uint64_t bytes);
/** vmb_shrink() - reclaim of the kernel takes memory away, until the subtest ends */
void vmb_shrink(struct vmb_dev *dev);
/** vmb_evict_all() - evict all that is idle; then there is no limit */
void vmb_evict_all(struct vmb_dev *dev);
struct vmb_memory vmb_memory(struct vmb_dev *dev);

/* VMs: vmb_vm.c */

/**
 * struct vmb_vm - a VM, and what is needed to look into it
 */
struct vmb_vm {
	struct vmb_dev *dev;
	uint32_t id;
	uint32_t queue;
	/** @window: where the engine puts what it read, at VMB_WINDOW */
	struct vmb_bo window;
};

/** vmb_vm_create() - skips where a file has one VM, and this is another */
void vmb_vm_create(struct vmb_vm *vm, struct vmb_dev *dev);
/** vmb_vm_destroy() - where it cannot be, it goes when the file is closed */
void vmb_vm_destroy(struct vmb_vm *vm);
/** vmb_report() - of a driver that tells nothing, all is 0 */
struct vmb_report vmb_report(struct vmb_vm *vm);

struct vmb_op vmb_map(const struct vmb_bo *bo, uint64_t offset, uint64_t addr,
		      uint64_t range);
struct vmb_op vmb_map_readonly(const struct vmb_bo *bo, uint64_t offset,
			       uint64_t addr, uint64_t range);
struct vmb_op vmb_map_repeat(const struct vmb_bo *bo, uint64_t offset,
			     uint64_t addr, uint64_t range, uint64_t repeat);
struct vmb_op vmb_unmap(uint64_t addr, uint64_t range);
struct vmb_op vmb_sparse(uint64_t addr, uint64_t range);
struct vmb_op vmb_unmap_bo(const struct vmb_bo *bo);

/** vmb_try_bind() - a synchronous bind; 0 or a negative errno */
int vmb_try_bind(struct vmb_vm *vm, const struct vmb_op *ops, uint32_t count);
/** vmb_try_async() - a bind that is queued; 0 or a negative errno */
int vmb_try_async(struct vmb_vm *vm, const struct vmb_op *ops, uint32_t count,
		  const struct vmb_sync *syncs, uint32_t num_syncs);

/** vmb_bind_once() - as vmb_try_bind(); -EINTR if a signal came */
int vmb_bind_once(struct vmb_vm *vm, const struct vmb_op *ops, uint32_t count);

/* A bind of one operation. */
static inline int vmb_bind1(struct vmb_vm *vm, struct vmb_op op)
{
	return vmb_try_bind(vm, &op, 1);
}

/** define VMB_BIND - operations that must succeed, as one synchronous bind */
#define VMB_BIND(vm, ...) \
	vmb_ok(vmb_try_bind(vm, VMB_LIST(struct vmb_op, __VA_ARGS__)))

/** define VMB_LIST - an array and its length, for functions that take both */
#define VMB_LIST(type, ...) \
	((const type[]){ __VA_ARGS__ }), \
	(sizeof((const type[]){ __VA_ARGS__ }) / sizeof(type))

#define VMB_SYNCS(...) VMB_LIST(struct vmb_sync, __VA_ARGS__)

struct vmb_cmd vmb_fill(uint64_t addr, uint64_t size, uint32_t value);
struct vmb_cmd vmb_copy(uint64_t dst, uint64_t src, uint64_t size);
struct vmb_cmd vmb_write(uint64_t addr, uint64_t value);
struct vmb_cmd vmb_wait_word(uint64_t addr, uint64_t value);

/** vmb_try_exec() - queue a job; 0 or a negative errno */
int vmb_try_exec(struct vmb_dev *dev, uint32_t queue,
		 const struct vmb_cmd *cmds, uint32_t count,
		 const struct vmb_sync *syncs, uint32_t num_syncs);
/** vmb_exec_once() - without syncs; -EINTR if a signal came */
int vmb_exec_once(struct vmb_dev *dev, uint32_t queue,
		  const struct vmb_cmd *cmds, uint32_t count);
/** vmb_run() - a job, to its end: 0 or the negative errno of its fence */
int vmb_run(struct vmb_dev *dev, uint32_t queue, const struct vmb_cmd *cmds,
	    uint32_t count);

/**
 * vmb_run_all() - several jobs of one command each, one after the other
 * @status: how each of them ended, as vmb_run() returns it
 *
 * At most VMB_ENDS of them.
 */
void vmb_run_all(struct vmb_dev *dev, uint32_t queue,
		 const struct vmb_cmd *cmds, uint32_t count, int *status);

/* A job of one command, on the VM's own queue. */
static inline int vmb_run1(struct vmb_vm *vm, struct vmb_cmd cmd)
{
	return vmb_run(vm->dev, vm->queue, &cmd, 1);
}

uint32_t vmb_queue(struct vmb_vm *vm, uint32_t timeout_ms);

/** vmb_read() - read memory of the VM through the engine; as vmb_run() */
int vmb_read(struct vmb_vm *vm, uint64_t addr, void *buf, uint64_t size);
/** vmb_word_at() - the word at an address that must be readable */
uint64_t vmb_word_at(struct vmb_vm *vm, uint64_t addr);

/** vmb_shows() - the engine must see this piece of a BO there, as the CPU does */
void vmb_shows(struct vmb_vm *vm, uint64_t addr, uint64_t range,
	       const struct vmb_bo *bo, uint64_t offset);
/**
 * vmb_reaches() - what the engine stores there must arrive in the BO
 *
 * A word in each page, seen through the CPU's mapping, and put back.
 */
void vmb_reaches(struct vmb_vm *vm, uint64_t addr, uint64_t range,
		 const struct vmb_bo *bo, uint64_t offset);
/**
 * vmb_faults() - an access must fault, and be told of, where that is told
 *
 * Without VMB_FAULT nothing can be seen of what is not mapped, and nothing is
 * looked at. Where a fault takes its queue along, the VM has a new one then.
 */
void vmb_faults(struct vmb_vm *vm, uint64_t addr, bool write);
/** vmb_job_faults() - so must a job, on the VM's own queue; with VMB_FAULT */
void vmb_job_faults(struct vmb_vm *vm, const struct vmb_cmd *cmds,
		    uint32_t count);
/** vmb_fault_told() - this was the last one, where that is told */
void vmb_fault_told(struct vmb_vm *vm, uint64_t addr, bool write);
/** vmb_has_faulted() - so must the job that signals this, of the same queue */
void vmb_has_faulted(struct vmb_vm *vm, uint32_t syncobj);
/**
 * vmb_all_fault() - as vmb_faults(), each of several
 *
 * At most VMB_ENDS of them, which is faster than one by one.
 */
void vmb_all_fault(struct vmb_vm *vm, const uint64_t *addrs, const bool *write,
		   uint32_t count);
/** vmb_unmapped() - each page of a range must fault */
void vmb_unmapped(struct vmb_vm *vm, uint64_t addr, uint64_t range);
/** vmb_is_sparse() - it must read as zero, and take writes that go nowhere */
void vmb_is_sparse(struct vmb_vm *vm, uint64_t addr, uint64_t range);

/* A gate that holds back what waits for it: vmb_gate.c */

/**
 * struct vmb_gate - fences that are signalled when the test says so
 *
 * Has a VM and queue of its own, so that it disturbs no order in any other.
 * Needs VMB_WAIT.
 */
struct vmb_gate {
	/** @dev: where the fences are needed */
	struct vmb_dev *dev;
	/** @file: whose the VM is, where that has to be another one */
	struct vmb_dev file;
	struct vmb_vm vm;
	uint32_t queue;
	struct vmb_bo word;
	/** @syncobj: signalled when the gate is opened to 1 */
	uint32_t syncobj;
};

void vmb_gate_create(struct vmb_gate *gate, struct vmb_dev *dev);
/** vmb_gate_fence() - a fence for a syncobj, signalled at this level */
void vmb_gate_fence(struct vmb_gate *gate, uint64_t level, uint32_t syncobj,
		    uint64_t point);
/** vmb_gate_open() - signal the fences up to a level, the lowest first */
void vmb_gate_open(struct vmb_gate *gate, uint64_t level);

/* Load on a VM, by a thread with a queue of its own: vmb_load.c */

struct vmb_load;

/**
 * vmb_load_start() - read some pages of a VM again and again
 * @vm: the VM
 * @addrs: their addresses
 * @count: how many
 *
 * Each must be mapped, and show the same, until vmb_load_stop().
 */
struct vmb_load *vmb_load_start(struct vmb_vm *vm, const uint64_t *addrs,
				unsigned int count);
/** vmb_load_stop() - end it; fails if a page was not there all the time */
void vmb_load_stop(struct vmb_load *load);
/** vmb_load_abandon() - end it, whatever it saw */
void vmb_load_abandon(struct vmb_load *load);

void vmb_sleep_ms(unsigned int ms);
uint64_t vmb_now_ms(void);
/** vmb_random() - a number below @limit, the same sequence for a seed */
uint32_t vmb_random(uint64_t *seed, uint32_t limit);

#endif
