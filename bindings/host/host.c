// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The kernel's part of a program that runs the core: memory, locks, objects.
 */
#include "host.h"

/* How deep in the fence signalling section this thread is. */
static int section;

void host_may_alloc(void)
{
	assert(!section);
}

static __attribute__((constructor)) void host_load(void)
{
	if (gpuva_reserve_module_init())
		abort();
}

static __attribute__((destructor)) void host_unload(void)
{
	gpuva_reserve_module_exit();
}

void *host_alloc(size_t size)
{
	host_may_alloc();
	return malloc(size);
}

void *host_zalloc(size_t size)
{
	host_may_alloc();
	return calloc(1, size);
}

void *host_alloc_aligned(size_t align, size_t size)
{
	return aligned_alloc(align, size);
}

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, unsigned long flags,
				     void (*ctor)(void *object))
{
	struct kmem_cache *cache = host_zalloc(sizeof(*cache));

	if (cache) {
		cache->size = size;
		cache->align = align;
	}
	return cache;
}

bool kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t count,
			   void **objects)
{
	size_t i;

	for (i = 0; i < count; i++) {
		objects[i] = host_alloc_aligned(cache->align, cache->size);
		if (!objects[i])
			goto err_free;
	}
	return true;

err_free:
	while (i--)
		host_free(objects[i]);
	return false;
}

void host_free(void *memory)
{
	free(memory);
}

void mutex_lock(struct mutex *lock)
{
	/* The only thread would wait for itself. */
	assert(!lock->held);
	lock->held = 1;
}

void mutex_unlock(struct mutex *lock)
{
	assert(lock->held);
	lock->held = 0;
}

void refcount_inc(refcount_t *count)
{
	assert(count->refs > 0);
	count->refs++;
}

bool refcount_dec_and_test(refcount_t *count)
{
	assert(count->refs > 0);
	return !--count->refs;
}

/* Fences */
bool dma_fence_begin_signalling(void)
{
	return section++;
}

void dma_fence_end_signalling(bool cookie)
{
	section--;
	assert(cookie == !!section);
}

u64 dma_fence_context_alloc(unsigned int num)
{
	static u64 next;

	next += num;
	return next;
}

void dma_fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops,
		    spinlock_t *lock, u64 context, u64 seqno)
{
	assert(ops->get_driver_name && ops->get_timeline_name && context && seqno);
	kref_init(&fence->refcount);
	fence->ops = ops;
}

void dma_fence_release(struct kref *kref)
{
	struct dma_fence *fence = container_of(kref, struct dma_fence, refcount);

	assert(fence->signalled);
	free(fence);
}

void dma_fence_signal(struct dma_fence *fence)
{
	assert(!fence->signalled);
	fence->signalled = 1;
}

int dma_fence_get_status(struct dma_fence *fence)
{
	return fence->error && fence->signalled ? fence->error : fence->signalled;
}

long dma_fence_wait_timeout(struct dma_fence *fence, bool intr, long timeout)
{
	/* Nobody else would signal it. */
	assert(fence->signalled && !section);
	return timeout;
}

/* Reservations */
int dma_resv_lock(struct dma_resv *resv, struct ww_acquire_ctx *ctx)
{
	assert(!section);
	if (ctx && resv->lock.ctx == ctx)
		return -EALREADY;
	mutex_lock(&resv->lock.base);
	resv->lock.ctx = ctx;
	return 0;
}

int ww_mutex_trylock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	if (lock->base.held)
		return 0;
	mutex_lock(&lock->base);
	lock->ctx = ctx;
	return 1;
}

void dma_resv_unlock(struct dma_resv *resv)
{
	resv->max_fences = resv->num_fences;
	resv->lock.ctx = NULL;
	mutex_unlock(&resv->lock.base);
}

int dma_resv_reserve_fences(struct dma_resv *resv, unsigned int count)
{
	dma_resv_assert_held(resv);
	assert(resv->num_fences + count <= HOST_RESV_FENCES);
	resv->max_fences = max(resv->max_fences, resv->num_fences + count);
	return 0;
}

void dma_resv_add_fence(struct dma_resv *resv, struct dma_fence *fence,
			enum dma_resv_usage usage)
{
	dma_resv_assert_held(resv);
	assert(resv->num_fences < resv->max_fences);
	kref_get(&fence->refcount);
	resv->fences[resv->num_fences++] = (struct host_resv_fence) {
		.fence = fence,
		.usage = usage,
	};
}

bool dma_resv_test_signaled(struct dma_resv *resv, enum dma_resv_usage usage)
{
	unsigned int i;

	for (i = 0; i < resv->num_fences; i++)
		if (resv->fences[i].usage <= usage && !resv->fences[i].fence->signalled)
			return false;
	return true;
}

