/* SPDX-License-Identifier: MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * All that the tests know of a driver. To run them on yours, write one file in
 * drivers/ that fills a struct vmb_driver, and name it in vmb_drivers[] of
 * lib/vmb_device.c and in user.mk and meson.build.
 *
 * A function that returns an int returns 0 or a negative errno, that of the
 * ioctl, untouched: what a refused call returns is what the tests are about.
 * Sizes, ranges and offsets are in bytes.
 */
#ifndef VMB_DRIVER_H
#define VMB_DRIVER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/** define VMB_CANNOT - this driver has nothing that could be wrong so: skip */
#define VMB_CANNOT INT_MIN

/**
 * enum vmb_feature - what not every driver can
 *
 * A test that needs one which is missing skips, and says which.
 */
enum vmb_feature {
	/** @VMB_ASYNC: binds that are queued, with syncs in and out */
	VMB_ASYNC = 1 << 0,
	/** @VMB_TIMELINE: points of timeline syncobjs as syncs */
	VMB_TIMELINE = 1 << 1,
	/** @VMB_SPARSE: mappings without memory: reads zero, writes dropped */
	VMB_SPARSE = 1 << 2,
	/** @VMB_READONLY: mappings that the engine may not write to */
	VMB_READONLY = 1 << 3,
	/** @VMB_UNMAP_BO: unmap all mappings of a BO by its handle */
	VMB_UNMAP_BO = 1 << 4,
	/** @VMB_HUGE: BOs that are mapped by entries of caps.huge_page */
	VMB_HUGE = 1 << 5,
	/** @VMB_PRIVATE: BOs that belong to one VM */
	VMB_PRIVATE = 1 << 6,
	/** @VMB_PRIME: BOs as dma-bufs, both ways */
	VMB_PRIME = 1 << 7,
	/** @VMB_WAIT: the engine's VMB_CMD_WAIT */
	VMB_WAIT = 1 << 8,
	/** @VMB_FAULT: a bad access ends its job, with caps.fault_error */
	VMB_FAULT = 1 << 9,
	/** @VMB_TIMEOUT: queues have a timeout that can be chosen */
	VMB_TIMEOUT = 1 << 10,
	/** @VMB_COUNTS: vm_report() counts mappings and page-table entries */
	VMB_COUNTS = 1 << 11,
	/** @VMB_VM_RANGE: a VM can be made smaller than the largest */
	VMB_VM_RANGE = 1 << 12,
	/** @VMB_REPEAT: a piece of a BO over and over, see vmb_op.repeat */
	VMB_REPEAT = 1 << 13,
	/** @VMB_USERPTR: memory of the process, VMB_OP_USERPTR */
	VMB_USERPTR = 1 << 14,
	/** @VMB_LIMIT: memory_limit() can be set, and BOs are evicted at it */
	VMB_LIMIT = 1 << 15,
	/** @VMB_BREAK: break_binds() makes page tables fail */
	VMB_BREAK = 1 << 16,
	/** @VMB_FAULT_TOLD: vm_report() tells where the last one was */
	VMB_FAULT_TOLD = 1 << 17,
	/**
	 * @VMB_FAULT_ALONE: a fault ends one job; else its queue is dead, too,
	 * and the tests make a new one after each fault
	 */
	VMB_FAULT_ALONE = 1 << 18,
	/**
	 * @VMB_VMS: caps.max_vms of them for a file, and vm_destroy(); else a
	 * file has one VM that goes when the file is closed
	 */
	VMB_VMS = 1 << 19,
	/**
	 * @VMB_UNDO: a bind whose page tables fail is undone; else its VM is
	 * dead, as nobody knows what is mapped
	 */
	VMB_UNDO = 1 << 20,
};

/**
 * struct vmb_caps - what a device can
 */
struct vmb_caps {
	/** @features: set of enum vmb_feature */
	uint32_t features;
	/** @va_start: the lowest address that can be bound */
	uint64_t va_start;
	/** @va_end: the first address behind the largest VM */
	uint64_t va_end;
	/** @huge_page: size of a large page-table entry, with VMB_HUGE */
	uint64_t huge_page;
	/** @max_ops: operations in one bind */
	uint32_t max_ops;
	/** @max_syncs: syncs of one bind or job */
	uint32_t max_syncs;
	/** @max_vms: VMs of one file, with VMB_VMS */
	uint32_t max_vms;
	/** @max_queues: queues of one file */
	uint32_t max_queues;
	/** @max_timeout_ms: the longest timeout of a queue, with VMB_TIMEOUT */
	uint32_t max_timeout_ms;
	/** @fault_error: what the fence of a job says that faulted: an errno */
	int fault_error;
	/**
	 * @table_levels: of page tables, a page with 512 entries each, where
	 * tables that have nothing in them are freed; 0: they are made in
	 * another way, and what they take is not compared
	 */
	unsigned int table_levels;
};

enum vmb_op_type {
	VMB_OP_MAP,
	VMB_OP_UNMAP,
	VMB_OP_SPARSE,
	VMB_OP_UNMAP_BO,
	/** @VMB_OP_USERPTR: vmb_op.offset is an address of the process */
	VMB_OP_USERPTR,
};

