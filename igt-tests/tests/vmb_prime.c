// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * BOs as dma-bufs: to another file of the driver, and from drivers that have
 * memory and no VMs.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/udmabuf.h>
#include <xf86drm.h>

#include "vmb_model.h"

IGT_TEST_DESCRIPTION("BOs that are shared as dma-bufs");

#define PAGES 8

static int export(struct vmb_bo *bo)
{
	int dmabuf;

	igt_assert(!drmPrimeHandleToFD(bo->dev->fd, bo->handle,
				       DRM_CLOEXEC | DRM_RDWR, &dmabuf));
	return dmabuf;
}

static uint32_t import(struct vmb_dev *dev, int dmabuf)
{
	uint32_t handle;

	igt_assert(!drmPrimeFDToHandle(dev->fd, dmabuf, &handle));
	return handle;
}

/* A dma-buf of pages of this process. */
static int udmabuf(uint64_t size, uint64_t **cpu)
{
	struct udmabuf_create args = { .size = size };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int memfd, dmabuf;

	igt_require_f(dev >= 0, "no udmabuf on this machine\n");
	memfd = memfd_create("vmb", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	igt_assert_fd(memfd);
	igt_assert(!ftruncate(memfd, size));
	igt_assert(!fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	*cpu = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	igt_assert(*cpu != MAP_FAILED);
	args.memfd = memfd;
	dmabuf = ioctl(dev, UDMABUF_CREATE, &args);
	igt_assert_fd(dmabuf);
	close(memfd);
	close(dev);
	return dmabuf;
}

static void between_files(struct vmb_dev *dev)
{
	struct vmb_dev second;
	struct vmb_vm theirs;
	struct vmb_bo bo;
	struct vmb_op op;
	int dmabuf;

	vmb_open(&second);
	vmb_vm_create(&theirs, &second);
	vmb_bo_create(&bo, dev, PAGES * VMB_PAGE, 0, 0, 1);
	dmabuf = export(&bo);
	op = vmb_map(&bo, 0, VMB_DATA, bo.size);
	op.bo = import(&second, dmabuf);
	close(dmabuf);
	vmb_ok(vmb_bind1(&theirs, op));
	vmb_shows(&theirs, VMB_DATA, bo.size, &bo, 0);
	vmb_reaches(&theirs, VMB_DATA, bo.size, &bo, 0);
	vmb_close(&second);
}

static void the_way_back(struct vmb_dev *dev)
{
	struct vmb_bo bo;
	int dmabuf;

	vmb_bo_create(&bo, dev, PAGES * VMB_PAGE, 0, 0, 1);
	dmabuf = export(&bo);
	/* One file, one object, one handle. */
	igt_assert_eq_u32(import(dev, dmabuf), bo.handle);
	close(dmabuf);
}

static void from_udmabuf(struct vmb_dev *dev)
{
	struct vmb_bo bo = { .size = PAGES * VMB_PAGE, .seed = 3 };
	struct vmb_model *m;
	struct vmb_vm vm;
	int dmabuf = udmabuf(bo.size, &bo.cpu);

	for (uint64_t at = 0; at < bo.size; at += 8)
		bo.cpu[at / 8] = vmb_word(&bo, at);
	vmb_vm_create(&vm, dev);
	bo.handle = import(dev, dmabuf);
	m = vmb_model(&vm, VMB_DATA, 32);
	vmb_model_map(m, 2, PAGES, &bo, 0);
	vmb_model_map(m, 20, 3, &bo, 4);
	vmb_model_apply(m);
	vmb_model_unmap(m, 4, 2);
	vmb_model_apply(m);
	vmb_model_end(m);
}

/* Neither handle nor dma-buf are left: the mapping alone keeps the memory. */
static void mapping_keeps_it(struct vmb_dev *dev)
{
	struct vmb_bo bo = { .size = PAGES * VMB_PAGE, .seed = 3 };
	struct vmb_vm vm;
	int dmabuf = udmabuf(bo.size, &bo.cpu);

	for (uint64_t at = 0; at < bo.size; at += 8)
		bo.cpu[at / 8] = vmb_word(&bo, at);
	vmb_vm_create(&vm, dev);
	bo.handle = import(dev, dmabuf);
	VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, bo.size));
	close(dmabuf);
	vmb_ok(vmb_handle_close(dev, bo.handle));
	vmb_shows(&vm, VMB_DATA, bo.size, &bo, 0);
	vmb_reaches(&vm, VMB_DATA, bo.size, &bo, 0);
	igt_assert(!munmap(bo.cpu, bo.size));
	bo.cpu = NULL;
	vmb_shows(&vm, VMB_DATA, bo.size, &bo, 0);
	VMB_BIND(&vm, vmb_unmap(VMB_DATA, bo.size));
	vmb_unmapped(&vm, VMB_DATA, bo.size);
}

