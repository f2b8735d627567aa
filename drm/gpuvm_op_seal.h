/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the operation of a callback says of its VM, so that it can be believed.
 *
 * drm_gpuva_unmap() gets an operation and nothing else. To read the VM of the mapping
 * would be to wait for the mapping, which is most often in no cache: a processor goes on
 * meanwhile, but only so far, and comes the later to the search for the next request. So
 * the core writes the VM behind the operation, where struct drm_gpuva_op has room that
 * is reserved.
 *
 * But a driver may make an operation by itself, without that room, and also in memory that
 * it does not clear; it may copy one and come back to it when the VM is gone, or put another
 * mapping into it. So there is a seal on the mapping and on the place of the operation,
 * which is broken when the callback returns. Where it holds, the operation is the core's
 * own, and split and merge are at work on the VM. Where it does not, the mapping is asked.
 */
#ifndef __GPUVM_OP_SEAL_H__
#define __GPUVM_OP_SEAL_H__

#include <drm/drm_gpuvm.h>

/* Odd, as the addresses are not: there is no seal on an operation that was cleared. */
#define GPUVM_OP_SEAL	0x9e3779b1u

/* Which of the reserved words is the VM. */
#define GPUVM_OP_VM	2

static_assert(sizeof(struct drm_gpuva_op_unmap) <= GPUVM_OP_VM * sizeof(u64));

static __always_inline u32 gpuvm_op_seal_of(const struct drm_gpuva_op_unmap *op)
{
	return (u32)((unsigned long)op->va ^ (unsigned long)op) ^ GPUVM_OP_SEAL;
}

/* Before the callback. */
static __always_inline void gpuvm_op_seal(struct drm_gpuva_op *op,
					  struct drm_gpuvm *gpuvm)
{
	op->__reserved[GPUVM_OP_VM] = (unsigned long)gpuvm;
	op->unmap.__seal = gpuvm_op_seal_of(&op->unmap);
}

/* After the callback: what stays behind in this memory is no operation any more. */
static __always_inline void gpuvm_op_break_seal(struct drm_gpuva_op *op)
{
	/* A compiler would leave out a plain store to what ends here. */
	WRITE_ONCE(op->unmap.__seal, 0);
}

/*
 * Whether this is the operation that a callback was called with, and that has not returned
 * yet. Its mapping is then none that the VM keeps for the kernel: for those there is no
 * operation.
 */
static __always_inline bool
gpuvm_op_is_sealed(const struct drm_gpuva_op_unmap *op)
{
	return op->__seal == gpuvm_op_seal_of(op);
}

/* The VM of a sealed operation. */
static __always_inline struct drm_gpuvm *
gpuvm_op_sealed_vm(const struct drm_gpuva_op_unmap *op)
{
	const struct drm_gpuva_op *whole =
		container_of(op, struct drm_gpuva_op, unmap);

	return (struct drm_gpuvm *)(unsigned long)whole->__reserved[GPUVM_OP_VM];
}

#endif
