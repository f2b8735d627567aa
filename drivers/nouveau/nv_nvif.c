// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * DRM_NOUVEAU_NVIF: what is left of a large interface.
 *
 * A program makes a device object and asks it for its description, asks a channel
 * for its classes, and makes and removes engine objects, which do nothing here:
 * a channel runs any of its classes. Objects are named by the program, by a
 * number of 64 bits that is an address in it.
 */
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/nouveau_nvif.h>
#include <drm_gpuvm_compat.h>

#include "nv_channel.h"
#include "nv_device.h"
#include "nv_gem.h"
#include "nv_nvif.h"
#include "nv_uapi.h"

static_assert(sizeof(struct nvif_ioctl_v0) == 24);
static_assert(sizeof(struct nvif_ioctl_new_v0) == 32);
static_assert(sizeof(struct nvif_ioctl_sclass_v0) == 8);
static_assert(sizeof(struct nvif_ioctl_sclass_oclass_v0) == 8);
static_assert(sizeof(struct nvif_ioctl_mthd_v0) == 8);
static_assert(sizeof(struct nv_device_info_v0) == 104);

/**
 * struct nv_object - an object that a program made
 */
struct nv_object {
	/** @link: in &nv_file.objects, under its objects_lock */
	struct list_head link;
	/** @name: what the program calls it */
	u64 name;
	/** @is_device: the device, not an engine object */
	bool is_device;
	/** @chid: of an engine object, its channel */
	u32 chid;
};

/**
 * struct call - a call, as copied from the program
 */
struct call {
	/** @file: the caller's */
	struct drm_file *file;
	/** @head: what each call begins with */
	struct nvif_ioctl_v0 *head;
	/** @args: what follows */
	void *args;
	/** @size: bytes of @args */
	size_t size;
};

static struct nv_object *find_object_locked(struct nv_file *nfile, u64 name)
{
	struct nv_object *object;

	lockdep_assert_held(&nfile->objects_lock);

	list_for_each_entry(object, &nfile->objects, link)
		if (object->name == name)
			return object;

	return NULL;
}

static void remove_locked(struct nv_file *nfile, struct nv_object *object)
{
	lockdep_assert_held(&nfile->objects_lock);

	list_del(&object->link);
	nfile->num_objects--;
	kfree(object);
}

static int add_object(struct nv_file *nfile, u64 name, bool is_device, u32 chid)
{
	struct nv_object *object;

	guard(mutex)(&nfile->objects_lock);

	if (find_object_locked(nfile, name))
		return -EEXIST;

	if (nfile->num_objects == NV_MAX_OBJECTS)
		return -ENOSPC;

	object = kzalloc_obj(*object, GFP_KERNEL_ACCOUNT);
	if (!object)
		return -ENOMEM;

	object->name = name;
	object->is_device = is_device;
	object->chid = chid;
	list_add_tail(&object->link, &nfile->objects);
	nfile->num_objects++;
	return 0;
}

static bool has_class(struct nv_channel *chan, u32 oclass)
{
	for (u32 i = 0; i < chan->nr_classes; i++)
		if (chan->classes[i] == oclass)
			return true;

	return false;
}

static int call_new(struct call *call)
{
	struct nv_file *nfile = call->file->driver_priv;
	const struct nvif_ioctl_new_v0 *args = call->args;
	struct nv_channel *chan;
	int ret = -EINVAL;

	/* Behind it may be arguments for the class, which no class here has. */
	if (call->size < sizeof(*args) || args->version)
		return -EINVAL;

	if (call->head->route == NVIF_ROUTE_NVIF) {
		if (call->head->object || args->oclass != NV_DEVICE)
			return -EINVAL;
		return add_object(nfile, args->object, true, 0);
	}

	if (call->head->token > U32_MAX)
		return -EINVAL;

	chan = nv_file_get_channel(nfile, call->head->token);
	if (!chan)
		return -EINVAL;

	if (has_class(chan, args->oclass))
		ret = add_object(nfile, args->object, false, chan->id);
	nv_channel_put(chan);
	return ret;
}

/* To remove what is not there is what programs do to be sure. */
static int call_del(struct call *call)
{
	struct nv_file *nfile = call->file->driver_priv;
	struct nv_object *object;

	if (call->head->route != NVIF_ROUTE_NVIF || call->size)
		return -EINVAL;

	guard(mutex)(&nfile->objects_lock);

	object = find_object_locked(nfile, call->head->object);
	if (object)
		remove_locked(nfile, object);
	return 0;
}

