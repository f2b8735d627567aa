// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What a bind job does to the page tables.
 *
 * Once its operations are applied to the mappings, a job knows two sets: those
 * that went and those that came. Page tables are cleared where something went
 * and does not come back as it was, and written where something came that was
 * not there; each address at most once, however many operations of the array
 * touched it.
 *
 * Should the driver fail on the way, what is done is taken back in the opposite
 * order. No note of it has to be kept: the same two sets tell it again.
 */
#include <linux/mm.h>

#include "gpuvm_bind_private.h"

static u64 end_of(const struct drm_gpuva *va)
{
	return va->va.addr + va->va.range;
}

/* One of the two sets: what is in the VM now, and what the job took out. */
struct others {
	struct drm_gpuva *(*find)(struct drm_gpuvm_bind_job *job,
				  u64 addr, u64 last);
	struct drm_gpuva *(*next)(struct drm_gpuvm_bind_job *job,
				  struct drm_gpuva *va);
};

static struct drm_gpuva *find_in_vm(struct drm_gpuvm_bind_job *job,
				    u64 addr, u64 last)
{
	return gpuva_index_seek(&gpuvm_private(gpuvm_bind_vm(job))->index,
				addr, last);
}

static struct drm_gpuva *next_in_vm(struct drm_gpuvm_bind_job *job,
				    struct drm_gpuva *va)
{
	return gpuva_index_next(&gpuvm_private(gpuvm_bind_vm(job))->index, va);
}

static const struct others in_vm = { find_in_vm, next_in_vm };

static struct drm_gpuva *find_in_old(struct drm_gpuvm_bind_job *job,
				     u64 addr, u64 last)
{
	return gpuvm_bind_old_find(&job->old, addr, last);
}

static struct drm_gpuva *next_in_old(struct drm_gpuvm_bind_job *job,
				     struct drm_gpuva *va)
{
	return gpuvm_bind_old_next(&job->old, va);
}

static const struct others in_old = { find_in_old, next_in_old };

/*
 * Calls @fn for each part of @va for which @others has nothing that says the
 * same.
 */
static int walk_differences(struct drm_gpuvm_bind_job *job,
			    struct drm_gpuva *va,
			    const struct others *others,
			    gpuvm_bind_delta_fn fn, void *priv)
{
	struct gpuvm_bind_delta delta = { .va = va };
	u64 from = va->va.addr, end = end_of(va);
	struct drm_gpuva *other;
	int ret;

	for (other = others->find(job, from, end - 1);
	     other && other->va.addr < end; other = others->next(job, other)) {
		if (!gpuvm_va_same(va, other))
			continue;

		if (other->va.addr > from) {
			delta.addr = from;
			delta.range = other->va.addr - from;
			ret = fn(job, &delta, priv);
			if (ret)
				return ret;
		}
		from = end_of(other);
	}

	if (from >= end)
		return 0;

	delta.addr = from;
	delta.range = end - from;
	return fn(job, &delta, priv);
}

/* What went in one piece is cleared in one piece: see walk_unmaps(). */
struct unmap_run {
	gpuvm_bind_delta_fn fn;
	void *priv;
	u64 addr;
	u64 end;
};

static int end_run(struct drm_gpuvm_bind_job *job, struct unmap_run *run)
{
	const struct gpuvm_bind_delta delta = {
		.addr = run->addr,
		.range = run->end - run->addr,
	};

	return delta.range ? run->fn(job, &delta, run->priv) : 0;
}

static int continue_run(struct drm_gpuvm_bind_job *job,
			const struct gpuvm_bind_delta *delta, void *priv)
{
	struct unmap_run *run = priv;
	int ret = 0;

	if (delta->addr != run->end) {
		ret = end_run(job, run);
		run->addr = delta->addr;
	}
	run->end = delta->addr + delta->range;

	return ret;
}

/*
 * Mappings side by side are one range here. A large page-table entry may be
 * shared by several, for an entry that says the same as before is left alone,
 * and to clear it by halves takes memory that no operation asked for.
 */
static int walk_unmaps(struct drm_gpuvm_bind_job *job,
		       gpuvm_bind_delta_fn fn, void *priv)
{
	struct unmap_run run = { .fn = fn, .priv = priv };
	struct drm_gpuva *va;

	for (va = gpuvm_bind_old_first(&job->old); va;
	     va = gpuvm_bind_old_next(&job->old, va)) {
		int ret = walk_differences(job, va, &in_vm, continue_run, &run);

		if (ret)
			return ret;
	}

	return end_run(job, &run);
}

static int walk_maps(struct drm_gpuvm_bind_job *job,
		     gpuvm_bind_delta_fn fn, void *priv)
{
	struct drm_gpuva *va;

	list_for_each_entry(va, &job->fresh, gem.entry) {
		int ret = walk_differences(job, va, &in_old, fn, priv);

		if (ret)
			return ret;
	}

	return 0;
}

static int count_delta(struct drm_gpuvm_bind_job *job,
		       const struct gpuvm_bind_delta *delta, void *priv)
{
	size_t *total = priv;

	++*total;
	return 0;
}

static int record_delta(struct drm_gpuvm_bind_job *job,
			const struct gpuvm_bind_delta *delta, void *priv)
{
	job->deltas[job->num_deltas++] = *delta;
	return 0;
}

static void walk_all(struct drm_gpuvm_bind_job *job, gpuvm_bind_delta_fn fn,
		     void *priv)
{
	walk_unmaps(job, fn, priv);
	walk_maps(job, fn, priv);
}

