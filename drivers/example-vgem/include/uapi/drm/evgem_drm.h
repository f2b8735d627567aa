/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The user-space interface of the example driver, DRM driver name
 * "example-vgem".
 */
#ifndef _EVGEM_DRM_H_
#define _EVGEM_DRM_H_

#include <drm/drm.h>

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: conventions of this ABI
 *
 * Layout
 *	Fields have fixed widths and natural alignment, no struct has a hole,
 *	and a 32-bit program sees the same layout as a 64-bit one. Sizes,
 *	ranges and offsets are in bytes. Structs only ever grow at their end;
 *	a field that a shorter (older) struct does not have reads as zero.
 *
 * Unknown input
 *	Every pad and every bit that is not defined must be zero, otherwise the
 *	call fails with EINVAL and changes nothing. Values marked "reserved"
 *	are defined so that their numbers stay free; they are refused with
 *	EINVAL until &struct drm_evgem_device_info reports the feature. Fields
 *	marked "out" are ignored on input.
 *
 * Arrays
 *	Always &struct drm_evgem_array, so that their elements can grow.
 *
 * Identifiers
 *	VM and queue ids belong to the DRM file that created them; 0 is never
 *	a valid id. An id that does not exist (any more) gives ENOENT.
 *
 * Errors of the call and errors of the job
 *	What the kernel can see while the caller waits fails the ioctl, and
 *	then nothing was changed, queued or signalled. What happens later
 *	is an error of the job's fence, which a program reads from a sync_file
 *	(the status of SYNC_IOC_FILE_INFO): EFAULT for an access that the page
 *	tables do not allow, ETIMEDOUT for a job that its queue's timeout
 *	ended, ECANCELED for a job that was thrown away with its queue or VM,
 *	EIO for a job of a VM that died.
 *
 * Order
 *	The binds of one VM run in the order of their calls, and so do the jobs
 *	of one queue. There is no other implied order: a job that needs an
 *	asynchronous bind to be finished waits for a syncobj that the bind
 *	signals. A synchronous bind is finished when its call returns.
 */

#define DRM_EVGEM_QUERY			0x00
#define DRM_EVGEM_VM_CREATE		0x01
#define DRM_EVGEM_VM_DESTROY		0x02
#define DRM_EVGEM_VM_STATE		0x03
#define DRM_EVGEM_VM_BIND		0x04
#define DRM_EVGEM_GEM_CREATE		0x05
#define DRM_EVGEM_GEM_MMAP_OFFSET	0x06
#define DRM_EVGEM_QUEUE_CREATE		0x07
#define DRM_EVGEM_QUEUE_DESTROY		0x08
#define DRM_EVGEM_EXEC			0x09

/**
 * struct drm_evgem_array - an array in user memory
 *
 * An element longer than the kernel knows is accepted if the bytes that the
 * kernel does not know are zero, else the call fails with E2BIG. An element
 * shorter than the first published version of its struct gives EINVAL.
 */
struct drm_evgem_array {
	/** @ptr: User address of element 0. Ignored if @count is 0. */
	__u64 ptr;

	/** @count: Number of elements. Too many for the call: EINVAL. */
	__u32 count;

	/**
	 * @stride: Bytes from one element to the next: sizeof() the element as
	 * the program was compiled. A multiple of 8, at most 4096. Ignored if
	 * @count is 0.
	 */
	__u32 stride;
};

/**
 * enum drm_evgem_sync_type - what &drm_evgem_sync.handle names
 */
enum drm_evgem_sync_type {
	/** @DRM_EVGEM_SYNC_BINARY: a syncobj, used without a point */
	DRM_EVGEM_SYNC_BINARY = 1,

	/** @DRM_EVGEM_SYNC_TIMELINE: a syncobj, used with a point */
	DRM_EVGEM_SYNC_TIMELINE = 2,
};

/** define DRM_EVGEM_SYNC_WAIT - the job starts after this sync */
#define DRM_EVGEM_SYNC_WAIT	0x1
/** define DRM_EVGEM_SYNC_SIGNAL - the job's fence goes into this sync */
#define DRM_EVGEM_SYNC_SIGNAL	0x2

