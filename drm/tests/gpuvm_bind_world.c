// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What the suites of the bind layer share.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/workqueue.h>

#include "gpuvm_bind_world.h"

struct bw_world *bw_world;

struct workqueue_struct *bw_cleanup_wq;

static const char *fence_name(struct dma_fence *fence)
{
	return "bind-kunit";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

static DEFINE_SPINLOCK(fence_lock);

/* A fence that the case signals, and puts. */
struct dma_fence *bw_fence_new(struct kunit *test)
{
	struct dma_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &fence_ops, &fence_lock,
		       dma_fence_context_alloc(1), 1);
	return fence;
}

int bw_suite_init(struct kunit_suite *suite)
{
	bw_cleanup_wq = alloc_workqueue("bind-kunit", WQ_UNBOUND, 0);
	return bw_cleanup_wq ? 0 : -ENOMEM;
}

void bw_suite_exit(struct kunit_suite *suite)
{
	if (bw_cleanup_wq)
		destroy_workqueue(bw_cleanup_wq);
}

static bool fails(void)
{
	bw_world->calls++;
	return bw_world->fail_from && bw_world->calls >= bw_world->fail_from &&
	       bw_world->calls < bw_world->fail_from + bw_world->fail_count;
}

static void bind_job_init(struct drm_gpuvm_bind_job *job)
{
	u64 *priv = drm_gpuvm_bind_job_priv(job);

	KUNIT_EXPECT_EQ(bw_world->test, *priv, 0);
	*priv = 1;
	atomic_inc(&bw_world->jobs);
}

static void bind_job_fini(struct drm_gpuvm_bind_job *job)
{
	u64 *priv = drm_gpuvm_bind_job_priv(job);

	KUNIT_EXPECT_EQ(bw_world->test, *priv, 1);
	*priv = 2;
	atomic_dec(&bw_world->jobs);
}

static int bind_validate(struct drm_gpuvm_bind_job *job,
			 struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	dma_resv_assert_held(vm_bo->obj->resv);
	KUNIT_EXPECT_PTR_EQ(bw_world->test, vm_bo->vm, drm_gpuvm_bind_job_vm(job));
	return fails() ? -ENOSPC : 0;
}

static int bind_pt_reserve(struct drm_gpuvm_bind_job *job,
			   const struct drm_gpuvm_bind_op *op)
{
	void (*in_reserve)(void) = bw_world->in_reserve;

	bw_world->in_reserve = NULL;
	if (in_reserve)
		in_reserve();
	return fails() ? -ENOMEM : 0;
}

static int bind_refuse(struct drm_gpuvm_bind_job *job)
{
	return bw_world->refuse;
}

static int bind_pt_map(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va,
		       u64 addr, u64 range)
{
	struct page **pages = NULL;
	bool fail = fails();

	if (drm_gpuvm_is_userptr(va->gem.obj))
		pages = drm_gpuvm_userptr_pages(va->gem.obj) +
			va->gem.offset + addr - va->va.addr;

	bw_world->flushed = false;
	/* One that fails has done half of it. */
	for (u64 i = 0; i < (fail ? range / 2 : range); i++) {
		struct bw_page *entry = &bw_world->pt[addr + i];

		bw_world->mapped_over |= entry->valid;
		if (pages && !pages[i])
			continue;
		entry->page = pages ? pages[i] : NULL;
		entry->valid = true;
		entry->obj = va->gem.obj;
		entry->offset = va->gem.obj ?
				drm_gpuva_gem_offset(va, addr + i) : 0;
		entry->flags = va->flags;
		entry->cookie = va->attrs.cookie;
		entry->writes++;
	}

	return fail ? -EIO : 0;
}

static int bind_pt_unmap(struct drm_gpuvm_bind_job *job, u64 addr, u64 range)
{
	bool fail = fails();

	bw_world->flushed = false;
	bw_world->unmaps++;
	for (u64 i = 0; i < (fail ? range / 2 : range); i++) {
		unsigned int writes = bw_world->pt[addr + i].writes;

		bw_world->pt[addr + i] = (struct bw_page) {
			.writes = writes + 1,
		};
	}

	return fail ? -EIO : 0;
}

static void bind_pt_flush(struct drm_gpuvm_bind_job *job)
{
	bw_world->flushed = true;
}

const struct drm_gpuvm_bind_ops bw_ops = {
	.job_init = bind_job_init,
	.job_fini = bind_job_fini,
	.validate = bind_validate,
	.pt_reserve = bind_pt_reserve,
	.refuse = bind_refuse,
	.pt_map = bind_pt_map,
	.pt_unmap = bind_pt_unmap,
	.pt_flush = bind_pt_flush,
};

