/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the suites of page tables share: an address space, memory to map into a
 * window of it, and an array that says what should be there.
 */
#ifndef __NV_MMU_WORLD_H__
#define __NV_MMU_WORLD_H__

#include <kunit/test.h>

#include "../mmu/nv_mmu.h"
#include "../mmu/nv_pte.h"
#include "../model/nv_model.h"

/* A window of the VA space, and as much memory of both kinds. */
#define BLOCKS		4
#define BLOCK_PAGES	512u
#define BIG_PAGES	16u
#define PAGES		(BLOCKS * BLOCK_PAGES)
/* No page begins with this word. */
#define SPARSE		U64_MAX

/* Memory as the pages of a BO may lie. */
enum memory_layout {
	/* VRAM, in one piece from a boundary of 2 MiB on. */
	VRAM_LINEAR,
	/* VRAM, in pieces of 64 KiB. */
	VRAM_64K,
	/* VRAM, in pieces of 4 KiB. */
	VRAM_4K,
	/* VRAM, in one piece, 4 KiB beside the boundary. */
	VRAM_SHIFTED,
	/* VRAM, the first page of each 64 KiB in its place, the others not. */
	VRAM_GAPS,
	/* System memory. */
	SYSTEM,
	LAYOUTS,
};

/* An address that stays as it is, and what a load gives there. */
struct stays {
	u64 addr;
	u64 word;
};

struct world {
	struct nv_mmu mmu;
	struct nv_model *model;
	u64 base;
	/* Blocks of 2 MiB of system memory. */
	struct page *system[BLOCKS];
	/* Address of each page, for each layout. */
	u64 addrs[LAYOUTS][PAGES];
	/* What a load of each page of the window gives: 0 for a fault. */
	u64 words[PAGES];
	/* So many times was looked. */
	unsigned int checks;
	/* What is looked at behind each store; how many there were, and wrong. */
	const struct stays *stays;
	unsigned int num_stays;
	unsigned int stores;
	unsigned int wrong;
};

extern const u64 windows[];
extern const unsigned int num_windows;

struct piece {
	const char *name;
	unsigned int first;
	unsigned int n;
};

extern const struct piece pieces[];
const void *piece_gen(struct kunit *test, const void *prev, char *desc);

int world_make(struct kunit_suite *suite);
void world_unmake(struct kunit_suite *suite);
int world_init(struct kunit *test);
void world_exit(struct kunit *test);

struct nv_mmu_source world_source(struct world *w, enum memory_layout layout,
				  unsigned int first, u8 kind);
void do_map(struct kunit *test, unsigned int first, unsigned int n,
	    enum memory_layout layout);
void do_sparse(struct kunit *test, unsigned int first, unsigned int n,
	       u64 pieces);
void do_unmap(struct kunit *test, unsigned int first, unsigned int n);
/* The same, without what they set aside: a job's parts. */
void write_map(struct kunit *test, struct nv_mmu_update *update,
	       unsigned int first, unsigned int n, enum memory_layout layout);
void write_sparse(struct kunit *test, struct nv_mmu_update *update,
		  unsigned int first, unsigned int n);
void write_unmap(struct kunit *test, struct nv_mmu_update *update,
		 unsigned int first, unsigned int n);
void do_flush(struct world *w, struct nv_mmu_update *update);

enum nv_fault_kind world_access(struct world *w, enum nv_access_op op,
				u64 addr, u64 *word);
/* Behind each store to a page table these have to be as they are, until the end. */
void world_watch(struct kunit *test, const struct stays *stays,
		 unsigned int num_stays);
void world_watch_ends(struct kunit *test);
void check_window(struct kunit *test);
void expect_empty(struct kunit *test);

#endif
