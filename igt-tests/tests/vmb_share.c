// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Several VMs, and BOs that are in more than one of them.
 */
#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Several VMs, and BOs in more than one of them");

#define VMS 4

struct fixture {
	struct vmb_vm vms[VMS];
	struct vmb_bo a, b;
};

static void begin(struct fixture *f, struct vmb_dev *dev)
{
	for (int i = 0; i < VMS; i++)
		vmb_vm_create(&f->vms[i], dev);
	vmb_bo_create(&f->a, dev, 16 * VMB_PAGE, 0, 0, 1);
	vmb_bo_create(&f->b, dev, 16 * VMB_PAGE, 0, 0, 2);
}

static struct vmb_op all_of(const struct vmb_bo *bo, uint64_t addr)
{
	return vmb_map(bo, 0, addr, bo->size);
}

/* At the same address: what one has, no other sees. */
static void isolated(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	VMB_BIND(&f.vms[0], all_of(&f.a, VMB_DATA));
	vmb_unmapped(&f.vms[1], VMB_DATA, VMB_PAGE);
	VMB_BIND(&f.vms[1], all_of(&f.b, VMB_DATA));
	for (int round = 0; round < 3; round++) {
		vmb_shows(&f.vms[0], VMB_DATA, f.a.size, &f.a, 0);
		vmb_shows(&f.vms[1], VMB_DATA, f.b.size, &f.b, 0);
		vmb_unmapped(&f.vms[2], VMB_DATA, VMB_PAGE);
	}
	vmb_reaches(&f.vms[1], VMB_DATA, f.b.size, &f.b, 0);
	vmb_bo_intact(&f.a);
	VMB_BIND(&f.vms[0], vmb_unmap(VMB_DATA, f.a.size));
	vmb_unmapped(&f.vms[0], VMB_DATA, VMB_PAGE);
	vmb_shows(&f.vms[1], VMB_DATA, f.b.size, &f.b, 0);
}

static void one_bo_in_many(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (uint64_t i = 0; i < VMS; i++)
		VMB_BIND(&f.vms[i], all_of(&f.a, VMB_DATA + i * VMB_PAGE));
	for (uint64_t i = 0; i < VMS; i++) {
		vmb_ok(vmb_run1(&f.vms[i],
				vmb_write(VMB_DATA + i * VMB_PAGE + 8 * i, i)));
		for (uint64_t j = 0; j < VMS; j++)
			igt_assert_eq_u64(vmb_word_at(&f.vms[j], VMB_DATA +
						      j * VMB_PAGE + 8 * i), i);
		f.a.cpu[i] = vmb_word(&f.a, 8 * i);
	}
	/* One after the other lets it go; the rest keep it. */
	for (uint64_t i = 0; i < VMS; i++) {
		VMB_BIND(&f.vms[i], vmb_unmap(VMB_DATA, 64 * VMB_PAGE));
		vmb_unmapped(&f.vms[i], VMB_DATA + i * VMB_PAGE, VMB_PAGE);
		for (uint64_t j = i + 1; j < VMS; j++)
			vmb_shows(&f.vms[j], VMB_DATA + j * VMB_PAGE, f.a.size,
				  &f.a, 0);
	}
}

static void unmap_bo_of_one_vm(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (int i = 0; i < VMS; i++)
		VMB_BIND(&f.vms[i], all_of(&f.a, VMB_DATA),
			 vmb_map(&f.a, 0, VMB_DATA + (1 << 20), VMB_PAGE));
	VMB_BIND(&f.vms[1], vmb_unmap_bo(&f.a));
	vmb_unmapped(&f.vms[1], VMB_DATA, VMB_PAGE);
	vmb_unmapped(&f.vms[1], VMB_DATA + (1 << 20), VMB_PAGE);
	vmb_shows(&f.vms[0], VMB_DATA, f.a.size, &f.a, 0);
	vmb_shows(&f.vms[2], VMB_DATA + (1 << 20), VMB_PAGE, &f.a, 0);
}

