# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# make -f bindings/host/host.mk SOURCE=kernel-source OUT=build/rust-host: in the
# build root, from the top of the checkout. The core without binds as a program, with the Rust layer and its tests on top, under
# AddressSanitizer and UBSan.
#
# The red-black tree is the one that the kernel's source has for programs.

OUT ?= build/rust-host
tools := $(SOURCE)/tools
here := bindings/host

core := gpuva_index gpuva_index_ahead gpuva_index_balance gpuva_index_spill gpuva_reserve gpuvm_attrs gpuvm_bo gpuvm_bo_far \
	gpuvm_defer gpuvm_exec gpuvm_leaks gpuvm_list gpuvm_op_chunk gpuvm_op_list gpuvm_sm gpuvm_va \
	gpuvm_validate gpuvm_vm
objects := $(patsubst %,$(OUT)/%.o,$(core) host rbtree)

# What the core includes of the kernel: each is host.h.
headers := $(patsubst %,$(OUT)/include/%.h,\
	$(addprefix linux/,align atomic bitops bits cleanup compiler dma-fence dma-resv export kernel kref list \
		llist math64 minmax mutex overflow prefetch shrinker slab spinlock stddef string tracepoint types workqueue) \
	linux/sched/mm trace/define_trace \
	$(addprefix drm/,drm_device drm_drv drm_exec drm_gem drm_print))

sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all
compiler := gcc
optimise := -O1
CFLAGS := $(optimise) -g -std=gnu11 -Wall -Wno-unused-function $(sanitize) -fno-omit-frame-pointer -ffunction-sections \
	-I$(OUT)/include -Idrm/include -I$(here) -DCOMPAT_GEM_HAS_GPUVA_LOCK \
	$(if $(sanitize),-DAHEAD_HEIGHT=1)

export RUSTC_BOOTSTRAP := 1
# gcc has the sanitizers' libraries.
RUSTFLAGS := --edition=2021 -Copt-level=1 -g -Zsanitizer=address -Zexternal-clangrt \
	-Coverflow-checks=y --cfg CONFIG_LOCKDEP --check-cfg 'cfg(CONFIG_LOCKDEP, CONFIG_DRM, test)' -L $(OUT) --out-dir $(OUT) -Dwarnings \
	-Clinker=gcc -Zpre-link-args="-Wl,--no-as-needed -lasan -lubsan"

.PHONY: all
all: $(OUT)/tests

$(OUT)/include/%.h:
	@mkdir -p $(@D)
	@echo '#include "host.h"' >$@