/** define VMB_OP_READONLY - flag of a VMB_OP_MAP or VMB_OP_USERPTR */
#define VMB_OP_READONLY 0x1

/**
 * struct vmb_op - one operation of a bind; what does not apply is 0
 */
struct vmb_op {
	enum vmb_op_type type;
	uint32_t flags;
	uint32_t bo;
	uint64_t addr;
	uint64_t range;
	/** @offset: in the BO */
	uint64_t offset;
	/**
	 * @repeat: of a VMB_OP_MAP: that many bytes from @offset on are mapped
	 * again and again, to the end of @range; 0: no such thing
	 */
	uint64_t repeat;
};

/**
 * struct vmb_sync - a syncobj that a job waits for or signals
 */
struct vmb_sync {
	uint32_t syncobj;
	bool signal;
	/** @point: of a timeline, 0 for a binary syncobj */
	uint64_t point;
};

enum vmb_cmd_type {
	/** @VMB_CMD_FILL: store the 32-bit value over [addr, addr + size) */
	VMB_CMD_FILL,
	/** @VMB_CMD_COPY: from src to addr, size bytes */
	VMB_CMD_COPY,
	/** @VMB_CMD_WRITE: store the 64-bit value at addr */
	VMB_CMD_WRITE,
	/**
	 * @VMB_CMD_WAIT: until the 64-bit word at addr is value or more
	 *
	 * An engine may look at the lower 32 bits alone, and take these as
	 * signed: what the tests wait for comes out the same.
	 */
	VMB_CMD_WAIT,
};

/**
 * struct vmb_cmd - a command of the engine; addresses are those of the VM
 */
struct vmb_cmd {
	enum vmb_cmd_type type;
	uint64_t addr;
	uint64_t src;
	uint64_t size;
	uint64_t value;
};

/**
 * enum vmb_wrong - what is wrong about a call, on purpose
 *
 * The driver makes the call as ever, and changes this one thing. It returns
 * VMB_CANNOT where its interface has no such thing.
 */
enum vmb_wrong {
	VMB_RIGHT,

	/* Of a bind; those of an operation spoil the last one. */
	VMB_WRONG_BIND_FLAG,
	VMB_WRONG_BIND_PAD,
	VMB_WRONG_OP_TYPE,
	VMB_WRONG_OP_FLAG,
	VMB_WRONG_OP_PAD,
	/** @VMB_WRONG_OP_REST: a field that is reserved for later */
	VMB_WRONG_OP_REST,
	/** @VMB_WRONG_OP_STRIDE: elements shorter than the first version's */
	VMB_WRONG_OP_STRIDE,
	/** @VMB_WRONG_OP_TAIL: longer elements, not zero at the end */
	VMB_WRONG_OP_TAIL,
	/** @VMB_WRONG_OP_LONGER: longer elements, zero at the end: works */
	VMB_WRONG_OP_LONGER,
	VMB_WRONG_OPS_POINTER,
	/** @VMB_WRONG_OPS_CUT: the last element is on no page of the process */
	VMB_WRONG_OPS_CUT,
	VMB_WRONG_OPS_COUNT,
	VMB_WRONG_BIND_SYNC_TYPE,
	VMB_WRONG_BIND_SYNC_FLAG,
	VMB_WRONG_BIND_SYNC_BOTH,
	VMB_WRONG_BIND_SYNC_PAD,
	VMB_WRONG_BIND_SYNC_POINT,
	VMB_WRONG_BIND_SYNC_STRIDE,
	VMB_WRONG_BIND_SYNC_POINTER,

	/* Of a job. */
	VMB_WRONG_EXEC_FLAG,
	VMB_WRONG_EXEC_BUF_FLAG,
	VMB_WRONG_EXEC_BUF_COUNT,
	VMB_WRONG_EXEC_BUF_SIZE,
	VMB_WRONG_EXEC_BUF_ALIGN,
	VMB_WRONG_EXEC_BUF_POINTER,
	VMB_WRONG_EXEC_BUF_STRIDE,
	VMB_WRONG_EXEC_CMD,
	VMB_WRONG_EXEC_CMD_SIZE,
	VMB_WRONG_EXEC_CMD_CUT,
	VMB_WRONG_EXEC_CMD_PAD,
	VMB_WRONG_EXEC_CMD_ALIGN,
	VMB_WRONG_EXEC_SYNC_TYPE,
	VMB_WRONG_EXEC_SYNC_FLAG,
	VMB_WRONG_EXEC_SYNC_PAD,
	VMB_WRONG_EXEC_SYNC_POINT,

