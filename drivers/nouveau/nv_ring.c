// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A channel's ring, and what of it is the driver's own: behind each job a push
 * that writes the job's number to a semaphore and asks for an interrupt.
 *
 * All that is here runs in the fence signalling section, but for the making and
 * the end of the ring.
 */
#include <linux/bitfield.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "model/nv_class.h"
#include "nv_channel.h"
#include "nv_uapi.h"
#include "nv_vm.h"

/* An entry of the ring; the format of the hosts of Volta and Turing. */
#define GP_ENTRY_ADDR		GENMASK_ULL(39, 2)
#define GP_ENTRY_WORDS		GENMASK_ULL(62, 42)
#define GP_ENTRY_WAIT		BIT_ULL(63)

/* One header for methods in a row, on a subchannel that does not matter. */
static u32 header(u32 method, u32 count)
{
	return FIELD_PREP(NV_PUSH_OPCODE, NV_PUSH_INC) |
	       FIELD_PREP(NV_PUSH_COUNT, count) |
	       FIELD_PREP(NV_PUSH_METHOD, method / sizeof(u32));
}

/* SEMAPHOREA to D, and NON_STALL, are methods in a row. */
#define RELEASE_METHODS		5
#define RELEASE_WORDS		(1 + RELEASE_METHODS)
#define RELEASE_SPAN		32

static_assert(RELEASE_WORDS * sizeof(u32) <= RELEASE_SPAN);

/* What is where. The last page is not for the device's addresses. */
#define ENTRIES_OFFSET		0
#define RELEASES_OFFSET		(NV_RING_ENTRIES * sizeof(u64))
#define SEMAPHORE_OFFSET	(RELEASES_OFFSET + NV_RING_ENTRIES * RELEASE_SPAN)
#define USERD_OFFSET		(SEMAPHORE_OFFSET + PAGE_SIZE)
#define MEMORY_SIZE		(USERD_OFFSET + PAGE_SIZE)

static_assert(MEMORY_SIZE <= NV_RING_SPAN);
static_assert(RELEASES_OFFSET % PAGE_SIZE == 0 &&
	      SEMAPHORE_OFFSET % PAGE_SIZE == 0);

/**
 * nv_ring_init() - make a ring
 * @ring: the ring
 * @vm: the VM
 * @addr: NV_RING_SPAN of its addresses
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM; -EINTR if the caller is to die.
 */
int nv_ring_init(struct nv_ring *ring, struct nv_vm *vm, u64 addr)
{
	int ret;

	ring->memory = __vmalloc(MEMORY_SIZE, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!ring->memory)
		return -ENOMEM;

	ring->addr = addr;
	ring->put = 0;
	ret = nv_vm_map_kernel(vm, addr, ring->memory, USERD_OFFSET);
	if (ret)
		vfree(ring->memory);

	return ret;
}

/**
 * nv_ring_fini() - free a ring
 * @ring: the ring, whose channel was stopped
 * @vm: the VM
 *
 * Context: process; sleeps.
 */
void nv_ring_fini(struct nv_ring *ring, struct nv_vm *vm)
{
	nv_vm_unmap_kernel(vm, ring->addr, USERD_OFFSET);
	vfree(ring->memory);
}

/**
 * nv_ring_userd() - the page with the ring's indices
 * @ring: the ring
 *
 * Return: its physical address.
 */
u64 nv_ring_userd(const struct nv_ring *ring)
{
	return page_to_phys(vmalloc_to_page(ring->memory + USERD_OFFSET));
}

/**
 * nv_ring_semaphore() - the number of the last job that is done
 * @ring: the ring
 *
 * Context: any.
 * Return: the number.
 */
u32 nv_ring_semaphore(const struct nv_ring *ring)
{
	const u32 *semaphore = ring->memory + SEMAPHORE_OFFSET;

	/* What the job wrote is seen by who sees this. */
	return smp_load_acquire(semaphore);
}

static void write_entry(struct nv_ring *ring, u64 addr, u32 size, bool wait)
{
	u64 *entries = ring->memory + ENTRIES_OFFSET;

	WRITE_ONCE(entries[ring->put], (addr & GP_ENTRY_ADDR) |
		   FIELD_PREP(GP_ENTRY_WORDS, size / sizeof(u32)) |
		   (wait ? GP_ENTRY_WAIT : 0));
	ring->put = (ring->put + 1) % NV_RING_ENTRIES;
}

/**
 * nv_ring_push() - add a program's push
 * @ring: the ring, with room for it
 * @push: the push, checked
 *
 * Context: fence signalling section.
 */
void nv_ring_push(struct nv_ring *ring, const struct drm_nouveau_exec_push *push)
{
	/* No words: an entry of the ring would mean something else. */
	if (push->va_len)
		write_entry(ring, push->va, push->va_len,
			    push->flags & DRM_NOUVEAU_EXEC_PUSH_NO_PREFETCH);
}

/**
 * nv_ring_release() - add the end of a job
 * @ring: the ring, with room for it
 * @seqno: the job's number; those of jobs in the ring follow each other
 *
 * Context: fence signalling section.
 */
void nv_ring_release(struct nv_ring *ring, u32 seqno)
{
	u64 semaphore = ring->addr + SEMAPHORE_OFFSET;
	size_t offset = RELEASES_OFFSET + seqno % NV_RING_ENTRIES * RELEASE_SPAN;
	u32 *words = ring->memory + offset;

	words[0] = header(NV_HOST_SEMAPHOREA, RELEASE_METHODS);
	words[1] = upper_32_bits(semaphore);
	words[2] = lower_32_bits(semaphore);
	words[3] = seqno;
	words[4] = FIELD_PREP(NV_SEMAPHORED_OP, NV_SEMAPHORED_RELEASE) |
		   NV_SEMAPHORED_ONE_WORD;
	words[5] = 0;
	write_entry(ring, ring->addr + offset, RELEASE_WORDS * sizeof(u32),
		    false);
}

/**
 * nv_ring_kick() - let the device see what was added
 * @ring: the ring; the doorbell is to follow
 *
 * Context: fence signalling section.
 */
void nv_ring_kick(struct nv_ring *ring)
{
	u32 *put = ring->memory + USERD_OFFSET + NV_HW_USERD_GP_PUT;

	/* Behind the entries, and what they lead to. */
	smp_store_release(put, ring->put);
}