/**
 * struct drm_evgem_sync - something a job waits for, or signals at its end
 */
struct drm_evgem_sync {
	/** @type: one of &enum drm_evgem_sync_type */
	__u32 type;

	/**
	 * @flags: exactly one of DRM_EVGEM_SYNC_WAIT, DRM_EVGEM_SYNC_SIGNAL
	 *
	 * A syncobj to be waited for must hold a fence (a timeline: a fence
	 * for @point) when the call is made, else EINVAL: there is no waiting
	 * for a submission in the future.
	 */
	__u32 flags;

	/** @handle: the syncobj; unknown: ENOENT */
	__u32 handle;

	/** @pad: must be zero */
	__u32 pad;

	/** @point: of a timeline, not 0; must be 0 for a binary syncobj */
	__u64 point;
};

/**
 * enum drm_evgem_query_id - what DRM_IOCTL_EVGEM_QUERY can be asked for
 */
enum drm_evgem_query_id {
	/** @DRM_EVGEM_QUERY_DEVICE: &struct drm_evgem_device_info */
	DRM_EVGEM_QUERY_DEVICE = 1,
};

/**
 * struct drm_evgem_query - argument of DRM_IOCTL_EVGEM_QUERY
 *
 * Return: 0; EINVAL for an unknown @query or a @size above 4096; EFAULT.
 */
struct drm_evgem_query {
	/** @query: one of &enum drm_evgem_query_id */
	__u32 query;

	/**
	 * @size: in: bytes that may be written at @data; out: bytes that this
	 * kernel has to say. The answer is cut to the former; if the former is
	 * larger, the rest is cleared.
	 */
	__u32 size;

	/** @data: user address for the answer, or 0 to learn @size only */
	__u64 data;
};

/** define DRM_EVGEM_FEATURE_ASYNC_BIND - DRM_EVGEM_VM_BIND_ASYNC */
#define DRM_EVGEM_FEATURE_ASYNC_BIND	0x1ull
/** define DRM_EVGEM_FEATURE_TIMELINE - DRM_EVGEM_SYNC_TIMELINE */
#define DRM_EVGEM_FEATURE_TIMELINE	0x2ull
/** define DRM_EVGEM_FEATURE_READONLY - DRM_EVGEM_BIND_READONLY */
#define DRM_EVGEM_FEATURE_READONLY	0x4ull
/** define DRM_EVGEM_FEATURE_HUGE - DRM_EVGEM_GEM_HUGE */
#define DRM_EVGEM_FEATURE_HUGE		0x8ull
/** define DRM_EVGEM_FEATURE_SPARSE - DRM_EVGEM_BIND_OP_MAP_SPARSE */
#define DRM_EVGEM_FEATURE_SPARSE	0x10ull
/** define DRM_EVGEM_FEATURE_UNMAP_BO - DRM_EVGEM_BIND_OP_UNMAP_BO */
#define DRM_EVGEM_FEATURE_UNMAP_BO	0x20ull
/** define DRM_EVGEM_FEATURE_REPEAT - DRM_EVGEM_BIND_REPEAT */
#define DRM_EVGEM_FEATURE_REPEAT	0x40ull
/** define DRM_EVGEM_FEATURE_USERPTR - DRM_EVGEM_BIND_OP_MAP_USERPTR */
#define DRM_EVGEM_FEATURE_USERPTR	0x80ull
/** define DRM_EVGEM_FEATURE_PRIME - dma-buf export and import */
#define DRM_EVGEM_FEATURE_PRIME		0x100ull
/** define DRM_EVGEM_FEATURE_MEMORY_LIMIT - a memory limit with eviction */
#define DRM_EVGEM_FEATURE_MEMORY_LIMIT	0x200ull

/**
 * struct drm_evgem_device_info - answer to DRM_EVGEM_QUERY_DEVICE
 */
struct drm_evgem_device_info {
	/** @features: DRM_EVGEM_FEATURE_* of this kernel */
	__u64 features;

	/** @page_sizes: set of page sizes: bit n is set for 2^n bytes */
	__u64 page_sizes;