static void vm_goes_while_others_use_its_bo(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	VMB_BIND(&f.vms[0], all_of(&f.a, VMB_DATA));
	VMB_BIND(&f.vms[1], all_of(&f.a, VMB_DATA));
	vmb_vm_destroy(&f.vms[0]);
	vmb_shows(&f.vms[1], VMB_DATA, f.a.size, &f.a, 0);
	vmb_reaches(&f.vms[1], VMB_DATA, f.a.size, &f.a, 0);
}

/* What one VM's engine stores is there for the next one's. */
static void through_a_chain_of_vms(struct vmb_dev *dev)
{
	uint32_t line = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	for (uint64_t i = 0; i < VMS; i++) {
		struct vmb_cmd cmd = vmb_copy(VMB_DATA + (i + 1) * VMB_PAGE,
					      VMB_DATA + i * VMB_PAGE,
					      VMB_PAGE);

		VMB_BIND(&f.vms[i], all_of(&f.a, VMB_DATA));
		if (!i)
			vmb_ok(vmb_try_exec(dev, f.vms[i].queue, &cmd, 1,
					    VMB_SYNCS(vmb_signal(line, 1))));
		else
			vmb_ok(vmb_try_exec(dev, f.vms[i].queue, &cmd, 1,
					    VMB_SYNCS(vmb_wait(line, i),
						      vmb_signal(line, i + 1))));
	}
	vmb_ok(vmb_done(dev, line, VMS));
	igt_assert(!memcmp(f.a.cpu, f.a.cpu + VMS * VMB_PAGE / 8, VMB_PAGE));
}

static void most_vms(struct vmb_dev *dev)
{
	uint32_t count = dev->caps.max_vms, extra;
	uint32_t *vms = calloc(count, sizeof(*vms));

	igt_assert(vms);
	igt_require_f(count <= 4096, "as many as memory has room for\n");
	for (uint32_t i = 0; i < count; i++)
		vmb_ok(dev->drv->vm_create(dev->fd, 0, 0, &vms[i]));
	vmb_fails(ENOSPC, dev->drv->vm_create(dev->fd, 0, 0, &extra));
	vmb_ok(dev->drv->vm_destroy(dev->fd, vms[count / 2]));
	vmb_ok(dev->drv->vm_create(dev->fd, 0, 0, &vms[count / 2]));
	for (uint32_t i = 0; i < count; i++)
		vmb_ok(dev->drv->vm_destroy(dev->fd, vms[i]));
	free(vms);
}

/* Two open files have VMs of their own, whatever their numbers are. */
static void two_files(struct vmb_dev *dev)
{
	struct vmb_vm ours, theirs;
	struct vmb_dev second;
	struct vmb_bo a, b;

	vmb_open(&second);
	vmb_vm_create(&ours, dev);
	vmb_vm_create(&theirs, &second);
	vmb_bo_create(&a, dev, 4 * VMB_PAGE, 0, 0, 1);
	vmb_bo_create(&b, &second, 4 * VMB_PAGE, 0, 0, 2);
	VMB_BIND(&ours, all_of(&a, VMB_DATA));
	vmb_unmapped(&theirs, VMB_DATA, VMB_PAGE);
	VMB_BIND(&theirs, all_of(&b, VMB_DATA));
	vmb_shows(&ours, VMB_DATA, a.size, &a, 0);
	vmb_shows(&theirs, VMB_DATA, b.size, &b, 0);
	vmb_close(&second);
	vmb_shows(&ours, VMB_DATA, a.size, &a, 0);
}

static const struct vmb_test tests[] = {
	{ "isolated", isolated, "Two VMs at one address", VMB_VMS },
	{ "one-bo-in-many", one_bo_in_many, "One BO in many VMs", VMB_VMS },
	{ "unmap-bo-of-one-vm", unmap_bo_of_one_vm,
	  "All mappings of a BO go from one VM alone", VMB_UNMAP_BO | VMB_VMS },
	{ "vm-goes-while-others-use-its-bo", vm_goes_while_others_use_its_bo,
	  "A VM is destroyed, its BO lives on", VMB_VMS },
	{ "through-a-chain-of-vms", through_a_chain_of_vms,
	  "Jobs of several VMs, one after the other", VMB_TIMELINE | VMB_VMS },
	{ "most-vms", most_vms, "As many VMs as may be, and one more", VMB_VMS },
	{ "two-files", two_files, "Two open files" },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
