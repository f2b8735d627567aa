/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Inside the software model of the GPU. No part of the driver includes this.
 */
#ifndef __NV_MODEL_H__
#define __NV_MODEL_H__

#include <linux/atomic.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../nv_hw.h"
#include "nv_class.h"

struct nv_model_channel;

/**
 * struct nv_vram - memory of the device
 */
struct nv_vram {
	/** @size: bytes; does not change */
	u64 size;
	/**
	 * @pages: by address; NULL where nothing is populated
	 *
	 * Written for a range by who populates or releases it, which nobody
	 * else does at the same time; read without a lock.
	 */
	struct page **pages;
};

/** define NV_TLB_ENTRIES - translations that the device remembers */
#define NV_TLB_ENTRIES 1024

/**
 * struct nv_tlb_entry - one translation that was used before
 */
struct nv_tlb_entry {
	/** @pd: the address space */
	u64 pd;
	/** @addr: first address of the page or sparse range */
	u64 addr;
	/** @pte: as found in the page tables, or NV_ENTRY_SPARSE; 0: unused */
	u64 pte;
	/** @shift: log2 of the size */
	u8 shift;
};

/**
 * struct nv_tlb - the translations of all channels
 */
struct nv_tlb {
	/**
	 * @drain: read-held over each access to memory, look-up included
	 *
	 * A flush takes it for writing, so that it ends only when no access is
	 * under way that uses an older translation or walks older tables.
	 */
	rwlock_t drain;
	/** @lock: protects @entries against other channels */
	spinlock_t lock;
	/** @entries: by a hash of address space, page and size */
	struct nv_tlb_entry entries[NV_TLB_ENTRIES];
};

/** define NV_IGNORED_METHODS - methods of which the model notes that they came */
#define NV_IGNORED_METHODS 1024

/**
 * struct nv_stats - what the model has done so far
 */
struct nv_stats {
	/** @entries: entries of rings that were fetched */
	atomic64_t entries;
	/** @methods: methods that came */
	atomic64_t methods;
	/** @copies: launches of the copy engine that moved data */
	atomic64_t copies;
	/** @copied_bytes: that it has written */
	atomic64_t copied_bytes;
	/** @inline_bytes: that inline-to-memory has written */
	atomic64_t inline_bytes;
	/** @releases: semaphores released, and reports written */
	atomic64_t releases;
	/** @waits: acquires that had to wait */
	atomic64_t waits;
	/** @tlb_hits: accesses that the TLB knew */
	atomic64_t tlb_hits;
	/** @tlb_misses: accesses that walked page tables */
	atomic64_t tlb_misses;
	/** @tlb_flushes: flushes */
	atomic64_t tlb_flushes;
	/** @state: methods accepted as state of engines that the model lacks */
	atomic64_t state;
	/** @unknown: methods that no class has, accepted without effect */
	atomic64_t unknown;
	/** @macros: calls of macros, accepted without effect */
	atomic64_t macros;
	/** @faults: channels that died, by reason */
	atomic64_t faults[NV_FAULT_KINDS];

	/** @lock: protects @ignored */
	spinlock_t lock;
	/** @ignored: methods without effect, by a hash of both numbers */
	struct {
		/** @ignored.key: class << 16 | method; with @count 0: unused */
		u32 key;
		/** @ignored.count: how often it came */
		u32 count;
	} ignored[NV_IGNORED_METHODS];
};

/**
 * struct nv_model - the device
 */
struct nv_model {
	/** @base: what the driver sees */
	struct nv_hw base;
	/** @events: its interrupts; does not change */
	const struct nv_hw_events *events;
	/** @data: for @events; does not change */
	void *data;
	/** @vram: see there */
	struct nv_vram vram;
	/** @tlb: see there */
	struct nv_tlb tlb;
	/** @wq: runs the channels, each on its own */
	struct workqueue_struct *wq;
	/**
	 * @channels: by number; its lock keeps a channel from going while a
	 * doorbell looks at it
	 */
	struct xarray channels;
	/** @waiters_lock: protects @waiters; taken inside of no other lock */
	spinlock_t waiters_lock;
	/** @waiters: channels in an acquire */
	struct list_head waiters;
	/** @stats: see there */
	struct nv_stats stats;
};

