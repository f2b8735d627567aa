# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# What people type. Everything that takes a kernel, a compiler or a guest is
# done by the lab (lab/, Documentation/lab.rst); this file only names it.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# Without KERNEL= and KDIR=, modules are for the kernel that runs here.
RELEASE := $(shell uname -r)

.PHONY: help
help:
	@echo 'make demo              the story in a guest: bind, draw, remap, fault (3 minutes'
	@echo '                       the first time, then under one)'
	@echo 'make check             all tests (40 minutes the first time, then 15)'
	@echo 'make check SUITE=path  one suite; lab/check --list names them all'
	@echo 'make modules           the modules for the running kernel, with its headers'
	@echo '  KERNEL=name          for a kernel of the lab: debian-7.2, debian-6.12,'
	@echo '                       uml-lockdep, uml-kasan, uml-debug (both), uml-perf'
	@echo '  KDIR=path            for any kernel build directory'
	@echo 'make install           installs the modules for the running kernel (as root)'
	@echo 'make programs          the user-space programs, into build/user'
	@echo 'make igt               the IGT tests of VM_BIND, under igt_runner, in uml-lockdep'
	@echo '  DRIVER=x TEST=y      on another driver, only this test; lab/igt --help'
	@echo 'make nvk               Mesa'"'"'s Vulkan driver on drivers/nouveau: two versions of it, as Debian'
	@echo '                       built them; lab/nvk --help'
	@echo 'make bench             this core and the kernel'"'"'s own, side by side (half an hour)'
	@echo '  BENCH=row            one row; lab/bench --list names them'
	@echo 'make rust-host         the Rust layer and what it stands on, natively, under sanitizers'
	@echo 'make style             checkpatch, sparse, shellcheck, licence lines, file length'
	@echo 'make mutants           plants bugs, one at a time, and shows which test sees them'
	@echo 'make new-driver NAME=x a driver of your own in drivers/x, made from the example'
	@echo 'make shell KERNEL=name a prompt in a guest'
	@echo 'make versions          which kernels and compilers the lab uses'
	@echo 'make clean             removes build/; the lab'"'"'s cache stays'
	@echo 'make distclean         removes the cache of the lab, too'

.PHONY: demo
demo:
	@lab/demo

.PHONY: check
check:
	@lab/check $(SUITE)

.PHONY: igt
igt:
	@lab/igt $(if $(KERNEL),--kernel $(KERNEL)) $(or $(DRIVER),example-vgem) $(TEST)

.PHONY: nvk
nvk:
	@lab/nvk $(if $(KERNEL),--kernel $(KERNEL)) $(TEST)

.PHONY: bench
bench:
	@lab/bench $(BENCH)

.PHONY: rust-host
rust-host:
	@bindings/rust-host

.PHONY: style
style:
	@lab/style

.PHONY: mutants
mutants:
	@lab/mutants $(MUTANT)

.PHONY: programs
programs:
	@lab/programs

.PHONY: versions
versions:
	@lab/versions

.PHONY: shell
shell:
	@lab/shell $(or $(KERNEL),debian-7.2)

.PHONY: new-driver
new-driver:
	@lab/new-driver '$(NAME)'

.PHONY: modules
ifneq ($(KERNEL),)
modules:
	@lab/modules $(KERNEL)
else
KDIR ?= /lib/modules/$(RELEASE)/build
MODULES_OUT := build/host-$(RELEASE)

# With the compiler of this machine, as its kernel's headers expect.
modules:
	@test -e $(KDIR)/Makefile || { \
		echo 'No kernel headers in $(KDIR): install linux-headers-$(RELEASE), or set KDIR= or KERNEL=.' >&2; \
		exit 1; }
	@sh lab/inside/mirror $(MODULES_OUT)
	$(MAKE) -C $(KDIR) M=$(CURDIR)/$(MODULES_OUT) modules
	@find $(MODULES_OUT) -name '*.ko'

.PHONY: install
install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR)/$(MODULES_OUT) modules_install
	depmod $(RELEASE)
endif

.PHONY: clean
clean:
	rm -rf build

.PHONY: distclean
distclean: clean
	@lab/prune --all
