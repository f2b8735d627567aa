/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * As much of a kernel as split and merge, the index and vm_bos need, in one
 * thread of a program. Every header of the kernel that they include is this one,
 * but for the red-black tree, which is the kernel's own for programs.
 *
 * Types that the C ABI has by value are as in drm_gpuvm_bindgen.h. What a lock
 * protects is not checked here, that is done in a kernel; that it is taken and
 * let go in pairs is.
 */
#ifndef __HOST_H__
#define __HOST_H__

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;

struct list_head {
	struct list_head *next, *prev;
};

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	u64 counter;
} atomic64_t;

typedef struct {
	int refs;
} refcount_t;

struct kref {
	refcount_t refcount;
};

enum dma_resv_usage {
	DMA_RESV_USAGE_KERNEL,
	DMA_RESV_USAGE_WRITE,
	DMA_RESV_USAGE_READ,
	DMA_RESV_USAGE_BOOKKEEP,
};

struct ww_acquire_ctx {
	int unused;
};

struct mutex {
	int held;
};

typedef struct mutex spinlock_t;

struct ww_mutex {
	struct mutex base;
	struct ww_acquire_ctx *ctx;
};

struct dma_fence;

struct dma_fence_ops {
	const char *(*get_driver_name)(struct dma_fence *fence);
	const char *(*get_timeline_name)(struct dma_fence *fence);
	void (*enable_signaling)(void);
	void (*signaled)(void);
	void (*wait)(void);
	void (*release)(void);
	void (*set_deadline)(void);
};

struct dma_fence {
	const struct dma_fence_ops *ops;
	struct kref refcount;
	int error;
	int signalled;
};

struct host_resv_fence {
	struct dma_fence *fence;
	enum dma_resv_usage usage;
};

#define HOST_RESV_FENCES 8

struct dma_resv {
	struct ww_mutex lock;
	unsigned int num_fences, max_fences;
	struct host_resv_fence fences[HOST_RESV_FENCES];
};

struct drm_gem_object;

struct drm_exec {
	u32 flags;
	struct ww_acquire_ctx ticket;
	unsigned int num_objects;
	struct drm_gem_object **objects;
	struct drm_gem_object *contended;
	struct drm_gem_object *prelocked;
};

struct drm_device {
	struct kref ref;
};

struct drm_gem_object_funcs {
	void (*free)(struct drm_gem_object *obj);
};

struct drm_gem_object {
	struct kref refcount;
	struct drm_device *dev;
	struct dma_resv *resv;
	struct dma_resv _resv;
	struct {
		struct list_head list;
		struct mutex lock;
	} gpuva;
	const struct drm_gem_object_funcs *funcs;
};

struct drm_file;
struct mm_struct;
struct seq_file;
struct workqueue_struct;

void drm_gem_object_get(struct drm_gem_object *obj);
void drm_gem_object_put(struct drm_gem_object *obj);
void drm_gem_private_object_init(struct drm_device *dev,
				 struct drm_gem_object *obj, size_t size);
void drm_gem_object_release(struct drm_gem_object *obj);
void mutex_lock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
void *host_alloc(size_t size);
void *host_zalloc(size_t size);
void *host_alloc_aligned(size_t align, size_t size);
void host_free(void *memory);
void host_may_alloc(void);
unsigned long host_contentions(void);

void refcount_inc(refcount_t *count);
bool refcount_dec_and_test(refcount_t *count);

bool dma_fence_begin_signalling(void);
void dma_fence_end_signalling(bool cookie);
u64 dma_fence_context_alloc(unsigned int num);
void dma_fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops,
		    spinlock_t *lock, u64 context, u64 seqno);
void dma_fence_release(struct kref *kref);
void dma_fence_signal(struct dma_fence *fence);
int dma_fence_get_status(struct dma_fence *fence);
long dma_fence_wait_timeout(struct dma_fence *fence, bool intr, long timeout);