static void exporter_closes(struct vmb_dev *dev)
{
	struct vmb_dev second;
	struct vmb_vm vm;
	struct vmb_bo bo;
	struct vmb_op op;
	int dmabuf;

	vmb_open(&second);
	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, &second, PAGES * VMB_PAGE, 0, 0, 1);
	dmabuf = export(&bo);
	op = vmb_map(&bo, 0, VMB_DATA, bo.size);
	op.bo = import(dev, dmabuf);
	close(dmabuf);
	vmb_bo_unmap(&bo);
	vmb_close(&second);
	vmb_ok(vmb_bind1(&vm, op));
	vmb_shows(&vm, VMB_DATA, bo.size, &bo, 0);
}

/* A dma-buf in many VMs of two files, bound and gone again, many times. */
static void in_many_vms(struct vmb_dev *dev)
{
	enum { VMS = 4, ROUNDS = 10 };
	struct vmb_bo bo = { .size = PAGES * VMB_PAGE, .seed = 3 };
	int dmabuf = udmabuf(bo.size, &bo.cpu);
	struct vmb_vm vms[VMS];
	struct vmb_dev second;

	for (uint64_t at = 0; at < bo.size; at += 8)
		bo.cpu[at / 8] = vmb_word(&bo, at);
	vmb_open(&second);
	for (int i = 0; i < VMS; i++)
		vmb_vm_create(&vms[i], i % 2 ? &second : dev);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t ours = import(dev, dmabuf);
		uint32_t theirs = import(&second, dmabuf);

		for (int i = 0; i < VMS; i++) {
			bo.handle = i % 2 ? theirs : ours;
			VMB_BIND(&vms[i], vmb_map(&bo, 0, VMB_DATA +
						  round * VMB_PAGE, bo.size));
			vmb_shows(&vms[i], VMB_DATA + round * VMB_PAGE,
				  bo.size, &bo, 0);
		}
		vmb_ok(vmb_handle_close(dev, ours));
		vmb_ok(vmb_handle_close(&second, theirs));
		for (int i = 0; i < VMS; i++)
			VMB_BIND(&vms[i], vmb_unmap(VMB_DATA, 64 * VMB_PAGE));
	}
	vmb_close(&second);
}

static const struct vmb_test tests[] = {
	{ "between-files", between_files, "A BO in another open file",
	  VMB_PRIME },
	{ "the-way-back", the_way_back, "An import of what is our own",
	  VMB_PRIME },
	{ "from-udmabuf", from_udmabuf, "Pages of a process", VMB_PRIME },
	{ "mapping-keeps-it", mapping_keeps_it,
	  "A mapping is all that is left of an import", VMB_PRIME },
	{ "exporter-closes", exporter_closes, "The exporter goes first",
	  VMB_PRIME },
	{ "in-many-vms", in_many_vms, "One dma-buf in many VMs of two files",
	  VMB_PRIME },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
