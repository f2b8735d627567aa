// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver can say of itself in C, and not with the kernel crate of 7.2.
 *
 * That crate fills a struct drm_driver by itself. It can be read from the device,
 * and a device may be given another one until it is registered: a copy, with
 * syncobjs, lists for drm_gpuvm, files that keep the module loaded. What the crate
 * has in it that would make objects of another type than the driver's is taken
 * out: dumb buffers, and imported ones.
 *
 * Objects are given other functions the same way. The crate does not tell the
 * driver when one is to be freed whose memory is still pinned.
 */
#include <linux/dma-buf.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "shim.h"

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	DRM_GEM_FOPS,
	.show_fdinfo = drm_show_fdinfo,
};

static int gpuvas_show(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	const struct shim_drm_ops *ops = entry->file.data;

	return ops->gpuvas(m, entry->dev);
}

static int gpuvas_json_show(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	const struct shim_drm_ops *ops = entry->file.data;

	return ops->gpuvas_json(m, entry->dev);
}

static struct drm_gem_object *refuse_import(struct drm_device *drm,
					    struct dma_buf *buf)
{
	return ERR_PTR(-EOPNOTSUPP);
}

/**
 * shim_drm_prepare() - say of a driver what the kernel crate cannot say
 * @drm: its device, not registered
 * @ops: what it tells; of a module that stays as long as the device
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int shim_drm_prepare(struct drm_device *drm, const struct shim_drm_ops *ops)
{
	struct drm_driver *driver = drmm_kzalloc(drm, sizeof(*driver),
						 GFP_KERNEL);

	if (!driver)
		return -ENOMEM;

	*driver = *drm->driver;
	driver->fops = &fops;
	driver->driver_features |= DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE |
				   DRIVER_GEM_GPUVA;
	driver->show_fdinfo = ops->show_fdinfo;
	driver->gem_prime_import = refuse_import;
	driver->gem_prime_import_sg_table = NULL;
	driver->dumb_create = NULL;
	drm->driver = driver;

	drm_debugfs_add_file(drm, "gpuvas", gpuvas_show, (void *)ops);
	drm_debugfs_add_file(drm, "gpuvas.json", gpuvas_json_show, (void *)ops);
	return 0;
}

/**
 * shim_print() - tell a time in fdinfo
 * @p: printer
 * @name: of the value
 * @id: a number behind it, or 0 for none
 * @ns: the time
 */
void shim_print(struct drm_printer *p, const char *name, u32 id, u64 ns)
{
	if (id)
		drm_printf(p, "%s-%u:\t%llu ns\n", name, id, ns);
	else
		drm_printf(p, "%s:\t%llu ns\n", name, ns);
}

/**
 * shim_print_number() - tell a number in fdinfo
 * @p: printer
 * @name: of the value
 * @value: the value
 */
void shim_print_number(struct drm_printer *p, const char *name, u32 value)
{
	drm_printf(p, "%s:\t%u\n", name, value);
}

/**
 * shim_show_memory() - tell in fdinfo what memory a file has
 * @p: printer
 * @file: the file
 */
void shim_show_memory(struct drm_printer *p, struct drm_file *file)
{
	drm_show_memory_stats(p, file);
}

static DEFINE_MUTEX(bo_funcs_lock);
/* As the kernel crate has them, and as the driver's objects have them. */
static const struct drm_gem_object_funcs *crate_funcs;
static struct drm_gem_object_funcs bo_funcs;

static void bo_free(struct drm_gem_object *obj)
{
	struct drm_gem_shmem_object *shmem = to_drm_gem_shmem_obj(obj);

	if (refcount_read(&shmem->pages_pin_count))
		drm_gem_shmem_unpin(shmem);
	crate_funcs->free(obj);
}

/* Whose dma_resv is that of a VM cannot be anybody else's. */
static struct dma_buf *bo_export(struct drm_gem_object *obj, int flags)
{
	return ERR_PTR(obj->resv == &obj->_resv ? -EOPNOTSUPP : -EPERM);
}

static enum drm_gem_object_status bo_status(struct drm_gem_object *obj)
{
	return READ_ONCE(to_drm_gem_shmem_obj(obj)->pages) ?
	       DRM_GEM_OBJECT_RESIDENT : 0;
}

/**
 * shim_bo_init() - get a new object ready to have memory
 * @obj: a shmem object of the kernel crate, which nobody else knows yet
 *
 * Context: process; sleeps.
 */
void shim_bo_init(struct drm_gem_object *obj)
{
	scoped_guard(mutex, &bo_funcs_lock) {
		if (!crate_funcs) {
			crate_funcs = obj->funcs;
			bo_funcs = *crate_funcs;
			bo_funcs.free = bo_free;
			bo_funcs.export = bo_export;
			bo_funcs.status = bo_status;
		}
	}
	obj->funcs = &bo_funcs;
}

/**
 * shim_bo_populate_locked() - make sure that an object has memory
 * @obj: the object, which then has it until it is freed
 *
 * Context: its dma_resv is held; sleeps.
 * Return: 0; -ENOMEM.
 */
int shim_bo_populate_locked(struct drm_gem_object *obj)
{
	struct drm_gem_shmem_object *shmem = to_drm_gem_shmem_obj(obj);

	dma_resv_assert_held(obj->resv);
	if (refcount_read(&shmem->pages_pin_count))
		return 0;

	return drm_gem_shmem_pin_locked(shmem);
}

/**
 * shim_bo_pages() - the memory of an object
 * @obj: the object
 *
 * Context: any.
 * Return: a page for each 4 KiB, until it is freed; NULL if
 * shim_bo_populate_locked() did not give it any.
 */
struct page **shim_bo_pages(struct drm_gem_object *obj)
{
	struct drm_gem_shmem_object *shmem = to_drm_gem_shmem_obj(obj);

	return refcount_read(&shmem->pages_pin_count) ? shmem->pages : NULL;
}

/**
 * shim_max_bo_pages() - how large an object can be at all
 *
 * The array of pages is an allocation too, and one that the allocator warns of
 * when it is larger than INT_MAX.
 *
 * Return: a number of pages.
 */
u64 shim_max_bo_pages(void)
{
	return min_t(u64, totalram_pages(), INT_MAX / sizeof(struct page *));
}