int dma_resv_lock(struct dma_resv *resv, struct ww_acquire_ctx *ctx);
void dma_resv_unlock(struct dma_resv *resv);
int ww_mutex_trylock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
int dma_resv_reserve_fences(struct dma_resv *resv, unsigned int count);
void dma_resv_add_fence(struct dma_resv *resv, struct dma_fence *fence,
			enum dma_resv_usage usage);
bool dma_resv_test_signaled(struct dma_resv *resv, enum dma_resv_usage usage);

void drm_exec_init(struct drm_exec *exec, u32 flags, unsigned int count);
bool drm_exec_cleanup(struct drm_exec *exec);
int drm_exec_lock_obj(struct drm_exec *exec, struct drm_gem_object *obj);
void drm_exec_unlock_obj(struct drm_exec *exec, struct drm_gem_object *obj);
void drm_exec_fini(struct drm_exec *exec);
void host_sin(unsigned int which);

#ifndef HOST_BINDGEN
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT_SYMBOL_GPL(name)
#define IS_ENABLED(option) 0
#define BIT(n) (1U << (n))
#define __user
#define __used __attribute__((used))
#define __maybe_unused __attribute__((unused))
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define __aligned(bytes) __attribute__((aligned(bytes)))
#define ALIGN(x, to) (((x) + (to) - 1) & ~((typeof(x))(to) - 1))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#define __ffs(word) ((unsigned int)__builtin_ctzll(word))
#define __fls(word) (63u - (unsigned int)__builtin_clzll(word))
#define prefetch(address) __builtin_prefetch(address)
#define prefetchw(address) __builtin_prefetch(address, 1)
#define list_empty_careful(head) list_empty(head)
#define list_for_each(pos, head) \
	for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)
#define div_u64_rem(a, b, rest) (*(rest) = (a) % (b), (a) / (b))
#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)

/* The kernel's red-black tree for programs asks for these by name. */
#define likely(x) __builtin_expect(!!(x), 1)
#define noinline __attribute__((noinline))
#define OPTIMIZER_HIDE_VAR(var) __asm__("" : "+r"(var))
#define unlikely(x) __builtin_expect(!!(x), 0)
#define rcu_assign_pointer(p, v) ((p) = (v))

/* A warning is a failure here. */
#define host_warn(condition, ...) ({ \
	bool host__ = (condition); \
	if (host__) { \
		fprintf(stderr, "WARNING: %s:%d: ", __FILE__, __LINE__); \
		fprintf(stderr, " " __VA_ARGS__); \
		abort(); \
	} \
	host__; \
})
#define WARN(condition, ...) host_warn(condition, __VA_ARGS__)
#define WARN_ON(condition) host_warn(condition)
#define drm_WARN(dev, condition, ...) ((void)(dev), host_warn(condition, __VA_ARGS__))
#define drm_WARN_ON(dev, condition) ((void)(dev), host_warn(condition))
#define drm_err(dev, ...) ((void)(dev), fprintf(stderr, __VA_ARGS__))

#define might_sleep()
#define might_alloc(flags) host_may_alloc()
#define lockdep_assert_held(lock) assert((lock)->held)
#define might_lock(lock)

typedef unsigned int gfp_t;

#define GFP_KERNEL 0
#define GFP_KERNEL_ACCOUNT 0
#define __GFP_NOWARN 0
#define kmalloc(size, flags) host_alloc(size)
#define kzalloc(size, flags) host_zalloc(size)
#define kfree(memory) host_free(memory)
#define kvfree(memory) host_free(memory)
#define kvcalloc(count, size, flags) host_zalloc((count) * (size))

/* Caches of objects of one size */
struct kmem_cache {
	size_t size, align;
};

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, unsigned long flags,
				     void (*ctor)(void *object));
bool kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t count,
			   void **objects);