/**
 * enum nv_access_op - what to do with memory
 */
enum nv_access_op {
	/** @NV_OP_READ: copy from memory to the buffer */
	NV_OP_READ,
	/** @NV_OP_WRITE: copy from the buffer to memory */
	NV_OP_WRITE,
	/** @NV_OP_LOAD: acquire a word of 4 or 8 bytes into the buffer */
	NV_OP_LOAD,
	/** @NV_OP_RELEASE: store such a word after all earlier accesses */
	NV_OP_RELEASE,
	/** @NV_OP_REDUCE: change a word of 4 bytes atomically */
	NV_OP_REDUCE,
};

/**
 * enum nv_reduction - what a reduction does to a word
 */
enum nv_reduction {
	/** @NV_RED_MIN: the smaller one */
	NV_RED_MIN,
	/** @NV_RED_MAX: the larger one */
	NV_RED_MAX,
	/** @NV_RED_XOR: exclusive or */
	NV_RED_XOR,
	/** @NV_RED_AND: and */
	NV_RED_AND,
	/** @NV_RED_OR: or */
	NV_RED_OR,
	/** @NV_RED_ADD: the sum */
	NV_RED_ADD,
	/** @NV_RED_INC: plus 1, or 0 from the operand on */
	NV_RED_INC,
	/** @NV_RED_DEC: minus 1, or the operand if 0 or above it */
	NV_RED_DEC,
	/** @NV_REDUCTIONS: how many there are */
	NV_REDUCTIONS,
};

/**
 * struct nv_access - an access to memory that does not cross a 4 KiB page
 */
struct nv_access {
	/** @op: what to do */
	enum nv_access_op op;
	/** @reduction: for NV_OP_REDUCE */
	enum nv_reduction reduction;
	/** @is_signed: for NV_OP_REDUCE: how MIN and MAX compare */
	bool is_signed;
	/** @addr: the GPU address; of a word, aligned to its size */
	u64 addr;
	/** @buf: where data comes from or goes to */
	void *buf;
	/** @size: bytes */
	size_t size;
	/** @sparse: set to how much from @addr on has no memory on purpose */
	u64 sparse;
};

/**
 * struct nv_surface - how the bytes of an image lie in memory
 */
struct nv_surface {
	/** @base: its GPU address */
	u64 base;
	/** @pitch: bytes from line to line, if @blocks is not set */
	u64 pitch;
	/** @blocks: block-linear: made of blocks, these of GOBs of 64 by 8 bytes */
	bool blocks;
	/** @log2_width: of a block, in GOBs */
	u8 log2_width;
	/** @log2_height: the same */
	u8 log2_height;
	/** @log2_depth: the same */
	u8 log2_depth;
	/** @width: of the image, in bytes */
	u64 width;
	/** @height: of the image, in lines */
	u32 height;
	/** @layer: of the image: its z coordinate */
	u32 layer;
	/** @x: where the lines of a copy begin, in bytes */
	u64 x;
	/** @y: which line is the first one */
	u32 y;
};

/**
 * enum nv_sem_op - what an acquire waits for
 */
enum nv_sem_op {
	/** @NV_SEM_EQ: the word has this value */
	NV_SEM_EQ,
	/** @NV_SEM_GE: it has this or a larger value */
	NV_SEM_GE,
	/** @NV_SEM_CIRC_GE: the same, where numbers wrap */
	NV_SEM_CIRC_GE,
	/** @NV_SEM_AND: it has one of these bits */
	NV_SEM_AND,
	/** @NV_SEM_NOR: it or the value lacks each bit, but not both each */
	NV_SEM_NOR,
};

/**
 * struct nv_acquire - an acquire that is under way
 */
struct nv_acquire {
	/** @active: whether there is one */
	bool active;
	/** @wide: whether it is about 8 bytes */
	bool wide;
	/** @op: what it waits for */
	enum nv_sem_op op;
	/** @addr: GPU address of the word */
	u64 addr;
	/** @payload: the value */
	u64 payload;
	/** @begun: when it began to wait, 0 if it has not */
	ktime_t begun;
};

/**
 * struct nv_release - a semaphore to be released
 */
