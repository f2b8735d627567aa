/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the suites of the bind layer share: a VM with a queue, over page tables
 * that are an array of pages.
 *
 * Each page remembers which object and offset it shows. After every job the
 * array has to say the same as the VM's mappings, which are walked for it.
 */
#ifndef __GPUVM_BIND_WORLD_H__
#define __GPUVM_BIND_WORLD_H__

#include <drm/drm_gpuvm_bind.h>
#include <drm/drm_gpuvm_userptr.h>

#include "../gpuvm_bind_private.h"
#include "gpuvm_kunit_helper.h"

struct dma_fence;
struct workqueue_struct;

#define BW_BOS 3
#define BW_READONLY DRM_GPUVA_USERBITS

/**
 * struct bw_page - one page-table entry
 */
struct bw_page {
	/** @valid: something is mapped */
	bool valid;
	/** @obj: what, NULL for sparse */
	struct drm_gem_object *obj;
	/** @offset: page of @obj */
	u64 offset;
	/** @page: of a userptr */
	struct page *page;
	/** @flags: of the mapping */
	u32 flags;
	/** @cookie: of the mapping */
	u64 cookie;
	/** @writes: changes by the last job */
	unsigned int writes;
};

/**
 * struct bw_world - what a case is about
 */
struct bw_world {
	/** @test: the case */
	struct kunit *test;
	/** @vm: the VM */
	struct drm_gpuvm *vm;
	/** @queue: its queue */
	struct drm_gpuvm_bind_queue *queue;
	/** @bos: one private object, the others external */
	struct drm_gem_object *bos[BW_BOS];
	/** @pt: the page tables */
	struct bw_page pt[GK_VM_RANGE];
	/** @saved: the same, before a job */
	struct bw_page saved[GK_VM_RANGE];
	/** @jobs: jobs that are alive */
	atomic_t jobs;
	/** @calls: callbacks that can fail, so far; right if one thread binds */
	unsigned int calls;
	/** @fail_from: the first of these that fails, from 1; 0 for none */
	unsigned int fail_from;
	/** @fail_count: how many fail from there */
	unsigned int fail_count;
	/** @mapped_over: a page was mapped over another */
	bool mapped_over;
	/** @flushed: after the last change */
	bool flushed;
	/** @unmaps: calls of pt_unmap so far */
	unsigned int unmaps;
	/** @refuse: what jobs are told */
	int refuse;
	/** @in_reserve: called once in the next pt_reserve, or NULL */
	void (*in_reserve)(void);
};

/* Cases run one at a time. */
extern struct bw_world *bw_world;
/* Frees jobs; for a whole suite, as it takes long to make and to destroy. */
extern struct workqueue_struct *bw_cleanup_wq;

extern const struct drm_gpuvm_bind_ops bw_ops;

struct dma_fence *bw_fence_new(struct kunit *test);

int bw_suite_init(struct kunit_suite *suite);
void bw_suite_exit(struct kunit_suite *suite);

void bw_new(struct kunit *test, u32 flags);
void bw_new_with(struct kunit *test, u32 flags, const struct drm_gpuvm_ops *ops);
void bw_wait_for_jobs(int left);
void bw_end(void);
struct drm_gpuvm_bind_op bw_map(int bo, u64 addr, u64 range, u64 offset);
struct drm_gpuvm_bind_op bw_repeat(int bo, u64 addr, u64 range, u64 offset,
				   u32 repeat);
struct drm_gpuvm_bind_op bw_unmap(u64 addr, u64 range);
struct drm_gpuvm_bind_op bw_sparse(u64 addr, u64 range);
struct drm_gpuvm_bind_op bw_unmap_obj(int bo);
struct drm_gpuvm_bind_job *bw_job(const struct drm_gpuvm_bind_op *ops,
				  u32 count);
int bw_submit(const struct drm_gpuvm_bind_op *ops, u32 count);
int bw_bind(const struct drm_gpuvm_bind_op *ops, u32 count);
void bw_expect_consistent(void);
void bw_expect_vm(const char *text);
void bw_model_op(struct bw_page *pages, const struct drm_gpuvm_bind_op *op);
void bw_expect_pages(const struct bw_page *pages, const char *when);
struct bw_page *bw_new_pages(struct kunit *test);
const char *bw_vm_bos_text(void);

#endif