void bw_new_with(struct kunit *test, u32 flags, const struct drm_gpuvm_ops *ops)
{
	struct drm_gpuvm_bind_queue_args args = {
		.ops = &bw_ops,
		.name = "bind-kunit",
		.job_priv_size = sizeof(u64),
		.va_size = sizeof(struct drm_gpuva) + 8,
		.flags = flags,
	};

	bw_world = kunit_kzalloc(test, sizeof(*bw_world), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bw_world);
	bw_world->flushed = true;
	bw_world->test = test;
	bw_world->vm = gk_vm_new_with(test, ops, 0, GK_VM_RANGE);

	bw_world->bos[0] = gk_bo_new_private(test, 'A', bw_world->vm);
	bw_world->bos[1] = gk_bo_new(test, 'B');
	bw_world->bos[2] = gk_bo_new(test, 'C');

	args.gpuvm = bw_world->vm;
	args.cleanup_wq = bw_cleanup_wq;
	bw_world->queue = drm_gpuvm_bind_queue_create(&args);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bw_world->queue);
}

void bw_new(struct kunit *test, u32 flags)
{
	bw_new_with(test, flags, &gk_ops);
}

/* Waits for the workers of the scheduler and for what they leave to the queue. */
void bw_wait_for_jobs(int left)
{
	for (int i = 0; i < 5000 && atomic_read(&bw_world->jobs) > left; i++)
		usleep_range(500, 1000);
	flush_workqueue(bw_cleanup_wq);
	KUNIT_EXPECT_EQ(bw_world->test, atomic_read(&bw_world->jobs), left);
}

void bw_end(void)
{
	struct kunit *test = bw_world->test;

	bw_world->fail_from = 0;
	drm_gpuvm_bind_queue_close(bw_world->queue);
	bw_wait_for_jobs(0);
	for (u64 i = 0; i < GK_VM_RANGE; i++)
		KUNIT_EXPECT_FALSE(test, bw_world->pt[i].valid);
	KUNIT_EXPECT_TRUE(test, bw_world->flushed);

	drm_gpuvm_bind_queue_destroy(bw_world->queue);
	for (int i = 0; i < BW_BOS; i++)
		drm_gem_object_put(bw_world->bos[i]);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_close(bw_world->vm), 0);
}

struct drm_gpuvm_bind_op bw_map(int bo, u64 addr, u64 range, u64 offset)
{
	return (struct drm_gpuvm_bind_op) {
		.op = DRM_GPUVM_BIND_OP_MAP,
		.obj = bw_world->bos[bo],
		.addr = addr,
		.range = range,
		.offset = offset,
	};
}

struct drm_gpuvm_bind_op bw_repeat(int bo, u64 addr, u64 range, u64 offset,
				   u32 repeat)
{
	struct drm_gpuvm_bind_op op = bw_map(bo, addr, range, offset);

	op.attrs.repeat = repeat;
	return op;
}

struct drm_gpuvm_bind_op bw_unmap(u64 addr, u64 range)
{
	return (struct drm_gpuvm_bind_op) {
		.op = DRM_GPUVM_BIND_OP_UNMAP,
		.addr = addr,
		.range = range,
	};
}

struct drm_gpuvm_bind_op bw_sparse(u64 addr, u64 range)
{
	return (struct drm_gpuvm_bind_op) {
		.op = DRM_GPUVM_BIND_OP_MAP_SPARSE,
		.addr = addr,
		.range = range,
	};
}

struct drm_gpuvm_bind_op bw_unmap_obj(int bo)
{
	return (struct drm_gpuvm_bind_op) {
		.op = DRM_GPUVM_BIND_OP_UNMAP_OBJ,
		.obj = bw_world->bos[bo],
	};
}

struct drm_gpuvm_bind_job *bw_job(const struct drm_gpuvm_bind_op *ops,
				  u32 count)
{
	struct drm_gpuvm_bind_job *job;

	job = drm_gpuvm_bind_job_create(bw_world->queue, count, 0);
	if (IS_ERR(job))
		return job;

	for (u32 i = 0; i < count; i++) {
		int ret = drm_gpuvm_bind_job_add(job, &ops[i]);

		if (ret) {
			drm_gpuvm_bind_job_put(job);
			return ERR_PTR(ret);
		}
	}

	return job;
}

/* A bind from beginning to end, as a synchronous ioctl has it. */
int bw_submit(const struct drm_gpuvm_bind_op *ops, u32 count)
{
	struct drm_gpuvm_bind_job *job;
	int ret;

	job = bw_job(ops, count);
	if (IS_ERR(job))
		return PTR_ERR(job);

	ret = drm_gpuvm_bind_job_submit(job, NULL);
	if (!ret)
		ret = drm_gpuvm_bind_job_wait(job);
	drm_gpuvm_bind_job_put(job);
	return ret;
}

/*
 * The same, and its changes of page tables and its callbacks are counted. However it
 * ends, no change may be left that the device has not been told of.
 */
int bw_bind(const struct drm_gpuvm_bind_op *ops, u32 count)
{
	int ret;

	for (u64 i = 0; i < GK_VM_RANGE; i++)
		bw_world->pt[i].writes = 0;
	bw_world->calls = 0;

	ret = bw_submit(ops, count);
	KUNIT_EXPECT_TRUE(bw_world->test, bw_world->flushed);
	return ret;
}