struct nv_release {
	/** @addr: GPU address */
	u64 addr;
	/** @payload: the value */
	u64 payload;
	/** @wide: a payload of 8 bytes */
	bool wide;
	/** @timestamp: four words: behind the payload is the time */
	bool timestamp;
	/** @reduce: change the word by @reduction instead */
	bool reduce;
	/** @is_signed: see &struct nv_access */
	bool is_signed;
	/** @reduction: see @reduce */
	enum nv_reduction reduction;
};

/** define NV_OBJECT_METHODS - methods of an object whose value is kept, in words */
#define NV_OBJECT_METHODS (0x800 / 4)

/**
 * struct nv_object - what is bound to a subchannel
 *
 * Belongs to the work of the channel.
 */
struct nv_object {
	/** @class: NULL if nothing is */
	const struct nv_class *class;
	/** @regs: last value of the methods below 0x800 */
	u32 regs[NV_OBJECT_METHODS];
	/** @report: last value of the methods from 0x1b00 on */
	u32 report[4];
	/** @line: of the inline-to-memory launch under way, how far it is */
	u32 line;
	/** @at: bytes of the line that came */
	u32 at;
	/** @receiving: whether there is such a launch */
	bool receiving;
};

/**
 * struct nv_class - what an engine does with methods from 0x100 on
 */
struct nv_class {
	/** @class: its number */
	u32 class;
	/**
	 * @method: run one; &nv_object.regs is set already
	 *
	 * Return: 0; -EFAULT with the channel's fault filled in; -EAGAIN if an
	 * acquire waits; -ECANCELED if the channel was killed.
	 */
	int (*method)(struct nv_model_channel *channel, struct nv_object *object,
		      u32 method, u32 data);
};

/** define NV_FETCH_WORDS - words of a push buffer that are read at once */
#define NV_FETCH_WORDS 1024

/** define NV_MME_CODE_WORDS - instruction memory of the macro processor */
#define NV_MME_CODE_WORDS 8192
/** define NV_MME_MACROS - how many macros it can have */
#define NV_MME_MACROS 256

/**
 * struct nv_mme - what the model knows of the macros of a channel
 */
struct nv_mme {
	/** @code: the instructions */
	u32 code[NV_MME_CODE_WORDS];
	/** @start: where macros begin */
	u32 start[NV_MME_MACROS];
	/** @defined: bit for each that has a start */
	DECLARE_BITMAP(defined, NV_MME_MACROS);
	/** @code_at: where the next instruction word goes */
	u32 code_at;
	/** @start_at: which macro the next start is of */
	u32 start_at;
};

/* In &nv_model_channel.flags: it is to run nothing more. */
#define NV_CHANNEL_KILLED 0
/* The same: its acquire was not satisfied when it looked last. */
#define NV_CHANNEL_WAITS 1

/**
 * struct nv_model_channel - a channel
 *
 * Belongs to @work, where nothing else is said.
 */
struct nv_model_channel {
	/** @model: the device; does not change */
	struct nv_model *model;
	/** @chid: its number; does not change */
	u32 chid;
	/** @desc: what the driver said; does not change */
	struct nv_hw_channel desc;
	/** @userd: its page; does not change */
	struct page *userd;
	/** @flags: the bits above; they change atomically */
	unsigned long flags;
	/** @work: the processor that runs the channel */
	struct delayed_work work;
	/** @waiter: in &nv_model.waiters, under its lock */
	struct list_head waiter;
	/** @fault: the method that is running, and what became of it */
	struct nv_hw_fault fault;
	/** @acquire: see there */
	struct nv_acquire acquire;

	/** @get: the next entry of the ring */
	u32 get;
	/** @entry_open: the entry at @get is being run */
	bool entry_open;
	/** @push: GPU address of what is to be read next of its push buffer */
	u64 push;
	/** @push_words: how much is left there */
	u32 push_words;
	/** @fetched: words that were read */
	u32 fetched;
	/** @next: the next one of them */
	u32 next;
	/** @words: the words that were read */
	u32 words[NV_FETCH_WORDS];

	/** @opcode: of the header whose data comes */
	u32 opcode;
	/** @method: where the next data goes, in words */
	u32 method;
	/** @subchannel: the same */
	u32 subchannel;
	/** @count: how many data words are left */
	u32 count;

