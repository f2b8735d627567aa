// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What a VM looks like in debugfs: rows 57 and 58 of the table of semantics.
 *
 * To the last character, because programs read it.
 */
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "gpuvm_kunit_helper.h"

#define SIZE	4096

struct show {
	struct seq_file m;
	char *text;
	char *wanted;
};

static void show_init(struct kunit *test, struct show *s)
{
	memset(s, 0, sizeof(*s));
	s->text = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	s->wanted = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s->text);
	KUNIT_ASSERT_NOT_NULL(test, s->wanted);
	s->m.buf = s->text;
	/* The last byte ends the text. */
	s->m.size = SIZE - 1;
}

/* A bit of everything in [0, 0x100), of which the end is reserved. */
static void fill(struct kunit *test, struct drm_gpuvm *vm,
		 struct drm_gem_object *obj)
{
	struct drm_gpuva *va;

	gk_va_insert(test, vm, obj, 0x1, 0x2, 0x3);

	va = gk_va_insert(test, vm, NULL, 0x4, 0x4, 0);
	va->flags = DRM_GPUVA_SPARSE | DRM_GPUVA_INVALIDATED;

	va = gk_va_insert(test, vm, obj, 0x10, 0x20, 0);
	va->flags = DRM_GPUVA_USERBITS | BIT(31);
	va->attrs.cookie = U64_MAX;
	va->attrs.repeat = 0x10;
	va->attrs.repeat_phase = 0xf;
}

static void row57_text(struct kunit *test)
{
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct show s;

	show_init(test, &s);
	fill(test, vm, obj);
	KUNIT_EXPECT_EQ(test, drm_debugfs_gpuva_info(&s.m, vm), 0);

	snprintf(s.wanted, SIZE,
		 "VM %s  [0x0, 0x100)\n"
		 "start               end                 length            object + offset\n"
		 "0x0000000000000001  0x0000000000000003  0x00000000000002  %p + 0x3\n"
		 "0x0000000000000004  0x0000000000000008  0x00000000000004  -  sparse  invalidated\n"
		 "0x0000000000000010  0x0000000000000030  0x00000000000020  %p + 0x0  flags 0x80000004  repeats 0x10 from 0xf  cookie 0xffffffffffffffff\n"
		 "0x00000000000000f0  0x0000000000000100  0x00000000000010  -  kernel reserve\n",
		 vm->name, obj, obj);
	KUNIT_EXPECT_STREQ(test, s.text, s.wanted);

	gk_vm_close(test, vm);
	drm_gem_object_put(obj);
}

static void row58_json(struct kunit *test)
{
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *priv = gk_bo_new_private(test, 'B', vm);
	struct drm_gpuvm_bo *vm_bo[2];
	struct show s;

	show_init(test, &s);
	fill(test, vm, obj);
	vm_bo[0] = gk_vm_bo_obtain(test, vm, obj);
	vm_bo[1] = gk_vm_bo_obtain(test, vm, priv);
	drm_gpuvm_bo_get(vm_bo[1]);
	gk_vm_bo_evict(vm_bo[1], true);
	KUNIT_EXPECT_EQ(test, drm_debugfs_gpuvm_json(&s.m, vm), 0);

	snprintf(s.wanted, SIZE,
		 "{\"name\":\"%s\",\n"
		 " \"space\":{\"addr\":0,\"range\":256},\n"
		 " \"reserve\":{\"addr\":240,\"range\":16},\n"
		 " \"flags\":{\"resv_protected\":%s,\"immediate_mode\":%s,\"driver\":0},\n"
		 " \"mappings\":[\n"
		 "  {\"addr\":1,\"range\":2,\"object\":\"%p\",\"offset\":3,\"sparse\":false,\"invalidated\":false,\"flags\":0,\"cookie\":0,\"repeat\":0,\"repeat_phase\":0},\n"
		 "  {\"addr\":4,\"range\":4,\"object\":null,\"offset\":0,\"sparse\":true,\"invalidated\":true,\"flags\":0,\"cookie\":0,\"repeat\":0,\"repeat_phase\":0},\n"
		 "  {\"addr\":16,\"range\":32,\"object\":\"%p\",\"offset\":0,\"sparse\":false,\"invalidated\":false,\"flags\":2147483652,\"cookie\":18446744073709551615,\"repeat\":16,\"repeat_phase\":15}],\n"
		 " \"vm_bos\":[\n"
		 "  {\"object\":\"%p\",\"size\":%lu,\"references\":1,\"external\":true,\"evicted\":false},\n"
		 "  {\"object\":\"%p\",\"size\":%lu,\"references\":2,\"external\":false,\"evicted\":true}],\n"
		 " \"counts\":{\"mappings\":3,\"mapped\":38,\"vm_bos\":2}}",
		 vm->name, gk_resv_protected(test) ? "true" : "false",
		 gk_immediate(test) ? "true" : "false",
		 obj, obj, obj, PAGE_SIZE, priv, PAGE_SIZE);
	KUNIT_EXPECT_STREQ(test, s.text, s.wanted);

	gk_vm_bo_put(vm_bo[0]);
	gk_vm_bo_put(vm_bo[1]);
	gk_vm_bo_put(vm_bo[1]);
	drm_gem_object_put(priv);
	gk_vm_close(test, vm);
	drm_gem_object_put(obj);
}