	/** @va_range: size of the largest VM; VMs lie in [0, @va_range) */
	__u64 va_range;

	/**
	 * @va_reserved: bytes at the start of every VM that are the kernel's:
	 * a bind that touches them gives EINVAL
	 */
	__u64 va_reserved;

	/**
	 * @memory_limit: bytes of memory that all BOs of the device may have
	 * at once, 0: no limit. Those that are mapped in one VM have to fit
	 * together, else binds and jobs of the VM give ENOMEM.
	 */
	__u64 memory_limit;

	/** @va_bits: width of a GPU virtual address */
	__u32 va_bits;

	/** @max_vms: VMs that one file may have */
	__u32 max_vms;

	/** @max_queues: queues that one file may have */
	__u32 max_queues;

	/** @max_bind_ops: elements of &drm_evgem_vm_bind.ops */
	__u32 max_bind_ops;

	/** @max_syncs: elements of an array of syncs */
	__u32 max_syncs;

	/** @max_cmdbufs: elements of &drm_evgem_exec.cmdbufs */
	__u32 max_cmdbufs;

	/** @max_cmdbuf_size: bytes of one command buffer */
	__u32 max_cmdbuf_size;

	/** @default_timeout_ms: of a queue made without one */
	__u32 default_timeout_ms;

	/** @max_timeout_ms: the longest that a queue may ask for */
	__u32 max_timeout_ms;

	/** @max_bo_mb: MiB of BOs that one file may have */
	__u32 max_bo_mb;
};

/**
 * struct drm_evgem_vm_create - argument of DRM_IOCTL_EVGEM_VM_CREATE
 *
 * Return: 0; EINVAL; ENOSPC if the file has &drm_evgem_device_info.max_vms;
 * ENOMEM.
 */
struct drm_evgem_vm_create {
	/** @flags: must be zero */
	__u32 flags;

	/** @vm_id: out: the new VM */
	__u32 vm_id;

	/** @va_start: first address; a multiple of 4096 */
	__u64 va_start;

	/**
	 * @va_range: bytes from @va_start; a multiple of 4096 and more than
	 * &drm_evgem_device_info.va_reserved. 0: all from @va_start.
	 */
	__u64 va_range;
};

/**
 * struct drm_evgem_vm_destroy - argument of DRM_IOCTL_EVGEM_VM_DESTROY
 *
 * The id is gone when the call returns. Jobs of the VM, binds as well as those
 * of its queues, that have not finished by then end with ECANCELED; its queues
 * stay until they are destroyed, but take no more jobs.
 *
 * Return: 0; EINVAL for a pad; ENOENT.
 */
struct drm_evgem_vm_destroy {
	/** @vm_id: the VM */
	__u32 vm_id;

	/** @pad: must be zero */
	__u32 pad;
};

/**
 * enum drm_evgem_vm_status - &drm_evgem_vm_state.status
 */
enum drm_evgem_vm_status {
	/** @DRM_EVGEM_VM_LIVE: takes binds and jobs */
	DRM_EVGEM_VM_LIVE = 0,

	/** @DRM_EVGEM_VM_DEAD: takes none (EIO), can only be destroyed */
	DRM_EVGEM_VM_DEAD = 1,
};

/**
 * enum drm_evgem_vm_reason - why a VM died
 */
enum drm_evgem_vm_reason {
	/** @DRM_EVGEM_VM_REASON_NONE: it did not */
	DRM_EVGEM_VM_REASON_NONE = 0,

	/**
	 * @DRM_EVGEM_VM_REASON_BIND: a bind failed after earlier operations
	 * of the same call had reached the page tables
	 */
	DRM_EVGEM_VM_REASON_BIND = 1,
};

/**
 * enum drm_evgem_access - what the engine wanted when it faulted
 */
enum drm_evgem_access {
	/** @DRM_EVGEM_ACCESS_NONE: there was no fault */
	DRM_EVGEM_ACCESS_NONE = 0,

	/** @DRM_EVGEM_ACCESS_READ: to read */
	DRM_EVGEM_ACCESS_READ = 1,

	/** @DRM_EVGEM_ACCESS_WRITE: to write, or to read and write */
	DRM_EVGEM_ACCESS_WRITE = 2,
};