/**
 * gpuvm_bind_pt_record() - note what is to be done later
 * @job: the job, applied to the mappings, not committed
 *
 * Context: deferred mode; process; the VM's mappings are locked.
 * Return: 0; -ENOMEM.
 */
int gpuvm_bind_pt_record(struct drm_gpuvm_bind_job *job)
{
	size_t total = 0;

	gpuvm_bind_assert_tree_held(job->queue);

	walk_all(job, count_delta, &total);
	if (!total)
		return 0;

	job->deltas = kvmalloc_array(total, sizeof(*job->deltas),
				     GFP_KERNEL_ACCOUNT);
	if (!job->deltas)
		return -ENOMEM;

	walk_all(job, record_delta, NULL);
	return 0;
}

/* A userptr that lost its pages is filled by its repin. */
static int map_part(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va,
		    u64 addr, u64 range)
{
	if (!gpuvm_userptr_shown(va))
		return 0;

	return gpuvm_bind_pt_map(job, va, addr, range);
}

static int change(struct drm_gpuvm_bind_job *job,
		  const struct gpuvm_bind_delta *delta, void *priv)
{
	u64 *count = priv;

	if (count)
		++*count;

	if (delta->va)
		return map_part(job, delta->va, delta->addr, delta->range);

	return gpuvm_bind_pt_unmap(job, delta->addr, delta->range);
}

/* The page tables of an object that is evicted stay empty. */
static bool is_evicted(const struct drm_gpuva *va)
{
	return va->vm_bo && va->vm_bo->evicted;
}

/* All that was mapped in a range which was cleared. */
static int map_old(struct drm_gpuvm_bind_job *job, u64 addr, u64 range)
{
	u64 end = addr + range;
	struct drm_gpuva *va;

	for (va = gpuvm_bind_old_find(&job->old, addr, end - 1);
	     va && va->va.addr < end;
	     va = gpuvm_bind_old_next(&job->old, va)) {
		u64 from = max(va->va.addr, addr);
		int ret;

		if (is_evicted(va))
			continue;

		ret = map_part(job, va, from, min(end_of(va), end) - from);
		if (ret)
			return ret;
	}

	return 0;
}

/* What failed may be half done. */
static int take_back(struct drm_gpuvm_bind_job *job,
		     const struct gpuvm_bind_delta *delta, void *priv)
{
	u64 *count = priv;
	int ret;

	if (!*count)
		return 0;
	--*count;

	ret = gpuvm_bind_pt_unmap(job, delta->addr, delta->range);
	if (ret || delta->va)
		return ret;

	return map_old(job, delta->addr, delta->range);
}

static int undo(struct drm_gpuvm_bind_job *job, u64 unmaps, u64 maps)
{
	int ret;

	gpuvm_bind_pt_flush(job);
	ret = walk_maps(job, take_back, &maps);
	if (ret)
		return ret;

	gpuvm_bind_pt_flush(job);
	return walk_unmaps(job, take_back, &unmaps);
}

static int run_now(struct drm_gpuvm_bind_job *job, bool *undone)
{
	u64 unmaps = 0, maps = 0;
	int ret;

	ret = walk_unmaps(job, change, &unmaps);
	if (!ret)
		ret = walk_maps(job, change, &maps);

	if (ret && !(job->queue->args.flags & DRM_GPUVM_BIND_NO_UNDO))
		*undone = !undo(job, unmaps, maps);

	return ret;
}

static int run_recorded(struct drm_gpuvm_bind_job *job)
{
	for (size_t i = 0; i < job->num_deltas; i++) {
		int ret = change(job, &job->deltas[i], NULL);

		if (ret)
			return ret;
	}

	return 0;
}

/**
 * gpuvm_bind_pt_run_locked() - change the page tables
 * @job: the job; in immediate mode applied to the mappings, not committed
 * @undone: set to true if the page tables are as before after an error
 *
 * Context: &drm_gpuvm_bind_queue.run_lock is held; fence signalling section.
 * Return: 0; the driver's error.
 */
int gpuvm_bind_pt_run_locked(struct drm_gpuvm_bind_job *job, bool *undone)
{
	int ret;

	lockdep_assert_held(&job->queue->run_lock);

	*undone = false;
	if (drm_gpuvm_immediate_mode(gpuvm_bind_vm(job)))
		ret = run_now(job, undone);
	else
		ret = run_recorded(job);

	gpuvm_bind_pt_flush(job);
	return ret;
}

/**
 * gpuvm_bind_pt_clear_locked() - clear the page tables
 * @job: the job, which has taken out all mappings
 *
 * In deferred mode page tables may hold what earlier jobs took out of the VM
 * and will not come to clear.
 *
 * Context: as gpuvm_bind_pt_run_locked().
 * Return: 0; the driver's error.
 */
int gpuvm_bind_pt_clear_locked(struct drm_gpuvm_bind_job *job)
{
	struct drm_gpuvm *gpuvm = gpuvm_bind_vm(job);
	int ret;

	lockdep_assert_held(&job->queue->run_lock);

	if (drm_gpuvm_immediate_mode(gpuvm))
		ret = walk_unmaps(job, change, NULL);
	else
		ret = gpuvm_bind_pt_unmap(job, gpuvm->mm_start, gpuvm->mm_range);
	gpuvm_bind_pt_flush(job);
	return ret;
}