#define kmem_cache_destroy(cache) host_free(cache)
#define kmem_cache_free(cache, object) ((void)(cache), host_free(object))

/* Memory reclaim, which never comes. */
struct shrink_control {
	unsigned long nr_to_scan;
};

struct shrinker {
	unsigned long (*count_objects)(struct shrinker *shrinker,
				       struct shrink_control *sc);
	unsigned long (*scan_objects)(struct shrinker *shrinker,
				      struct shrink_control *sc);
};

#define SHRINK_EMPTY (~0ul - 1)
#define SHRINK_STOP (~0ul)
#define shrinker_alloc(flags, name) \
	((struct shrinker *)host_zalloc(sizeof(struct shrinker)))
#define shrinker_register(shrinker) ((void)(shrinker))
#define shrinker_free(shrinker) host_free(shrinker)

/* Work is put off until somebody calls host_work(). */
struct work_struct {
	void (*func)(struct work_struct *work);
};

struct workqueue_struct {
	struct work_struct *work;
};

#define WQ_UNBOUND 0
#define INIT_WORK(work__, func__) ((work__)->func = (func__))
#define queue_work(wq__, work__) ((wq__)->work = (work__))
#define alloc_workqueue(name, flags, active) \
	((struct workqueue_struct *)host_zalloc(sizeof(struct workqueue_struct)))
#define destroy_workqueue(wq) host_free(wq)

static inline void host_work(struct workqueue_struct *wq)
{
	struct work_struct *work = wq->work;

	wq->work = NULL;
	if (work)
		work->func(work);
}

#define MAX_ERRNO 4095
#define ERR_PTR(error) ((void *)(long)(error))
#define PTR_ERR(ptr) ((long)(ptr))
#define IS_ERR(ptr) ((unsigned long)(ptr) >= (unsigned long)-MAX_ERRNO)

/* Lists */
#define LIST_HEAD_INIT(name) { &(name), &(name) }
static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_empty(const struct list_head *list)
{
	return list->next == list;
}

static inline void list_add_tail(struct list_head *new, struct list_head *list)
{
	new->prev = list->prev;
	new->next = list;
	list->prev->next = new;
	list->prev = new;
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->next = NULL;
	entry->prev = NULL;
}

static inline void list_del_init(struct list_head *entry)
{
	list_del(entry);
	INIT_LIST_HEAD(entry);
}

static inline void list_add(struct list_head *new, struct list_head *list)
{
	list_add_tail(new, list->next);
}

static inline void list_move(struct list_head *entry, struct list_head *list)
{
	list_del(entry);
	list_add(entry, list);
}

#define list_is_singular(head) \
	(!list_empty(head) && (head)->next == (head)->prev)
#define list_is_last(entry, list) ((entry)->next == (list))
#define list_is_first(entry, list) ((entry)->prev == (list))
#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head__, type, member) \
	list_entry((head__)->next, type, member)
#define list_last_entry(head__, type, member) \
	list_entry((head__)->prev, type, member)
#define list_first_entry_or_null(head__, type, member) \
	(list_empty(head__) ? NULL : list_first_entry(head__, type, member))
#define list_next_entry(pos, member) \
	list_entry((pos)->member.next, typeof(*(pos)), member)
#define list_prev_entry(pos, member) \
	list_entry((pos)->member.prev, typeof(*(pos)), member)
#define list_for_each_entry(pos, head__, member) \
	for (pos = list_first_entry(head__, typeof(*pos), member); \
	     &(pos)->member != (head__); pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head__, member) \
	for (pos = list_last_entry(head__, typeof(*pos), member); \
	     &(pos)->member != (head__); pos = list_prev_entry(pos, member))
#define list_for_each_entry_continue(pos, head__, member) \
	for (pos = list_next_entry(pos, member); \
	     &(pos)->member != (head__); pos = list_next_entry(pos, member))