/**
 * enum drm_evgem_fault - why the engine could not have it
 */
enum drm_evgem_fault {
	/** @DRM_EVGEM_FAULT_NONE: there was no fault */
	DRM_EVGEM_FAULT_NONE = 0,

	/** @DRM_EVGEM_FAULT_UNMAPPED: no translation for the address */
	DRM_EVGEM_FAULT_UNMAPPED = 1,

	/** @DRM_EVGEM_FAULT_READONLY: write through a read-only mapping */
	DRM_EVGEM_FAULT_READONLY = 2,

	/** @DRM_EVGEM_FAULT_ADDRESS: address wider than the page tables */
	DRM_EVGEM_FAULT_ADDRESS = 3,

	/** @DRM_EVGEM_FAULT_BUS: the translation leads to no memory */
	DRM_EVGEM_FAULT_BUS = 4,
};

/**
 * struct drm_evgem_vm_state - argument of DRM_IOCTL_EVGEM_VM_STATE
 *
 * The fault fields are of one fault, the last; a fault that happens during the
 * call is seen whole or not at all. The counters are a snapshot of what the
 * page tables hold, binds that are queued not included.
 *
 * Return: 0; EINVAL for a pad; ENOENT.
 */
struct drm_evgem_vm_state {
	/** @vm_id: in: the VM */
	__u32 vm_id;

	/** @pad: must be zero */
	__u32 pad;

	/** @status: out: one of &enum drm_evgem_vm_status */
	__u32 status;

	/** @reason: out: one of &enum drm_evgem_vm_reason */
	__u32 reason;

	/** @fault_count: out: faults since the VM was made */
	__u64 fault_count;

	/** @fault_addr: out: first address that could not be accessed */
	__u64 fault_addr;

	/** @fault_access: out: one of &enum drm_evgem_access */
	__u32 fault_access;

	/** @fault_reason: out: one of &enum drm_evgem_fault */
	__u32 fault_reason;

	/** @fault_queue: out: the queue whose job it was */
	__u32 fault_queue;

	/** @pad2: out: zero */
	__u32 pad2;

	/** @mappings: out: mappings in the VM */
	__u64 mappings;

	/** @ptes_4k: out: valid page-table entries for pages of 4 KiB */
	__u64 ptes_4k;

	/** @ptes_2m: out: valid page-table entries for pages of 2 MiB */
	__u64 ptes_2m;

	/** @pt_bytes: out: memory that the page tables take */
	__u64 pt_bytes;

	/** @tlb_flushes: out: TLB invalidations that binds have caused */
	__u64 tlb_flushes;
};

/**
 * enum drm_evgem_bind_op_type - &drm_evgem_bind_op.op
 */
enum drm_evgem_bind_op_type {
	/**
	 * @DRM_EVGEM_BIND_OP_MAP: map a piece of a BO; replaces what was mapped
	 * in the range, cutting mappings that reach beyond it
	 */
	DRM_EVGEM_BIND_OP_MAP = 1,

	/**
	 * @DRM_EVGEM_BIND_OP_UNMAP: unmap all in the range, cutting mappings
	 * that reach beyond it; a range without a mapping is fine
	 */
	DRM_EVGEM_BIND_OP_UNMAP = 2,

	/**
	 * @DRM_EVGEM_BIND_OP_MAP_SPARSE: map no memory: reads give zero, writes
	 * go nowhere, neither is a fault; replaces what was mapped like a MAP
	 */
	DRM_EVGEM_BIND_OP_MAP_SPARSE = 3,

	/**
	 * @DRM_EVGEM_BIND_OP_UNMAP_BO: unmap a BO wherever it is in the VM, by
	 * its handle alone; a BO that is not mapped is fine
	 */
	DRM_EVGEM_BIND_OP_UNMAP_BO = 4,

