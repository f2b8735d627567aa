// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Several threads in a case. Each is a case of its own, so that what it makes
 * goes with it, and a failure ends that thread alone.
 */
#include "vkt.h"

#define THREADS 16

struct runner {
	struct vkt t;
	struct vkt_thread self;
	struct vkt_dev *dev;
	void (*run)(struct vkt *t, struct vkt_thread *self);
	pthread_t thread;
};

static void body(struct vkt *t, void *arg)
{
	struct runner *r = arg;

	r->self.t = t;
	r->run(t, &r->self);
}

static void *thread(void *arg)
{
	struct runner *r = arg;

	vkt_try(&r->t, r->dev, body, r);
	return NULL;
}

void vkt_threads(struct vkt *t, unsigned int count,
		 void (*run)(struct vkt *t, struct vkt_thread *self), void *arg)
{
	struct runner *runners = vkt_bytes(t, count * sizeof(*runners));
	unsigned int started;

	CHECK(t, count <= THREADS);
	for (started = 0; started < count; started++) {
		struct runner *r = &runners[started];

		r->dev = t->dev;
		r->run = run;
		r->self = (struct vkt_thread){ .number = started, .arg = arg };
		if (pthread_create(&r->thread, NULL, thread, r))
			break;
	}
	for (unsigned int i = 0; i < started; i++) {
		pthread_join(runners[i].thread, NULL);
		/* Not by the thread, because that needs the device to be idle. */
		vkt_inherit(t, &runners[i].t);
	}

	CHECK(t, started == count);
	for (unsigned int i = 0; i < count; i++) {
		if (runners[i].t.result == VKT_FAILED)
			FAIL(t, "thread %u: %s", i, runners[i].t.why);
	}
	for (unsigned int i = 0; i < count; i++) {
		if (runners[i].t.result == VKT_SKIPPED)
			SKIP(t, "%s", runners[i].t.why);
	}
}
