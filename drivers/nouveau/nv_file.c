// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What an open file has: one VM at most, channels by the hardware's number, and
 * the objects of NVIF.
 *
 * The uAPI has two modes, and a file decides for one: with VM_INIT it manages
 * its address space itself; if a BO or a channel comes first it never can.
 */
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm_gpuvm_compat.h>

#include "nv_channel.h"
#include "nv_device.h"
#include "nv_nvif.h"
#include "nv_uapi.h"
#include "nv_vm.h"

/**
 * nv_file_open() - &drm_driver.open
 * @drm: the device
 * @file: being opened
 *
 * Return: 0; -ENOMEM.
 */
int nv_file_open(struct drm_device *drm, struct drm_file *file)
{
	struct nv_file *nfile = kzalloc_obj(*nfile, GFP_KERNEL_ACCOUNT);

	if (!nfile)
		return -ENOMEM;

	kref_init(&nfile->ref);
	mutex_init(&nfile->lock);
	init_waitqueue_head(&nfile->vm_freed);
	xa_init_flags(&nfile->channels, XA_FLAGS_ACCOUNT);
	mutex_init(&nfile->objects_lock);
	INIT_LIST_HEAD(&nfile->objects);
	file->driver_priv = nfile;
	return 0;
}

static void file_release(struct kref *ref)
{
	kfree(container_of(ref, struct nv_file, ref));
}

static void file_put(struct nv_file *nfile)
{
	kref_put(&nfile->ref, file_release);
}

/**
 * nv_file_close() - &drm_driver.postclose
 * @drm: the device
 * @file: being closed; no ioctl of it is under way
 *
 * Jobs that the program left behind end with -ECANCELED.
 */
void nv_file_close(struct drm_device *drm, struct drm_file *file)
{
	struct nv_file *nfile = file->driver_priv;
	struct nv_channel *chan;
	unsigned long id;

	nv_nvif_close(nfile);

	xa_for_each(&nfile->channels, id, chan) {
		nv_channel_kill(chan, -ECANCELED);
		nv_channel_put(chan);
	}
	xa_destroy(&nfile->channels);

	if (nfile->vm) {
		nv_vm_close(nfile->vm);
		nv_vm_put(nfile->vm);
	}

	/*
	 * The VM is freed by a worker, soon unless a job waits for somebody
	 * else. Who closed the last file expects that the module is unused.
	 */
	wait_event_timeout(nfile->vm_freed, !atomic_read(&nfile->vms_left), HZ);
	file_put(nfile);
}

/**
 * nv_file_vm_born() - count a VM
 * @nfile: the file that it belongs to
 */
void nv_file_vm_born(struct nv_file *nfile)
{
	kref_get(&nfile->ref);
	atomic_inc(&nfile->vms_left);
}

/**
 * nv_file_vm_freed() - the same VM is gone
 * @nfile: the file, which may be closed, and gone when this returns
 */
void nv_file_vm_freed(struct nv_file *nfile)
{
	if (atomic_dec_and_test(&nfile->vms_left))
		wake_up(&nfile->vm_freed);
	file_put(nfile);
}

/**
 * nv_file_rule_out_vm() - without a VM until now, the file gets none any more
 * @nfile: the file
 */
void nv_file_rule_out_vm(struct nv_file *nfile)
{
	guard(mutex)(&nfile->lock);

	if (!nfile->vm)
		nfile->no_vm = true;
}

/**
 * nv_file_vm() - the VM of a file
 * @nfile: the file, in an ioctl of it
 *
 * Return: the VM, which stays as long as the file is open; NULL if there is none.
 */
struct nv_vm *nv_file_vm(struct nv_file *nfile)
{
	/* Pairs with the release in VM_INIT: the VM is complete. */
	return smp_load_acquire(&nfile->vm);
}

/**
 * nv_file_get_channel() - look up a channel
 * @nfile: the file
 * @chid: its number
 *
 * Context: any.
 * Return: the channel with a reference for the caller; NULL if the file has none
 * of this number.
 */
struct nv_channel *nv_file_get_channel(struct nv_file *nfile, u32 chid)
{
	struct nv_channel *chan;

	/* The table's own reference is dropped after the lock was held once. */
	xa_lock(&nfile->channels);
	chan = xa_load(&nfile->channels, chid);
	if (chan)
		nv_channel_get(chan);
	xa_unlock(&nfile->channels);

	return chan;
}

/**
 * nv_file_show_fdinfo() - &drm_driver.show_fdinfo
 * @p: printer
 * @file: the file
 *
 * A program's channels run at the same time, so the sum of their times may grow
 * faster than time itself.
 *
 * Context: process.
 */
void nv_file_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct nv_file *nfile = file->driver_priv;
	struct nv_channel *chan;
	unsigned long id;
	u64 total;

	xa_lock(&nfile->channels);
	total = nfile->busy_ns;
	xa_for_each(&nfile->channels, id, chan)
		total += nv_channel_busy_ns(chan);
	xa_unlock(&nfile->channels);

	drm_printf(p, "drm-engine-channel:\t%llu ns\n", total);
	drm_printf(p, "drm-engine-capacity-channel:\t%u\n", NV_MAX_CHANNELS);
	drm_show_memory_stats(p, file);
}