	/**
	 * @DRM_EVGEM_BIND_OP_MAP_USERPTR: map memory of the calling process
	 *
	 * All of it must be there and, unless DRM_EVGEM_BIND_READONLY is set,
	 * writable, else the call fails with EFAULT. It is not pinned: what the
	 * process does to the range (munmap(), mremap(), mprotect(), madvise(),
	 * fork(), swap) first waits for the jobs of the VM, and the next job
	 * finds the pages that are there by then. Where there is none any more,
	 * or none that may be written, the engine faults; other mappings are not
	 * concerned. It comes back with a new bind. A child of fork() has no
	 * part in it.
	 */
	DRM_EVGEM_BIND_OP_MAP_USERPTR = 5,
};

/**
 * define DRM_EVGEM_BIND_READONLY - the engine may not write; MAP and MAP_USERPTR
 * only
 */
#define DRM_EVGEM_BIND_READONLY		0x1
/**
 * define DRM_EVGEM_BIND_REPEAT - a small piece of a BO over and over; MAP only
 *
 * See &drm_evgem_bind_op.repeat.
 */
#define DRM_EVGEM_BIND_REPEAT		0x2

/**
 * struct drm_evgem_bind_op - one operation of a bind
 */
struct drm_evgem_bind_op {
	/** @op: one of &enum drm_evgem_bind_op_type */
	__u32 op;

	/** @flags: DRM_EVGEM_BIND_* */
	__u32 flags;

	/**
	 * @handle: the BO of a MAP or UNMAP_BO, else 0. A BO private to another VM gives
	 * EINVAL, an unknown handle ENOENT.
	 */
	__u32 handle;

	/** @pad: must be zero */
	__u32 pad;

	/** @addr: GPU address; a multiple of 4096; 0 for an UNMAP_BO */
	__u64 addr;

	/** @range: bytes, not 0; a multiple of 4096; 0 for an UNMAP_BO */
	__u64 range;

	/**
	 * @offset: where in the BO a MAP begins, a multiple of 4096; the piece,
	 * @range long or @repeat, must lie within the BO. The user address of a
	 * MAP_USERPTR, a multiple of 4096. Must be 0 for all others.
	 */
	__u64 offset;

	/**
	 * @repeat: with DRM_EVGEM_BIND_REPEAT the size of the piece of the BO
	 * that is mapped again and again, from the start of @range to its end;
	 * without it 0
	 *
	 * A multiple of 4096, not 0, below 4 GiB and not above @range, which
	 * need not be a multiple of it: then the last piece is not whole. It is
	 * one mapping. What remains of it when it is cut shows at each address
	 * what was there before.
	 */
	__u64 repeat;
};

/** define DRM_EVGEM_VM_BIND_ASYNC - return once the bind is queued */
#define DRM_EVGEM_VM_BIND_ASYNC		0x1

/**
 * struct drm_evgem_vm_bind - argument of DRM_IOCTL_EVGEM_VM_BIND
 *
 * Operations are applied in the order of the array, as one job. If one of them
 * is invalid the call fails with that one's error, none is applied, and no sync
 * is touched. A synchronous bind waits for the binds queued before it; should a
 * signal interrupt that wait, it is withdrawn: EINTR means not applied.
 *
 * Return: 0; EINVAL; ENOENT for an unknown VM, BO or syncobj; EIO on a dead VM;
 * E2BIG; EFAULT; ENOMEM; ENOSPC if the file has too many mappings, too much
 * memory in BOs and MAP_USERPTR, or too many operations queued; EINTR; ENODEV
 * after unplug.
 */
struct drm_evgem_vm_bind {
	/** @vm_id: the VM */
	__u32 vm_id;

	/** @flags: DRM_EVGEM_VM_BIND_* */
	__u32 flags;

	/** @ops: array of &struct drm_evgem_bind_op */
	struct drm_evgem_array ops;

	/**
	 * @syncs: array of &struct drm_evgem_sync; must be empty for a
	 * synchronous bind
	 */
	struct drm_evgem_array syncs;
};

/**
 * define DRM_EVGEM_GEM_HUGE - backed by blocks of 2 MiB
 *
 * Each 2 MiB of the BO lie together in memory, so that mappings whose address
 * and offset are multiples of 2 MiB use large page-table entries. The size must
 * be a multiple of 2 MiB. Such blocks may be hard to get: ENOMEM is to be
 * expected, and a program should then do without the flag.
 */