/* What a mapping shows at a page, said without the core's help. */
static u64 offset_at(const struct drm_gpuva *va, u64 page)
{
	u64 distance = page - va->va.addr;

	if (va->attrs.repeat)
		distance = (va->attrs.repeat_phase + distance) %
			   va->attrs.repeat;

	return va->gem.offset + distance;
}

/* Page tables and mappings say the same, page for page. */
void bw_expect_consistent(void)
{
	struct kunit *test = bw_world->test;
	struct drm_gpuva *va;
	u64 page = 0, count = 0;

	KUNIT_EXPECT_FALSE(test, bw_world->mapped_over);
	drm_gpuvm_bind_queue_lock(bw_world->queue);
	drm_gpuvm_for_each_va(va, bw_world->vm) {
		if (va == &bw_world->vm->kernel_alloc_node)
			continue;
		count++;
		for (; page < va->va.addr; page++)
			KUNIT_EXPECT_FALSE(test, bw_world->pt[page].valid);
		for (; page < va->va.addr + va->va.range; page++) {
			struct bw_page *entry = &bw_world->pt[page];

			KUNIT_EXPECT_TRUE(test, entry->valid);
			KUNIT_EXPECT_PTR_EQ(test, entry->obj, va->gem.obj);
			KUNIT_EXPECT_EQ(test, entry->flags, va->flags);
			KUNIT_EXPECT_EQ(test, entry->cookie, va->attrs.cookie);
			if (va->gem.obj)
				KUNIT_EXPECT_EQ(test, entry->offset,
						offset_at(va, page));
		}
	}
	for (; page < GK_VM_RANGE; page++)
		KUNIT_EXPECT_FALSE(test, bw_world->pt[page].valid);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_mappings(bw_world->queue), count);
	drm_gpuvm_bind_queue_unlock(bw_world->queue);
}

void bw_expect_vm(const char *text)
{
	KUNIT_EXPECT_STREQ(bw_world->test, gk_vm_text(bw_world->test, bw_world->vm), text);
	bw_expect_consistent();
}

/* What an operation means, page by page. */
void bw_model_op(struct bw_page *pages, const struct drm_gpuvm_bind_op *op)
{
	for (u64 i = 0; i < GK_VM_RANGE; i++) {
		struct bw_page *page = &pages[i];
		u64 distance = i - op->addr;

		if (op->op == DRM_GPUVM_BIND_OP_UNMAP_OBJ) {
			if (page->obj == op->obj)
				*page = (struct bw_page) {};
			continue;
		}
		if (i < op->addr || i >= op->addr + op->range)
			continue;

		*page = (struct bw_page) {};
		if (op->op == DRM_GPUVM_BIND_OP_UNMAP)
			continue;
		if (op->attrs.repeat)
			distance = (op->attrs.repeat_phase + distance) %
				   op->attrs.repeat;
		page->valid = true;
		page->obj = op->obj;
		page->offset = op->obj ? op->offset + distance : 0;
		page->flags = op->obj ? op->flags :
					op->flags | DRM_GPUVA_SPARSE;
		page->cookie = op->attrs.cookie;
	}
}

void bw_expect_pages(const struct bw_page *pages, const char *when)
{
	for (u64 i = 0; i < GK_VM_RANGE; i++) {
		const struct bw_page *is = &bw_world->pt[i], *want = &pages[i];

		if (is->valid == want->valid && is->obj == want->obj &&
		    is->offset == want->offset && is->flags == want->flags &&
		    is->cookie == want->cookie)
			continue;
		KUNIT_FAIL(bw_world->test, "page %llu differs %s", i, when);
		return;
	}
}

/* A model: as many pages as a VM has, with nothing mapped. */
struct bw_page *bw_new_pages(struct kunit *test)
{
	struct bw_page *pages = kunit_kcalloc(test, GK_VM_RANGE,
					      sizeof(*pages), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pages);
	return pages;
}

/*
 * References and lists of the VM and of all its vm_bos, as text, with no job
 * left: a mapping has one reference to the VM, a vm_bo one as well, and one to
 * its object.
 */
const char *bw_vm_bos_text(void)
{
	char *text = kunit_kzalloc(bw_world->test, 128, GFP_KERNEL);
	size_t len;

	KUNIT_ASSERT_NOT_NULL(bw_world->test, text);
	len = scnprintf(text, 128, "VM %u ", kref_read(&bw_world->vm->kref));
	for (int i = 0; i < BW_BOS; i++) {
		struct drm_gem_object *obj = bw_world->bos[i];
		unsigned int linked = 0, refs = 0, listed = 0;
		struct drm_gpuvm_bo *vm_bo;
		struct drm_gpuva *va;
		struct gk_lock lock;

		gk_lock(&lock, bw_world->vm, obj);
		drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
			refs += kref_read(&vm_bo->kref);
			listed += !list_empty(&gpuvm_bo_private(vm_bo)->extobj.link);
			drm_gpuvm_bo_for_each_va(va, vm_bo)
				linked++;
		}
		gk_unlock(&lock);
		len += scnprintf(text + len, 128 - len, "%c %u/%u/%u/%u ",
				 gk_bo_name(obj), kref_read(&obj->refcount),
				 refs, linked, listed);
	}

	return text;
}