#define list_for_each_entry_safe(pos, n, head__, member) \
	for (pos = list_first_entry(head__, typeof(*pos), member), \
	     n = list_next_entry(pos, member); &(pos)->member != (head__); \
	     pos = n, n = list_next_entry(n, member))

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

#define llist_entry(ptr, type, member) container_of(ptr, type, member)
#define init_llist_head(list) ((list)->first = NULL)
#define init_llist_node(node) ((node)->next = NULL)

static inline bool llist_add(struct llist_node *node, struct llist_head *list)
{
	node->next = list->first;
	list->first = node;
	return !node->next;
}

static inline struct llist_node *llist_del_all(struct llist_head *list)
{
	struct llist_node *first = list->first;

	list->first = NULL;
	return first;
}

/* References */
#define atomic_set(atomic, value) ((void)((atomic)->counter = (value)))
#define atomic_read(atomic) ((atomic)->counter)
#define atomic_inc_return(atomic) (++(atomic)->counter)
#define atomic_dec_and_test(atomic) (!--(atomic)->counter)

#define kref_init(kref) ((kref)->refcount.refs = 1)
#define kref_read(kref) ((unsigned int)(kref)->refcount.refs)
#define kref_get(kref) refcount_inc(&(kref)->refcount)
#define kref_get_unless_zero(kref) \
	((kref)->refcount.refs ? (kref)->refcount.refs++ : 0)

static inline int kref_put(struct kref *kref, void (*release)(struct kref *kref))
{
	if (!refcount_dec_and_test(&kref->refcount))
		return 0;
	release(kref);
	return 1;
}

static inline int kref_put_mutex(struct kref *kref, void (*release)(struct kref *kref),
				 struct mutex *lock)
{
	if (kref_read(kref) == 1)
		mutex_lock(lock);
	return kref_put(kref, release);
}

/* Locks */
#define spin_lock_init(lock) ((lock)->held = 0)
#define spin_lock(lock) mutex_lock(lock)
#define spin_unlock(lock) mutex_unlock(lock)

static inline struct mutex *host_guard(struct mutex *lock)
{
	mutex_lock(lock);
	return lock;
}

static inline void host_unguard(struct mutex **lock)
{
	mutex_unlock(*lock);
}

#define scoped_guard(kind, lock) \
	for (struct mutex *host__ __attribute__((cleanup(host_unguard))) = \
	     host_guard(lock), *done__ = NULL; !done__; done__ = host__)

#define dma_resv_held(resv) ((resv)->lock.base.held)
#define dma_resv_is_locked(resv) ((resv)->lock.base.held)
#define dma_resv_assert_held(resv) assert(dma_resv_held(resv))

#define drm_dev_get(dev) kref_get(&(dev)->ref)
#define drm_dev_put(dev) ((dev)->ref.refcount.refs--)
#define dma_resv_locking_ctx(resv) ((resv)->lock.ctx)

#define drm_exec_for_each_locked_object(exec, obj) \
	for (unsigned int host__ = 0; host__ < (exec)->num_objects && \
	     ((obj) = (exec)->objects[host__], true); host__++)
#define drm_exec_until_all_locked(exec) \
	while (drm_exec_cleanup(exec)) \
		if (false) \
drm_exec_retry:		continue; \
		else
#define drm_exec_retry_on_contention(exec) do { \
	if ((exec)->contended) \
		goto drm_exec_retry; \
} while (0)
#define drm_gem_for_each_gpuvm_bo(pos, obj) \
	list_for_each_entry(pos, &(obj)->gpuva.list, list.entry.gem)

/* What loading the core's module does, and unloading it. */
int gpuva_reserve_module_init(void);
void gpuva_reserve_module_exit(void);

/* Nothing is traced. */
#define TP_PROTO(...) __VA_ARGS__
#define TRACE_EVENT(name, proto, ...) \
	static inline void trace_##name(proto) {} \
	static inline bool trace_##name##_enabled(void) { return false; }
#endif

#endif