#define DRM_EVGEM_GEM_HUGE		0x1

/**
 * struct drm_evgem_gem_create - argument of DRM_IOCTL_EVGEM_GEM_CREATE
 *
 * The memory of a new BO reads as zero.
 *
 * A BO counts for the file that made it until nobody uses it any more: not a
 * mapping, nor a job, nor another file that has it too.
 *
 * Return: 0; EINVAL; ENOENT for an unknown VM; ENOMEM; ENOSPC if the file has
 * &drm_evgem_device_info.max_bo_mb.
 */
struct drm_evgem_gem_create {
	/** @size: bytes, not 0; a multiple of 4096 */
	__u64 size;

	/** @flags: DRM_EVGEM_GEM_* */
	__u32 flags;

	/**
	 * @vm_id: the only VM in which the BO can be mapped, which makes jobs
	 * of that VM cheaper; or 0 for a BO that can be shared
	 */
	__u32 vm_id;

	/** @handle: out: the GEM handle, closed with DRM_IOCTL_GEM_CLOSE */
	__u32 handle;

	/** @pad: must be zero */
	__u32 pad;
};

/**
 * struct drm_evgem_gem_mmap_offset - argument of
 * DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET
 *
 * Return: 0; EINVAL for a pad; ENOENT; ENOMEM.
 */
struct drm_evgem_gem_mmap_offset {
	/** @handle: the BO */
	__u32 handle;

	/** @pad: must be zero */
	__u32 pad;

	/** @offset: out: what to give to mmap() of the DRM file */
	__u64 offset;
};

/**
 * struct drm_evgem_queue_create - argument of DRM_IOCTL_EVGEM_QUEUE_CREATE
 *
 * Queues run independently of each other. A queue whose job was ended by the
 * timeout is killed: its other jobs end with ECANCELED, EXEC gives ENODEV. A
 * fault ends the one job only.
 *
 * Return: 0; EINVAL; ENOENT for an unknown VM; EIO on a dead VM; ENOSPC if the
 * file has &drm_evgem_device_info.max_queues; ENOMEM.
 */
struct drm_evgem_queue_create {
	/** @vm_id: the VM whose addresses the jobs of this queue use */
	__u32 vm_id;

	/** @flags: must be zero */
	__u32 flags;

	/**
	 * @timeout_ms: the longest that a job may run, from the moment it is
	 * the oldest that the engine has of this queue. At most
	 * &drm_evgem_device_info.max_timeout_ms; 0: the default.
	 */
	__u32 timeout_ms;

	/** @queue_id: out: the new queue */
	__u32 queue_id;
};

/**
 * struct drm_evgem_queue_destroy - argument of DRM_IOCTL_EVGEM_QUEUE_DESTROY
 *
 * Jobs that have not finished end with ECANCELED.
 *
 * Return: 0; EINVAL for a pad; ENOENT.
 */
struct drm_evgem_queue_destroy {
	/** @queue_id: the queue */
	__u32 queue_id;

	/** @pad: must be zero */
	__u32 pad;
};

/**
 * struct drm_evgem_cmdbuf - a piece of memory holding commands
 *
 * The commands are copied when EXEC is called, so the memory may be used again
 * when it returns; and they are checked then: a command that is unknown, has a
 * wrong size, is cut off by the end of the buffer, or has a bad field gives
 * EINVAL. Whether its addresses are mapped shows only when it runs.
 */
struct drm_evgem_cmdbuf {
	/** @ptr: user address of the first command; a multiple of 8 */
	__u64 ptr;

	/**
	 * @size: bytes; a multiple of 8, at most
	 * &drm_evgem_device_info.max_cmdbuf_size, may be 0
	 */
	__u32 size;

	/** @flags: must be zero */
	__u32 flags;
};

/**
 * struct drm_evgem_exec - argument of DRM_IOCTL_EVGEM_EXEC
 *
 * Queues one job that runs all command buffers in the order of the array. No
 * command buffer at all is fine: such a job only passes syncs on.
 *
 * Return: 0; EINVAL; ENOENT for an unknown queue or syncobj, or if the VM of
 * the queue was destroyed; ENODEV if the queue was killed, or after unplug; EIO
 * if the VM of the queue is dead; E2BIG; EFAULT; ENOMEM; ENOSPC if the file has
 * too much queued; EINTR.
 */
