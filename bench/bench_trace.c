// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Binds as a game makes them, about n mappings at any time.
 *
 * No recording, which could not be published, but a model, made from a seed, of
 * what such recordings have in common. The unit is a tile of 64 KiB. A quarter
 * of the mappings is the level: buffers of 1 to 64 tiles side by side, mapped in
 * order at its start, unmapped by one request at its end. The rest is sparse
 * textures of 1,024 tiles that are mapped as a whole without memory. In each
 * frame the camera moves on a little; 8 textures near it get a burst of 16 tiles
 * with memory, tile by tile, and what was given BURSTS bursts ago becomes sparse
 * again by one request over all of it. And a ring is written with 4 uploads of 1
 * to 32 tiles, over whatever older ones were there.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "bench.h"

#define TILE SZ_64K
#define TEXTURE 1024
#define NEAR 32
#define BURST 16
#define FRAME_BURSTS 8
#define FRAME_UPLOADS 4
#define LEVEL_FRAMES 256

/**
 * struct bench_bind - one bind
 */
struct bench_bind {
	/** @addr: where */
	u64 addr;
	/** @range: how long; nothing is mapped if @unmap */
	u64 range;
	/** @offset: in the object */
	u64 offset;
	/** @sparse: without an object */
	bool sparse;
	/** @unmap: take away what is there */
	bool unmap;
};

/**
 * struct bench_game - a game, while its binds are being made up
 */
struct bench_game {
	/** @binds: what it bound until now */
	struct bench_bind *binds;
	/** @num: how many */
	u32 num;
	/** @room: how many there can be */
	u32 room;
	/** @seed: the state of its random numbers */
	u64 seed;
	/** @buffers: how many the level has */
	u32 buffers;
	/** @textures: how many there are */
	u32 textures;
	/** @ring: length of the ring, in tiles */
	u32 ring;
	/** @head: where the ring is written next */
	u32 head;
	/** @old: addresses of bursts that have memory, a ring of their own */
	u64 *old;
	/** @bursts: how many bursts have memory at most */
	u32 bursts;
	/** @burst: how many there were until now */
	u32 burst;
};

static const u64 textures_at = BIT_ULL(45);
static const u64 ring_at = BIT_ULL(46);

static void game_bind(struct bench_game *game, struct bench_bind bind)
{
	if (game->num < game->room)
		game->binds[game->num++] = bind;
}

static void level(struct bench_game *game)
{
	u64 addr = 0;
	u32 i;

	game_bind(game, (struct bench_bind) {
		.range = (u64)game->buffers * 64 * TILE, .unmap = true });

	for (i = 0; i < game->buffers; i++) {
		u64 range = (1 + bench_below(&game->seed, 64)) * (u64)TILE;

		game_bind(game, (struct bench_bind) {
			.addr = addr, .range = range, .offset = addr });
		addr += range;
	}
}

static void burst(struct bench_game *game, u32 camera)
{
	u32 texture = (camera + bench_below(&game->seed, NEAR)) % game->textures;
	u64 tile = bench_below(&game->seed, TEXTURE / BURST) * BURST;
	u64 addr = textures_at + (texture * (u64)TEXTURE + tile) * TILE;
	u64 *old = &game->old[game->burst % game->bursts];
	u32 i;

	if (game->burst++ >= game->bursts)
		game_bind(game, (struct bench_bind) {
			.addr = *old, .range = BURST * TILE, .sparse = true });
	*old = addr;

	for (i = 0; i < BURST; i++)
		game_bind(game, (struct bench_bind) {
			.addr = addr + i * TILE, .range = TILE,
			.offset = bench_below(&game->seed, SZ_1M) * (u64)TILE });
}

static void upload(struct bench_game *game)
{
	u32 length = 1 + bench_below(&game->seed, 32);

	if (game->head + length > game->ring)
		game->head = 0;
	game_bind(game, (struct bench_bind) {
		.addr = ring_at + game->head * (u64)TILE,
		.range = length * (u64)TILE, .offset = game->num * (u64)TILE });
	game->head += length;
}

static void play(struct bench_game *game)
{
	u32 i, frame;

	for (i = 0; i < game->textures; i++)
		game_bind(game, (struct bench_bind) {
			.addr = textures_at + i * (u64)TEXTURE * TILE,
			.range = TEXTURE * (u64)TILE, .sparse = true });

	for (frame = 0; game->num < game->room; frame++) {
		if (!(frame % LEVEL_FRAMES))
			level(game);
		for (i = 0; i < FRAME_BURSTS; i++)
			burst(game, frame / 4);
		for (i = 0; i < FRAME_UPLOADS; i++)
			upload(game);
	}
}

static int game_init(struct bench_game *game, u32 n, u64 seed)
{
	game->seed = seed;
	game->buffers = max(n / 4, 1U);
	game->ring = max(n / 16, 64U);
	game->bursts = max(n / 2 / BURST, 1U);
	game->textures = max(n / 256, (u32)NEAR);
	game->room = 4 * n;
	game->binds = kvmalloc_array(game->room, sizeof(*game->binds), GFP_KERNEL);
	game->old = kvcalloc(game->bursts, sizeof(*game->old), GFP_KERNEL);
	if (!game->binds || !game->old)
		return -ENOMEM;

	play(game);
	return 0;
}

static int replay(struct bench *b, const struct bench_game *game,
		  struct bench_vm *vm)
{
	u64 start = ktime_get_ns(), took, sum;
	int ret = 0;
	u32 i;

	for (i = 0; i < game->num && !ret; i++) {
		const struct bench_bind *bind = &game->binds[i];

		if (bind->unmap)
			ret = drm_gpuvm_sm_unmap(&vm->base, vm, bind->addr,
						 bind->range);
		else
			ret = bench_vm_map(vm, bind->sparse ? NULL : vm->obj,
					   bind->addr, bind->range,
					   bind->offset);
	}
	took = ktime_get_ns() - start;

	return ret ?:
	       bench_vm_expect(vm, vm->room - vm->stocked, &sum) ?:
	       bench_add(b, "trace", "ns", game->num, took,
			 sum + vm->steps[DRM_GPUVA_OP_UNMAP] +
			 vm->steps[DRM_GPUVA_OP_REMAP]);
}

int bench_trace(struct bench *b)
{
	struct bench_game game = {};
	struct bench_vm *vm = NULL;
	int ret, end = 0;

	ret = game_init(&game, b->n, b->seed);
	if (!ret) {
		/* Each texture and each burst may leave a piece between two. */
		vm = bench_vm_create(b, 0, 4 * b->n + 4096);
		ret = vm ? replay(b, &game, vm) : -ENOMEM;
	}

	if (vm)
		end = bench_vm_close(vm);
	kvfree(game.binds);
	kvfree(game.old);
	return ret ?: end;
}