	/* Of other calls, made by wrong_call(). */
	VMB_WRONG_VM_FLAG,
	VMB_WRONG_VM_ALIGN,
	VMB_WRONG_VM_DESTROY_PAD,
	VMB_WRONG_VM_STATE_PAD,
	VMB_WRONG_BO_FLAG,
	VMB_WRONG_BO_PAD,
	VMB_WRONG_MMAP_PAD,
	VMB_WRONG_QUEUE_FLAG,
	VMB_WRONG_QUEUE_DESTROY_PAD,
	VMB_WRONG_QUERY,
	VMB_WRONG_QUERY_POINTER,
	/** @VMB_WRONG_IOCTL: a number that the driver does not have */
	VMB_WRONG_IOCTL,
};

struct vmb_bind {
	uint32_t vm;
	bool async;
	const struct vmb_op *ops;
	uint32_t num_ops;
	const struct vmb_sync *syncs;
	uint32_t num_syncs;
	enum vmb_wrong wrong;
};

/**
 * struct vmb_exec - a job: commands, one after the other
 */
struct vmb_exec {
	uint32_t queue;
	const struct vmb_cmd *cmds;
	uint32_t num_cmds;
	const struct vmb_sync *syncs;
	uint32_t num_syncs;
	enum vmb_wrong wrong;
};

/**
 * struct vmb_report - what a driver tells of a VM
 */
struct vmb_report {
	/** @dead: it takes no more binds and jobs */
	bool dead;
	/** @faults: accesses that failed so far; with VMB_FAULT_TOLD */
	uint64_t faults;
	/** @fault_addr: of the last one */
	uint64_t fault_addr;
	bool fault_write;
	/** @mappings: with VMB_COUNTS, as are the rest */
	uint64_t mappings;
	/** @small: page-table entries of the smallest size, valid ones */
	uint64_t small;
	/** @huge: those of caps.huge_page */
	uint64_t huge;
	/** @table_bytes: what the page tables take */
	uint64_t table_bytes;
};

/**
 * struct vmb_memory - what BOs have, with VMB_LIMIT
 */
struct vmb_memory {
	/** @resident: bytes that all of them have now */
	uint64_t resident;
	/** @evicted: how often one has lost its memory; only grows */
	uint64_t evicted;
	/** @restored: how often one got it back; only grows */
	uint64_t restored;
};

/** struct vmb_ids - something of each kind, for wrong_call() */
struct vmb_ids {
	uint32_t vm, bo, queue;
};

/** define VMB_BO_HUGE - flag of bo_create(), with VMB_HUGE */
#define VMB_BO_HUGE 0x1

/**
 * struct vmb_driver - a driver
 */
struct vmb_driver {
	/** @name: as DRM_IOCTL_VERSION tells it */
	const char *name;

	int (*query)(int fd, struct vmb_caps *caps);
	/**
	 * @forget: the file is about to be closed; NULL if nothing of it is kept
	 *
	 * What stays mapped from it would keep it open.
	 */
	void (*forget)(int fd);

	/** @vm_create: [start, start + range); 0, 0: the largest */
	int (*vm_create)(int fd, uint64_t start, uint64_t range, uint32_t *vm);
	/** @vm_destroy: with VMB_VMS */
	int (*vm_destroy)(int fd, uint32_t vm);
	/** @vm_report: with VMB_COUNTS or VMB_FAULT_TOLD, which say what */
	int (*vm_report)(int fd, uint32_t vm, struct vmb_report *report);

	/** @bo_create: private to @vm, or 0 */
	int (*bo_create)(int fd, uint64_t size, uint32_t flags, uint32_t vm,
			 uint32_t *bo);
	/** @bo_offset: what to give to mmap() of the file */
	int (*bo_offset)(int fd, uint32_t bo, uint64_t *offset);

	/** @bind: without async, the bind has happened when it returns */
	int (*bind)(int fd, const struct vmb_bind *bind);

	/** @queue_create: timeout_ms 0 is the default */
	int (*queue_create)(int fd, uint32_t vm, uint32_t timeout_ms,
			    uint32_t *queue);
	int (*queue_destroy)(int fd, uint32_t queue);
	int (*exec)(int fd, const struct vmb_exec *exec);

	/**
	 * @memory_limit: bytes that all BOs of the device may have at once; 0:
	 * no limit. With VMB_LIMIT. Not of a file: it stays until it is set
	 * again, so that the tests set it to 0 when they end.
	 */
	int (*memory_limit)(int fd, uint64_t bytes);
	/** @memory_shrink: whether reclaim of the kernel evicts, too */
	int (*memory_shrink)(int fd, bool shrink);
	int (*memory)(int fd, struct vmb_memory *memory);

	/**
	 * @break_binds: after @good changes of page tables @bad of them fail
	 *
	 * With VMB_BREAK. One: the bind is undone. Two: undoing it fails, too,
	 * and the VM is dead. 0: no more of it.
	 */
	int (*break_binds)(int fd, unsigned int good, unsigned int bad);

	/** @wrong_call: make the call that @wrong names, with good @ids */
	int (*wrong_call)(int fd, enum vmb_wrong wrong,
			  const struct vmb_ids *ids);
};

extern const struct vmb_driver vmb_example_vgem;
extern const struct vmb_driver vmb_example_vgem_rust;
extern const struct vmb_driver vmb_nouveau;

#endif