struct drm_evgem_exec {
	/** @queue_id: the queue */
	__u32 queue_id;

	/** @flags: must be zero */
	__u32 flags;

	/** @cmdbufs: array of &struct drm_evgem_cmdbuf */
	struct drm_evgem_array cmdbufs;

	/** @syncs: array of &struct drm_evgem_sync */
	struct drm_evgem_array syncs;
};

/**
 * enum drm_evgem_cmd - &drm_evgem_cmd_header.cmd
 */
enum drm_evgem_cmd {
	/** @DRM_EVGEM_CMD_NOP: nothing; only the header */
	DRM_EVGEM_CMD_NOP = 0,
	/** @DRM_EVGEM_CMD_FILL: &struct drm_evgem_cmd_fill */
	DRM_EVGEM_CMD_FILL = 1,
	/** @DRM_EVGEM_CMD_COPY: &struct drm_evgem_cmd_copy */
	DRM_EVGEM_CMD_COPY = 2,
	/** @DRM_EVGEM_CMD_WRITE: &struct drm_evgem_cmd_write */
	DRM_EVGEM_CMD_WRITE = 3,
	/** @DRM_EVGEM_CMD_ATOMIC_ADD: &struct drm_evgem_cmd_write */
	DRM_EVGEM_CMD_ATOMIC_ADD = 4,
	/** @DRM_EVGEM_CMD_CHECKSUM: &struct drm_evgem_cmd_checksum */
	DRM_EVGEM_CMD_CHECKSUM = 5,
	/** @DRM_EVGEM_CMD_WAIT: &struct drm_evgem_cmd_wait */
	DRM_EVGEM_CMD_WAIT = 6,
	/** @DRM_EVGEM_CMD_RELEASE: &struct drm_evgem_cmd_write */
	DRM_EVGEM_CMD_RELEASE = 7,
	/** @DRM_EVGEM_CMD_DELAY: &struct drm_evgem_cmd_delay */
	DRM_EVGEM_CMD_DELAY = 8,
};

/**
 * struct drm_evgem_cmd_header - begins every command
 *
 * Commands of one job run one after the other, each to its end. Every address
 * is a GPU address of the queue's VM.
 */
struct drm_evgem_cmd_header {
	/** @cmd: one of &enum drm_evgem_cmd */
	__u32 cmd;

	/** @size: sizeof() the command's struct, this header included */
	__u32 size;
};

/**
 * struct drm_evgem_cmd_fill - store a 32-bit value over a range
 */
struct drm_evgem_cmd_fill {
	/** @header: DRM_EVGEM_CMD_FILL */
	struct drm_evgem_cmd_header header;

	/** @addr: a multiple of 4 */
	__u64 addr;

	/** @size: bytes; a multiple of 4, may be 0 */
	__u64 size;

	/** @value: stored in the byte order of the CPU */
	__u32 value;

	/** @pad: must be zero */
	__u32 pad;
};

/**
 * struct drm_evgem_cmd_copy - copy bytes
 *
 * Where the ranges overlap in memory, what arrives there is not defined.
 */
struct drm_evgem_cmd_copy {
	/** @header: DRM_EVGEM_CMD_COPY */
	struct drm_evgem_cmd_header header;

	/** @dst: to here; any alignment */
	__u64 dst;

	/** @src: from here; any alignment */
	__u64 src;

	/** @size: bytes, may be 0 */
	__u64 size;
};

/**
 * struct drm_evgem_cmd_write - change one 64-bit word
 *
 * WRITE stores @value. ATOMIC_ADD adds it, wrapping, atomically with regard to
 * all queues and to atomic operations of the CPU. RELEASE stores it after
 * everything that the job wrote before is visible to all, which is how one
 * queue lets a WAIT of another pass.
 */