	/** @host: last value of the host methods */
	u32 host[NV_HOST_END / 4];
	/** @objects: by subchannel */
	struct nv_object objects[NV_SUBCHANNELS];
	/** @mme: see there */
	struct nv_mme mme;

	/** @line_in: part of a line on its way */
	u8 line_in[PAGE_SIZE];
	/** @line_out: the same, as it goes to memory; a fill's pattern */
	u8 line_out[PAGE_SIZE + 32];
};

static inline struct nv_model *to_nv_model(struct nv_hw *hw)
{
	return container_of(hw, struct nv_model, base);
}

static inline u32 nv_reg(const struct nv_object *object, u32 method)
{
	return object->regs[method / 4];
}

/* Two registers: upper 17 bits, lower 32 bits. */
static inline u64 nv_reg_addr(const struct nv_object *object, u32 method)
{
	return (u64)(nv_reg(object, method) & GENMASK(16, 0)) << 32 |
	       nv_reg(object, method + 4);
}

/* nv_model.c */
bool nv_model_channel_runs(struct nv_model_channel *channel);
void nv_model_interrupt(struct nv_model_channel *channel);
void nv_model_wake_waiters(struct nv_model *model);

/* nv_stats.c */
void nv_model_stats_init(struct nv_stats *stats);
void nv_model_stats_ignored(struct nv_stats *stats, u32 class, u32 method);
void nv_model_stats_show(struct nv_model *model, struct drm_printer *p);

/* nv_vram.c */
int nv_model_vram_init(struct nv_vram *vram, u64 size);
void nv_model_vram_fini(struct nv_vram *vram);
int nv_model_vram_populate(struct nv_vram *vram, u64 addr, u64 size);
void nv_model_vram_release(struct nv_vram *vram, u64 addr, u64 size);
struct page *nv_model_vram_page(struct nv_vram *vram, u64 addr);

/* nv_tlb.c */
void nv_model_tlb_init(struct nv_tlb *tlb);
void nv_model_tlb_flush(struct nv_model *model, u64 pd);
int nv_model_access(struct nv_model *model, u64 pd, struct nv_access *access,
		    struct nv_hw_fault *fault);

/* nv_memory.c */
int nv_model_fault(struct nv_model_channel *channel, enum nv_fault_kind kind);
int nv_model_read(struct nv_model_channel *channel, u64 addr, void *buf, size_t size);
int nv_model_write(struct nv_model_channel *channel, u64 addr, void *buf, size_t size);
int nv_model_write_or_skip(struct nv_model_channel *channel, u64 addr, void *buf,
			   size_t size, u64 *sparse);
int nv_model_release(struct nv_model_channel *channel, const struct nv_release *release);
int nv_model_acquire(struct nv_model_channel *channel, const struct nv_acquire *acquire);
int nv_model_acquire_continue(struct nv_model_channel *channel);

/* nv_surface.c */
bool nv_model_surface_blocks(struct nv_surface *surface, const u32 *regs,
			     u32 element);
int nv_model_surface_read(struct nv_model_channel *channel,
			  const struct nv_surface *surface, u32 line, u64 x,
		    void *buf, size_t size);
int nv_model_surface_write(struct nv_model_channel *channel,
			   const struct nv_surface *surface, u32 line, u64 x,
		     void *buf, size_t size);

/* nv_host.c */
int nv_model_host_run(struct nv_model_channel *channel);

/* nv_engine.c */
bool nv_model_draws(u32 class, u32 method);
const struct nv_class *nv_model_class_find(u32 class);
int nv_model_object_ignored(struct nv_model_channel *channel, struct nv_object *object,
			    u32 method, bool known);

/* nv_copy.c, nv_inline.c, nv_report.c, nv_mme.c */
int nv_model_copy_method(struct nv_model_channel *channel, struct nv_object *object,
			 u32 method, u32 data);
int nv_model_inline_method(struct nv_model_channel *channel, struct nv_object *object,
			   u32 method, u32 data);
int nv_model_report_method(struct nv_model_channel *channel, struct nv_object *object,
			   u32 method, u32 data);
int nv_model_mme_method(struct nv_model_channel *channel, u32 method, u32 data);
int nv_model_mme_call(struct nv_model_channel *channel, u32 method);

#endif
