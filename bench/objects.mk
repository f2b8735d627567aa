# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# What both modules are made of. An object has its folder's flags, so each
# folder compiles a copy of each source, made here.
bench-objects := \
	bench_bo.o \
	bench_exec.o \
	bench_floor.o \
	bench_longest.o \
	bench_main.o \
	bench_mappings.o \
	bench_memory.o \
	bench_ops.o \
	bench_order.o \
	bench_overlap.o \
	bench_patterns.o \
	bench_trace.o \
	bench_vm.o

ccflags-y += -I$(src)/..

# Many a processor is slow where a jump crosses 32 bytes, which is a matter of luck: a
# step of a walk, which is inlined here, took 2.5 ns or 3.4.
ccflags-y += $(call cc-option,-mbranches-within-32B-boundaries)

quiet_cmd_bench_copy = COPY    $@
      cmd_bench_copy = cp $< $@

$(addprefix $(obj)/,$(bench-objects:.o=.c)): $(obj)/%.c: $(src)/../%.c FORCE
	$(call if_changed,bench_copy)

targets += $(bench-objects:.o=.c)