/* A vm_bo without references is shown until it is cleaned up. */
static void row58_json_zombie(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct show s;

	drm_gpuvm_bo_put_deferred(gk_vm_bo_obtain_ext(test, vm, obj));
	show_init(test, &s);
	KUNIT_EXPECT_EQ(test, drm_debugfs_gpuvm_json(&s.m, vm), 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(s.text, "\"references\":0,"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(s.text, "\"vm_bos\":1}"));

	drm_gpuvm_bo_deferred_cleanup(vm);
	show_init(test, &s);
	KUNIT_EXPECT_EQ(test, drm_debugfs_gpuvm_json(&s.m, vm), 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(s.text, "\"vm_bos\":[],"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(s.text, "\"vm_bos\":0}"));

	gk_vm_close(test, vm);
	drm_gem_object_put(obj);
}

/* Whatever a name holds, the text stays JSON. */
static void row58_json_names(struct kunit *test)
{
	static const struct {
		const char *name, *json;
	} names[] = {
		{ "plain", "{\"name\":\"plain\"," },
		{ "", "{\"name\":\"\"," },
		{ "\"},[", "{\"name\":\"\\\"},[\"," },
		{ "back\\slash/", "{\"name\":\"back\\\\slash/\"," },
		{ "%s%n", "{\"name\":\"%s%n\"," },
		{ "\1\n\t\x1f ~\x7f", "{\"name\":\"\\u0001\\u000a\\u0009\\u001f ~\\u007f\"," },
		/* UTF-8, a part of it, and what it never holds */
		{ "\xc3\xbc\xe2\xff", "{\"name\":\"\\u00c3\\u00bc\\u00e2\\u00ff\"," },
	};
	struct drm_gpuvm *vm = gk_vm_new_with(test, &gk_ops, 0x10, 0x20);
	const char *before = vm->name;
	struct show s;

	for (int i = 0; i < ARRAY_SIZE(names); i++) {
		show_init(test, &s);
		vm->name = names[i].name;
		KUNIT_EXPECT_EQ(test, drm_debugfs_gpuvm_json(&s.m, vm), 0);
		KUNIT_EXPECT_EQ_MSG(test, 0,
				    strncmp(s.text, names[i].json,
					    strlen(names[i].json)),
				    "%s", s.text);
	}
	/* No reserve, nothing mapped. */
	KUNIT_EXPECT_NOT_NULL(test, strstr(s.text, "\"reserve\":null,"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(s.text, "\"mappings\":[],"));

	vm->name = before;
	gk_vm_close(test, vm);
}

static void not_initialised(struct kunit *test)
{
	struct drm_gpuvm *vm = kunit_kzalloc(test, sizeof(*vm), GFP_KERNEL);
	struct show s;

	KUNIT_ASSERT_NOT_NULL(test, vm);
	show_init(test, &s);
	KUNIT_EXPECT_EQ(test, drm_debugfs_gpuva_info(&s.m, vm), -ENODEV);
	KUNIT_EXPECT_EQ(test, drm_debugfs_gpuvm_json(&s.m, vm), -ENODEV);
	KUNIT_EXPECT_STREQ(test, s.text, "");
}

static struct kunit_case gpuvm_debugfs_cases[] = {
	KUNIT_CASE(row57_text),
	KUNIT_CASE_PARAM(row58_json, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row58_json_zombie, gk_immediate_gen_params),
	KUNIT_CASE(row58_json_names),
	KUNIT_CASE(not_initialised),
	{}
};

static struct kunit_suite gpuvm_debugfs_suite = {
	.name = "gpuvm_debugfs",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_debugfs_cases,
};

kunit_test_suite(gpuvm_debugfs_suite);
