/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The benchmark of a GPUVM core.
 *
 * Nothing in here knows which core it measures: this is compiled once with the
 * kernel's <drm/drm_gpuvm.h> and once with ours. A group is a scenario with n
 * mappings, objects or VMs; it takes the time of one or more rows and looks
 * whether what it timed was really done.
 */
#ifndef __BENCH_H__
#define __BENCH_H__

#include <linux/bits.h>
#include <linux/ktime.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <drm/drm_gpuvm.h>

/** define BENCH_SPAN - length of a mapping, and distance from one to the next */
#define BENCH_SPAN SZ_64K

/** define BENCH_RANGE - length of the VA space */
#define BENCH_RANGE BIT_ULL(47)

/** define BENCH_CAP - operations that are timed, at most, of a row in one pass */
#define BENCH_CAP BIT(20)

#define BENCH_ROWS 16

/**
 * struct bench_result - what was measured of one row
 */
struct bench_result {
	/** @row: its name */
	const char *row;
	/** @unit: what @value is in */
	const char *unit;
	/** @ops: number of operations */
	u64 ops;
	/** @value: for all of them together */
	u64 value;
	/** @check: a sum over what was done, which must be the same for all cores */
	u64 check;
};

/**
 * struct bench - one run of a group; belongs to the thread that runs it
 */
struct bench {
	/** @drm: a device without hardware */
	struct drm_device *drm;
	/** @n: the size */
	u32 n;
	/** @seed: of everything random */
	u64 seed;
	/** @results: rows in the order of their first measurement */
	struct bench_result results[BENCH_ROWS];
	/** @num_results: how many there are */
	unsigned int num_results;
};

/* bench_main.c */
int bench_add(struct bench *b, const char *row, const char *unit,
	      u64 ops, u64 value, u64 check);

/* A row that is measured in nanoseconds, its end. */
static inline int bench_took(struct bench *b, const char *row, u64 start,
			     u64 ops, u64 check)
{
	return bench_add(b, row, "ns", ops, ktime_get_ns() - start, check);
}

/**
 * struct bench_vm - a VM and a stock of mappings for it
 */
struct bench_vm {
	/** @base: the VM */
	struct drm_gpuvm base;
	/** @obj: the object behind its mappings, which shares the VM's dma_resv */
	struct drm_gem_object *obj;
	/** @stock: mappings that are not in use, as a stack */
	struct drm_gpuva **stock;
	/** @stocked: how many that are */
	u32 stocked;
	/** @room: how many there are in all */
	u32 room;
	/** @steps: how often each callback was called, by &enum drm_gpuva_op_type */
	u64 steps[DRM_GPUVA_OP_DRIVER];
	/** @validated: how many vm_bos were validated */
	u64 validated;
	/** @freed: the last reference is gone */
	bool freed;
};

/* bench_vm.c */
struct bench_vm *bench_vm_create_bare(struct bench *b,
				      enum drm_gpuvm_flags flags, u32 room);
int bench_vm_prepare(struct bench_vm *vm, u32 count);
struct bench_vm *bench_vm_create(struct bench *b, enum drm_gpuvm_flags flags,
				 u32 room);
int bench_vm_close(struct bench_vm *vm);
struct drm_gpuva *bench_vm_take(struct bench_vm *vm);
void bench_vm_return(struct bench_vm *vm, struct drm_gpuva *va);
int bench_vm_map(struct bench_vm *vm, struct drm_gem_object *obj,
		 u64 addr, u64 range, u64 offset);
int bench_vm_map_at(struct bench_vm *vm, u32 at);
int bench_vm_unmap_at(struct bench_vm *vm, u32 at);
int bench_vm_unmap_all(struct bench_vm *vm);
int bench_vm_fill(struct bench_vm *vm, u32 n);
int bench_vm_refill(struct bench_vm *vm, u32 n);
int bench_vm_expect(struct bench_vm *vm, u64 count, u64 *sum);
void bench_core_close(struct drm_gpuvm *vm);
struct drm_gem_object *bench_obj_create(struct drm_device *drm);

/* bench_floor.c */
struct bench_floor_bo;
struct drm_gpuvm_bo *bench_floor_obtain(struct drm_gem_object *obj,
					struct drm_gpuvm_bo *vm_bo);
void bench_floor_put(struct drm_gpuvm_bo *vm_bo);
struct bench_floor_bo *bench_floor_create(struct drm_gpuvm *vm,
					  struct drm_gem_object *obj);
struct drm_gpuvm_bo *
bench_floor_obtain_prealloc(struct bench_floor_bo *spare,
			    struct drm_gpuvm_bo *vm_bo);

/**
 * enum bench_order - in which order mappings are visited
 */
enum bench_order {
	/** @BENCH_UNIFORM: each as likely as any other to come next */
	BENCH_UNIFORM,
	/** @BENCH_CLUSTERED: 64 neighbours in random order, then others */
	BENCH_CLUSTERED,
	/** @BENCH_STRIDED: column by column of a square */
	BENCH_STRIDED,
};

/* bench_order.c */
u64 bench_random(u64 *state);
u32 bench_below(u64 *state, u32 bound);
u32 *bench_order(enum bench_order order, u32 n, u64 seed);

/* the groups */
int bench_bytes(struct bench *b);
int bench_close(struct bench *b);
int bench_exec(struct bench *b);
int bench_latency(struct bench *b);
int bench_longest(struct bench *b);
int bench_mappings(struct bench *b);
int bench_obtain(struct bench *b);
int bench_ops(struct bench *b);
int bench_overlap(struct bench *b);
int bench_patterns(struct bench *b);
int bench_trace(struct bench *b);
int bench_validate(struct bench *b);

void bench_longest_forget(void);

/**
 * bench_visit() - time an operation on each mapping that an order names
 * @b: the run
 * @vm: the VM
 * @row: the row
 * @order: the mappings
 * @ops: how many
 * @op: the operation; inlined, as it is constant
 *
 * Return: 0; the first error of @op, or of bench_add().
 */
static __always_inline int
bench_visit(struct bench *b, struct bench_vm *vm, const char *row,
	    const u32 *order, u32 ops,
	    int (*op)(struct bench_vm *vm, u32 at))
{
	u64 start = ktime_get_ns();
	u32 i;

	for (i = 0; i < ops; i++) {
		int ret = op(vm, order[i]);

		if (ret)
			return ret;
	}

	return bench_took(b, row, start, ops, 0);
}

#endif
