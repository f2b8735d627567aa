// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What is published of the uAPI cannot change any more: sizes and offsets of
 * every struct, and the ioctl numbers that follow from them, stated once more
 * in numbers. This file has no code and needs only a C11 compiler, so it is
 * compiled into the module and, for each word size, into the user-space tests.
 *
 * For a driver of your own: write such a file the day before you publish, and
 * from then on only add to it.
 */
#ifdef __KERNEL__
#include <linux/build_bug.h>
#elif !defined(static_assert)
#include <assert.h>
#endif

#include <drm/evgem_drm.h>

#define SIZE(type, size) \
	static_assert(sizeof(struct drm_evgem_##type) == (size), #type)
#define AT(type, field, offset) \
	static_assert(__builtin_offsetof(struct drm_evgem_##type, field) == \
		       (offset), #type "." #field)
#define NUMBER(name, number) \
	static_assert(DRM_IOCTL_EVGEM_##name == (number), #name)

SIZE(array, 16);
AT(array, ptr, 0);
AT(array, count, 8);
AT(array, stride, 12);

SIZE(sync, 24);
AT(sync, type, 0);
AT(sync, flags, 4);
AT(sync, handle, 8);
AT(sync, pad, 12);
AT(sync, point, 16);

SIZE(query, 16);
AT(query, query, 0);
AT(query, size, 4);
AT(query, data, 8);

SIZE(device_info, 80);
AT(device_info, features, 0);
AT(device_info, page_sizes, 8);
AT(device_info, va_range, 16);
AT(device_info, va_reserved, 24);
AT(device_info, memory_limit, 32);
AT(device_info, va_bits, 40);
AT(device_info, max_vms, 44);
AT(device_info, max_queues, 48);
AT(device_info, max_bind_ops, 52);
AT(device_info, max_syncs, 56);
AT(device_info, max_cmdbufs, 60);
AT(device_info, max_cmdbuf_size, 64);
AT(device_info, default_timeout_ms, 68);
AT(device_info, max_timeout_ms, 72);
AT(device_info, max_bo_mb, 76);

SIZE(vm_create, 24);
AT(vm_create, flags, 0);
AT(vm_create, vm_id, 4);
AT(vm_create, va_start, 8);
AT(vm_create, va_range, 16);

SIZE(vm_destroy, 8);
AT(vm_destroy, vm_id, 0);
AT(vm_destroy, pad, 4);

SIZE(vm_state, 88);
AT(vm_state, vm_id, 0);
AT(vm_state, pad, 4);
AT(vm_state, status, 8);
AT(vm_state, reason, 12);
AT(vm_state, fault_count, 16);
AT(vm_state, fault_addr, 24);
AT(vm_state, fault_access, 32);
AT(vm_state, fault_reason, 36);
AT(vm_state, fault_queue, 40);
AT(vm_state, pad2, 44);
AT(vm_state, mappings, 48);
AT(vm_state, ptes_4k, 56);
AT(vm_state, ptes_2m, 64);
AT(vm_state, pt_bytes, 72);
AT(vm_state, tlb_flushes, 80);

SIZE(bind_op, 48);
AT(bind_op, op, 0);
AT(bind_op, flags, 4);
AT(bind_op, handle, 8);
AT(bind_op, pad, 12);
AT(bind_op, addr, 16);
AT(bind_op, range, 24);
AT(bind_op, offset, 32);
AT(bind_op, repeat, 40);

SIZE(vm_bind, 40);
AT(vm_bind, vm_id, 0);
AT(vm_bind, flags, 4);
AT(vm_bind, ops, 8);
AT(vm_bind, syncs, 24);

SIZE(gem_create, 24);
AT(gem_create, size, 0);
AT(gem_create, flags, 8);
AT(gem_create, vm_id, 12);
AT(gem_create, handle, 16);
AT(gem_create, pad, 20);

SIZE(gem_mmap_offset, 16);
AT(gem_mmap_offset, handle, 0);
AT(gem_mmap_offset, pad, 4);
AT(gem_mmap_offset, offset, 8);

SIZE(queue_create, 16);
AT(queue_create, vm_id, 0);
AT(queue_create, flags, 4);
AT(queue_create, timeout_ms, 8);
AT(queue_create, queue_id, 12);

SIZE(queue_destroy, 8);
AT(queue_destroy, queue_id, 0);
AT(queue_destroy, pad, 4);

SIZE(cmdbuf, 16);
AT(cmdbuf, ptr, 0);
AT(cmdbuf, size, 8);
AT(cmdbuf, flags, 12);

SIZE(exec, 40);
AT(exec, queue_id, 0);
AT(exec, flags, 4);
AT(exec, cmdbufs, 8);
AT(exec, syncs, 24);

SIZE(cmd_header, 8);
AT(cmd_header, cmd, 0);
AT(cmd_header, size, 4);

SIZE(cmd_fill, 32);
AT(cmd_fill, addr, 8);
AT(cmd_fill, size, 16);
AT(cmd_fill, value, 24);
AT(cmd_fill, pad, 28);

SIZE(cmd_copy, 32);
AT(cmd_copy, dst, 8);
AT(cmd_copy, src, 16);
AT(cmd_copy, size, 24);

SIZE(cmd_write, 24);
AT(cmd_write, addr, 8);
AT(cmd_write, value, 16);

SIZE(cmd_checksum, 32);
AT(cmd_checksum, addr, 8);
AT(cmd_checksum, size, 16);
AT(cmd_checksum, dst, 24);

SIZE(cmd_wait, 32);
AT(cmd_wait, addr, 8);
AT(cmd_wait, value, 16);
AT(cmd_wait, cond, 24);
AT(cmd_wait, pad, 28);

SIZE(cmd_delay, 16);
AT(cmd_delay, ns, 8);

/* A few old architectures encode the direction of an ioctl differently. */
#if _IOC_WRITE == 1 && _IOC_SIZEBITS == 14
NUMBER(QUERY, 0xc0106440);
NUMBER(VM_CREATE, 0xc0186441);
NUMBER(VM_DESTROY, 0x40086442);
NUMBER(VM_STATE, 0xc0586443);
NUMBER(VM_BIND, 0x40286444);
NUMBER(GEM_CREATE, 0xc0186445);
NUMBER(GEM_MMAP_OFFSET, 0xc0106446);
NUMBER(QUEUE_CREATE, 0xc0106447);
NUMBER(QUEUE_DESTROY, 0x40086448);
NUMBER(EXEC, 0x40286449);
#endif
