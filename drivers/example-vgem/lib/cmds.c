// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Commands of the engine, and jobs made of them.
 */
#include "evgem.h"
#include "private.h"

#define RUN_TIMEOUT_MS 60000

/* Appends a command of @type, to be filled in; NULL if there is no memory. */
static void *append(struct evgem_cmds *cmds, enum drm_evgem_cmd type,
		    size_t size)
{
	struct drm_evgem_cmd_header *header = evgem_array_append(&cmds->buf,
								 size);

	if (header) {
		header->cmd = type;
		header->size = size;
	}

	return header;
}

void evgem_cmd_nop(struct evgem_cmds *cmds)
{
	append(cmds, DRM_EVGEM_CMD_NOP, sizeof(struct drm_evgem_cmd_header));
}

void evgem_cmd_fill(struct evgem_cmds *cmds, uint64_t addr, uint64_t size,
		    uint32_t value)
{
	struct drm_evgem_cmd_fill *cmd = append(cmds, DRM_EVGEM_CMD_FILL,
						sizeof(*cmd));

	if (cmd) {
		cmd->addr = addr;
		cmd->size = size;
		cmd->value = value;
	}
}

void evgem_cmd_copy(struct evgem_cmds *cmds, uint64_t dst, uint64_t src,
		    uint64_t size)
{
	struct drm_evgem_cmd_copy *cmd = append(cmds, DRM_EVGEM_CMD_COPY,
						sizeof(*cmd));

	if (cmd) {
		cmd->dst = dst;
		cmd->src = src;
		cmd->size = size;
	}
}

static void append_write(struct evgem_cmds *cmds, enum drm_evgem_cmd type,
			 uint64_t addr, uint64_t value)
{
	struct drm_evgem_cmd_write *cmd = append(cmds, type, sizeof(*cmd));

	if (cmd) {
		cmd->addr = addr;
		cmd->value = value;
	}
}

void evgem_cmd_write(struct evgem_cmds *cmds, uint64_t addr, uint64_t value)
{
	append_write(cmds, DRM_EVGEM_CMD_WRITE, addr, value);
}

void evgem_cmd_atomic_add(struct evgem_cmds *cmds, uint64_t addr,
			  uint64_t value)
{
	append_write(cmds, DRM_EVGEM_CMD_ATOMIC_ADD, addr, value);
}

void evgem_cmd_release(struct evgem_cmds *cmds, uint64_t addr, uint64_t value)
{
	append_write(cmds, DRM_EVGEM_CMD_RELEASE, addr, value);
}

void evgem_cmd_checksum(struct evgem_cmds *cmds, uint64_t dst, uint64_t addr,
			uint64_t size)
{
	struct drm_evgem_cmd_checksum *cmd = append(cmds,
						    DRM_EVGEM_CMD_CHECKSUM,
						    sizeof(*cmd));

	if (cmd) {
		cmd->addr = addr;
		cmd->size = size;
		cmd->dst = dst;
	}
}

void evgem_cmd_wait(struct evgem_cmds *cmds, uint64_t addr,
		    enum drm_evgem_cond cond, uint64_t value)
{
	struct drm_evgem_cmd_wait *cmd = append(cmds, DRM_EVGEM_CMD_WAIT,
						sizeof(*cmd));

	if (cmd) {
		cmd->addr = addr;
		cmd->value = value;
		cmd->cond = cond;
	}
}

void evgem_cmd_delay(struct evgem_cmds *cmds, uint64_t ns)
{
	struct drm_evgem_cmd_delay *cmd = append(cmds, DRM_EVGEM_CMD_DELAY,
						 sizeof(*cmd));

	if (cmd)
		cmd->ns = ns;
}

int evgem_exec(int fd, uint32_t queue, struct evgem_cmds *cmds,
	       const struct drm_evgem_sync *syncs)
{
	struct drm_evgem_cmdbuf cmdbuf = {
		.ptr = (uintptr_t)cmds->buf.data,
		.size = cmds->buf.size,
	};
	struct drm_evgem_exec args = {
		.queue_id = queue,
		.cmdbufs = {
			.ptr = (uintptr_t)&cmdbuf,
			.count = 1,
			.stride = sizeof(cmdbuf),
		},
		.syncs = {
			.ptr = (uintptr_t)syncs,
			.count = evgem_num_syncs(syncs),
			.stride = sizeof(*syncs),
		},
	};
	int ret = cmds->buf.error;

	if (!ret)
		ret = evgem_ioctl(fd, DRM_IOCTL_EVGEM_EXEC, &args);

	evgem_cmds_free(cmds);
	return ret;
}

int evgem_run(int fd, uint32_t queue, struct evgem_cmds *cmds)
{
	uint32_t done;
	int ret, status = 0;

	ret = evgem_syncobj_create(fd, &done);
	if (ret) {
		evgem_cmds_free(cmds);
		return ret;
	}

	ret = evgem_exec(fd, queue, cmds, EVGEM_SYNCS(evgem_signal(done)));
	if (!ret)
		ret = evgem_syncobj_wait(fd, done, 0, RUN_TIMEOUT_MS);
	if (!ret)
		ret = evgem_syncobj_status(fd, done, 0, &status);
	if (!ret && status < 0)
		ret = status;

	evgem_syncobj_destroy(fd, done);
	return ret;
}

void evgem_cmds_free(struct evgem_cmds *cmds)
{
	evgem_array_free(&cmds->buf);
}

uint64_t evgem_checksum(const void *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325ull;
	const uint8_t *byte = bytes;

	while (size--)
		hash = (hash ^ *byte++) * 0x100000001b3ull;

	return hash;
}
