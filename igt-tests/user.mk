# SPDX-License-Identifier: MIT
#
# The test programs, where IGT's source is not: against a libigt.so.0 that is
# installed. From the top of the checkout, with libdrm-dev and Debian's
# intel-gpu-tools or igt-gpu-tools installed:
#
#	make -f igt-tests/user.mk OUT=build/igt
#
# LIBIGT= is the folder with libigt.so.0 where that is not the system's.

DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
OUT ?= build/igt
OBJ := $(OUT)/obj
LIBIGT ?=

CC ?= gcc
PKG_CONFIG ?= pkg-config

CFLAGS ?= -O2 -g
# A block of IGT is entered through setjmp(): what that may clobber is static,
# volatile, or not read again.
CFLAGS += -std=gnu11 -Wall -Wextra -Wno-missing-field-initializers -Wno-clobbered -Werror -pthread
CPPFLAGS += -D_GNU_SOURCE -I$(DIR)/include -I$(DIR)/lib -I$(DIR)/uapi -I$(DIR)/compat
CPPFLAGS += $(shell $(PKG_CONFIG) --cflags libdrm)
# What libigt itself needs is looked for when a program starts.
LDFLAGS += $(if $(LIBIGT),-L$(LIBIGT)) -Wl,--allow-shlib-undefined
LDLIBS += -l:libigt.so.0 $(shell $(PKG_CONFIG) --libs libdrm)

# A program for each theme; all else is shared by them.
TESTS := $(patsubst $(DIR)/tests/%.c,$(OUT)/%,$(wildcard $(DIR)/tests/*.c))
SHARED := $(patsubst %.c,$(OBJ)/%.o,$(wildcard $(DIR)/lib/*.c $(DIR)/drivers/*.c))

.PHONY: all clean
all: $(TESTS)

$(TESTS): $(OUT)/%: $(OBJ)/$(DIR)/tests/%.o $(SHARED)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OBJ)/%.o: %.c $(DIR)/user.mk
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

.SECONDARY:
-include $(SHARED:.o=.d) $(TESTS:$(OUT)/%=$(OBJ)/$(DIR)/tests/%.d)

clean:
	rm -rf $(OBJ) $(TESTS)