static bool is_device_object(struct nv_file *nfile, u64 name)
{
	struct nv_object *object;

	guard(mutex)(&nfile->objects_lock);

	object = find_object_locked(nfile, name);
	return object && object->is_device;
}

static int call_mthd(struct call *call)
{
	struct nv_device *nv = to_nv_device(call->file->minor->dev);
	const struct nvif_ioctl_mthd_v0 *args = call->args;
	struct nv_device_info_v0 *info = call->args + sizeof(*args);

	if (call->head->route != NVIF_ROUTE_NVIF ||
	    call->size != sizeof(*args) + sizeof(*info) || args->version ||
	    args->method != NV_DEVICE_V0_INFO || info->version ||
	    !is_device_object(call->file->driver_priv, call->head->object))
		return -EINVAL;

	*info = (struct nv_device_info_v0) {
		.platform = NV_DEVICE_INFO_V0_PCIE,
		.chipset = NV_CHIPSET,
		.revision = 0xa1,
		.family = NV_DEVICE_INFO_V0_TURING,
		.ram_size = nv->vram_size,
		.ram_user = nv->vram_size - NV_VRAM_RESERVED,
	};
	strscpy(info->chip, NV_CHIP_NAME, sizeof(info->chip));
	strscpy(info->name, NV_CHIP_NAME, sizeof(info->name));
	return 0;
}

static int call_sclass(struct call *call)
{
	struct nvif_ioctl_sclass_v0 *args = call->args;
	struct nv_channel *chan;

	if (call->head->route != NVIF_ROUTE_CHANNEL ||
	    call->size < sizeof(*args) || args->version ||
	    call->size != struct_size(args, oclass, args->count) ||
	    call->head->token > U32_MAX)
		return -EINVAL;

	chan = nv_file_get_channel(call->file->driver_priv, call->head->token);
	if (!chan)
		return -EINVAL;

	for (u32 i = 0; i < min_t(u32, args->count, chan->nr_classes); i++)
		args->oclass[i] = (struct nvif_ioctl_sclass_oclass_v0) {
			.oclass = chan->classes[i],
			.minver = -1,
			.maxver = -1,
		};
	args->count = chan->nr_classes;
	nv_channel_put(chan);
	return 0;
}

static int dispatch(struct call *call)
{
	if (call->head->version ||
	    (call->head->route != NVIF_ROUTE_NVIF &&
	     call->head->route != NVIF_ROUTE_CHANNEL))
		return -EINVAL;

	switch (call->head->type) {
	case NVIF_IOCTL_V0_NEW:
		return call_new(call);
	case NVIF_IOCTL_V0_DEL:
		return call_del(call);
	case NVIF_IOCTL_V0_MTHD:
		return call_mthd(call);
	case NVIF_IOCTL_V0_SCLASS:
		return call_sclass(call);
	default:
		return -EINVAL;
	}
}

/**
 * nv_nvif_ioctl() - DRM_NOUVEAU_NVIF
 * @file: the caller's
 * @user: the call
 * @size: its size, from the number of the ioctl
 *
 * Context: process; sleeps.
 * Return: 0; -EINVAL; -EEXIST for an object of a name that is taken; -ENOSPC;
 * -ENOMEM; -EFAULT.
 */
int nv_nvif_ioctl(struct drm_file *file, void __user *user, unsigned int size)
{
	struct call call = { .file = file };
	int ret;

	if (size < sizeof(*call.head))
		return -EINVAL;

	call.head = memdup_user(user, size);
	if (IS_ERR(call.head))
		return PTR_ERR(call.head);

	call.args = call.head + 1;
	call.size = size - sizeof(*call.head);
	ret = dispatch(&call);
	if (!ret && copy_to_user(user, call.head, size))
		ret = -EFAULT;

	kfree(call.head);
	return ret;
}

/**
 * nv_nvif_channel_closed() - remove the engine objects of a channel
 * @nfile: the file
 * @chid: the channel's number
 */
void nv_nvif_channel_closed(struct nv_file *nfile, u32 chid)
{
	struct nv_object *object, *next;

	guard(mutex)(&nfile->objects_lock);

	list_for_each_entry_safe(object, next, &nfile->objects, link)
		if (!object->is_device && object->chid == chid)
			remove_locked(nfile, object);
}

/**
 * nv_nvif_close() - remove all objects
 * @nfile: the file, which is being closed
 */
void nv_nvif_close(struct nv_file *nfile)
{
	struct nv_object *object, *next;

	guard(mutex)(&nfile->objects_lock);

	list_for_each_entry_safe(object, next, &nfile->objects, link)
		remove_locked(nfile, object);
}