static void resv_fini(struct dma_resv *resv)
{
	assert(!dma_resv_held(resv));
	while (resv->num_fences--)
		kref_put(&resv->fences[resv->num_fences].fence->refcount,
			 dma_fence_release);
}

/* Locking of many objects, in which each fifth lock behind the first is contended. */
#define EXEC_DUMMY ((struct drm_gem_object *)-1L)

static unsigned long contentions;

unsigned long host_contentions(void)
{
	return contentions;
}

void drm_exec_init(struct drm_exec *exec, u32 flags, unsigned int count)
{
	*exec = (struct drm_exec) { .flags = flags, .contended = EXEC_DUMMY };
}

void drm_exec_unlock_obj(struct drm_exec *exec, struct drm_gem_object *obj)
{
	unsigned int i = 0;

	while (i < exec->num_objects && exec->objects[i] != obj)
		i++;
	if (i == exec->num_objects)
		return;

	exec->num_objects--;
	for (; i < exec->num_objects; i++)
		exec->objects[i] = exec->objects[i + 1];

	dma_resv_unlock(obj->resv);
	drm_gem_object_put(obj);
}

static void unlock_all(struct drm_exec *exec)
{
	while (exec->num_objects)
		drm_exec_unlock_obj(exec, exec->objects[exec->num_objects - 1]);
	drm_gem_object_put(exec->prelocked);
	exec->prelocked = NULL;
}

bool drm_exec_cleanup(struct drm_exec *exec)
{
	if (!exec->contended)
		return false;
	if (exec->contended == EXEC_DUMMY)
		exec->contended = NULL;
	else
		unlock_all(exec);
	return true;
}

static void lock_and_track(struct drm_exec *exec, struct drm_gem_object *obj)
{
	size_t size = (exec->num_objects + 1) * sizeof(*exec->objects);

	dma_resv_lock(obj->resv, &exec->ticket);
	exec->objects = realloc(exec->objects, size);
	drm_gem_object_get(obj);
	exec->objects[exec->num_objects++] = obj;
}

int drm_exec_lock_obj(struct drm_exec *exec, struct drm_gem_object *obj)
{
	static unsigned long tries;

	if (exec->contended) {
		exec->prelocked = exec->contended;
		exec->contended = NULL;
		lock_and_track(exec, exec->prelocked);
	}
	if (exec->prelocked == obj) {
		drm_gem_object_put(exec->prelocked);
		exec->prelocked = NULL;
		return 0;
	}
	if (obj->resv->lock.ctx == &exec->ticket)
		return -EALREADY;
	if (exec->num_objects && !exec->prelocked && ++tries % 5 == 0) {
		contentions++;
		drm_gem_object_get(obj);
		exec->contended = obj;
		return -EDEADLK;
	}
	lock_and_track(exec, obj);
	return 0;
}

void drm_exec_fini(struct drm_exec *exec)
{
	unlock_all(exec);
	free(exec->objects);
	if (exec->contended != EXEC_DUMMY)
		drm_gem_object_put(exec->contended);
}

/* Objects */
void drm_gem_private_object_init(struct drm_device *dev,
				 struct drm_gem_object *obj, size_t size)
{
	obj->dev = dev;
	kref_init(&obj->refcount);
	if (!obj->resv)
		obj->resv = &obj->_resv;
}

void drm_gem_object_release(struct drm_gem_object *obj)
{
	assert(!obj->gpuva.list.next || list_empty(&obj->gpuva.list));
	assert(!obj->gpuva.lock.held);
	if (obj->resv == &obj->_resv)
		resv_fini(&obj->_resv);
}

void drm_gem_object_get(struct drm_gem_object *obj)
{
	kref_get(&obj->refcount);
}

static void object_free(struct kref *kref)
{
	struct drm_gem_object *obj =
		container_of(kref, struct drm_gem_object, refcount);

	obj->funcs->free(obj);
}

void drm_gem_object_put(struct drm_gem_object *obj)
{
	if (obj)
		kref_put(&obj->refcount, object_free);
}

/* Sins on purpose, to see that the sanitizers notice. */
void host_sin(unsigned int which)
{
	volatile int *memory = host_zalloc(sizeof(*memory));
	volatile int bits = 32;

	switch (which) {
	case 0: /* used after it was freed */
		host_free((void *)memory);
		*memory = 1;
		break;
	case 1: /* shifted out of its type */
		*memory = 1 << bits;
		host_free((void *)memory);
		break;
	default: /* never freed */
		*memory = 1;
		memory = NULL;
		break;
	}
}