$(OUT)/%.o: drm/%.c $(headers) $(here)/host.h $(wildcard drm/*.h drm/include/drm/*.h)
	$(compiler) $(CFLAGS) -c $< -o $@

$(OUT)/host.o: $(here)/host.c $(headers) $(here)/host.h
	$(compiler) $(CFLAGS) -c $< -o $@

# Before all other headers of that name.
$(OUT)/include/linux/rbtree.h $(OUT)/include/linux/rbtree_augmented.h: $(OUT)/include/%.h:
	@mkdir -p $(@D)
	@ln -sf $(tools)/include/$*.h $@

$(objects): $(OUT)/include/linux/rbtree.h $(OUT)/include/linux/rbtree_augmented.h

$(OUT)/rbtree.o: $(tools)/lib/rbtree.c $(headers)
	$(compiler) $(CFLAGS) -c $< -o $@

$(OUT)/libcore.a: $(objects)
	@rm -f $@
	ar rcs $@ $^

# The index by itself, with its model.
index := gpuva_index gpuva_index_ahead gpuva_index_balance gpuva_index_spill gpuva_reserve

$(OUT)/gpuva_index_fuzz.o: drm/tests/gpuva_index_fuzz.c $(headers) $(here)/host.h $(wildcard drm/*.h drm/tests/*.h)
	$(compiler) $(CFLAGS) -c $< -o $@

$(OUT)/index-fuzz: $(patsubst %,$(OUT)/%.o,$(index) host gpuva_index_fuzz)
	$(compiler) $(sanitize) $^ -o $@

# The core's speed: with another OUT, compiler, sanitize and optimise.
$(OUT)/bench-program: bench/bench_program.c $(OUT)/libcore.a
	$(compiler) $(CFLAGS) $^ -o $@

# Rust: the kernel crate's stand-in, the two crates of bindings/, the tests.
$(OUT)/host_generated.rs: $(here)/host.h
	bindgen --rust-target 1.85 --use-core --ctypes-prefix crate::ffi --no-doc-comments \
		--allowlist-file '.*/host\.h' --output $@ $< -- -DHOST_BINDGEN

$(OUT)/generated.rs: bindings/raw/generate bindings/raw/layout.py $(wildcard drm/include/drm/*.h) \
		drm/abi/layout
	sh bindings/raw/generate drm/include drm/abi/layout $@

# Where the raw crate includes the other from.
$(OUT)/drm_gpuvm_raw.rs: bindings/raw/drm_gpuvm_raw.rs
	cp $< $@

# The cases are those of the kernel's suites, beside another world.
cases := $(addprefix bindings/tests/,bo_cases.rs deferred_cases.rs \
	hostile_cases.rs lock_cases.rs matrix_cases.rs steps.rs text.rs vm_cases.rs) \
	$(here)/tests.rs $(here)/world.rs

$(OUT)/src/tests.rs: $(cases) bindings/tests/matrix.py drm/tests/gpuvm_sm_kunit.c
	@mkdir -p $(@D)
	cp $(cases) $(@D)
	python3 -B bindings/tests/matrix.py drm/tests/gpuvm_sm_kunit.c >$(@D)/matrix.rs

$(OUT)/libkunit_tests.so: $(here)/kunit_tests.rs
	rustc --edition=2021 --crate-type proc-macro --crate-name kunit_tests --out-dir $(OUT) $<

$(OUT)/libkernel.rlib: $(here)/kernel.rs $(OUT)/host_generated.rs $(OUT)/libkunit_tests.so
	HOST_OUT=$(abspath $(OUT)) rustc $(RUSTFLAGS) --crate-type rlib \
		--extern kunit_tests=$(OUT)/libkunit_tests.so $<

$(OUT)/libdrm_gpuvm_raw.rlib: $(OUT)/drm_gpuvm_raw.rs $(OUT)/generated.rs $(OUT)/libkernel.rlib
	rustc $(RUSTFLAGS) --crate-type rlib --extern kernel=$(OUT)/libkernel.rlib $<

$(OUT)/libdrm_gpuvm.rlib: bindings/gpuvm/drm_gpuvm.rs $(wildcard bindings/gpuvm/*.rs) \
		$(OUT)/libdrm_gpuvm_raw.rlib
	rustc $(RUSTFLAGS) --crate-type rlib --extern kernel=$(OUT)/libkernel.rlib \
		--extern drm_gpuvm_raw=$(OUT)/libdrm_gpuvm_raw.rlib $<

$(OUT)/tests: $(OUT)/src/tests.rs $(OUT)/libdrm_gpuvm.rlib $(OUT)/libcore.a
	HOST_OUT=$(abspath $(OUT)) rustc $(RUSTFLAGS) --test --crate-name tests \
		--extern kernel=$(OUT)/libkernel.rlib --extern drm_gpuvm=$(OUT)/libdrm_gpuvm.rlib \
		-Clink-arg=$(OUT)/libcore.a -Clink-arg=-Wl,--gc-sections $<

# What rustdoc makes of the layer; a link that leads nowhere is an error.
.PHONY: doc
doc: $(OUT)/libdrm_gpuvm.rlib
	rustdoc --edition=2021 -Dwarnings --cfg CONFIG_LOCKDEP \
		--check-cfg 'cfg(CONFIG_LOCKDEP, CONFIG_DRM, test)' --extern kernel=$(OUT)/libkernel.rlib \
		--extern drm_gpuvm_raw=$(OUT)/libdrm_gpuvm_raw.rlib -L $(OUT) \
		--out-dir $(OUT)/doc bindings/gpuvm/drm_gpuvm.rs