struct drm_evgem_cmd_write {
	/**
	 * @header: DRM_EVGEM_CMD_WRITE, DRM_EVGEM_CMD_ATOMIC_ADD or
	 * DRM_EVGEM_CMD_RELEASE
	 */
	struct drm_evgem_cmd_header header;

	/** @addr: a multiple of 8 */
	__u64 addr;

	/** @value: in the byte order of the CPU */
	__u64 value;
};

/**
 * struct drm_evgem_cmd_checksum - take the checksum of a range
 *
 * The checksum is the 64-bit FNV-1a hash of the bytes: starting with
 * 0xcbf29ce484222325, for each byte: xor it in, then multiply by
 * 0x100000001b3.
 */
struct drm_evgem_cmd_checksum {
	/** @header: DRM_EVGEM_CMD_CHECKSUM */
	struct drm_evgem_cmd_header header;

	/** @addr: of the range; any alignment */
	__u64 addr;

	/** @size: bytes of the range, may be 0 */
	__u64 size;

	/** @dst: where the 64-bit result is stored; a multiple of 8 */
	__u64 dst;
};

/**
 * enum drm_evgem_cond - the comparison of &struct drm_evgem_cmd_wait
 */
enum drm_evgem_cond {
	/** @DRM_EVGEM_COND_EQ: the word equals the value */
	DRM_EVGEM_COND_EQ = 1,

	/** @DRM_EVGEM_COND_NE: the word differs from the value */
	DRM_EVGEM_COND_NE = 2,

	/** @DRM_EVGEM_COND_GE: the word is at least the value, unsigned */
	DRM_EVGEM_COND_GE = 3,
};

/**
 * struct drm_evgem_cmd_wait - wait for a 64-bit word to meet a condition
 *
 * The word is read again and again, each time through the page tables. A wait
 * without end is ended by the timeout of the queue.
 */
struct drm_evgem_cmd_wait {
	/** @header: DRM_EVGEM_CMD_WAIT */
	struct drm_evgem_cmd_header header;

	/** @addr: a multiple of 8 */
	__u64 addr;

	/** @value: to compare with, in the byte order of the CPU */
	__u64 value;

	/** @cond: one of &enum drm_evgem_cond */
	__u32 cond;

	/** @pad: must be zero */
	__u32 pad;
};

/**
 * struct drm_evgem_cmd_delay - do nothing for a time
 */
struct drm_evgem_cmd_delay {
	/** @header: DRM_EVGEM_CMD_DELAY */
	struct drm_evgem_cmd_header header;

	/** @ns: nanoseconds, at least */
	__u64 ns;
};

#define DRM_IOCTL_EVGEM_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_EVGEM_QUERY, struct drm_evgem_query)
#define DRM_IOCTL_EVGEM_VM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_EVGEM_VM_CREATE, \
		 struct drm_evgem_vm_create)
#define DRM_IOCTL_EVGEM_VM_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_EVGEM_VM_DESTROY, \
		struct drm_evgem_vm_destroy)
#define DRM_IOCTL_EVGEM_VM_STATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_EVGEM_VM_STATE, \
		 struct drm_evgem_vm_state)
#define DRM_IOCTL_EVGEM_VM_BIND \
	DRM_IOW(DRM_COMMAND_BASE + DRM_EVGEM_VM_BIND, struct drm_evgem_vm_bind)
#define DRM_IOCTL_EVGEM_GEM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_EVGEM_GEM_CREATE, \
		 struct drm_evgem_gem_create)
#define DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_EVGEM_GEM_MMAP_OFFSET, \
		 struct drm_evgem_gem_mmap_offset)
#define DRM_IOCTL_EVGEM_QUEUE_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_EVGEM_QUEUE_CREATE, \
		 struct drm_evgem_queue_create)
#define DRM_IOCTL_EVGEM_QUEUE_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_EVGEM_QUEUE_DESTROY, \
		struct drm_evgem_queue_destroy)
#define DRM_IOCTL_EVGEM_EXEC \
	DRM_IOW(DRM_COMMAND_BASE + DRM_EVGEM_EXEC, struct drm_evgem_exec)

#if defined(__cplusplus)
}
#endif

#endif /* _EVGEM_DRM_H_ */
