# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# The user-space programs of the example driver: the client library, the client
# tests, the demo. From the top of the checkout, with libdrm-dev installed:
#
#	make -f drivers/example-vgem/user.mk OUT=build/user all

DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
# What the tests of all drivers share.
COMMON := $(patsubst %/,%,$(dir $(DIR)))/common/lib
OUT ?= build/user
OBJ := $(OUT)/obj

CC ?= gcc
PKG_CONFIG ?= pkg-config

CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 -Wall -Wextra -Wno-missing-field-initializers -Werror -pthread
CPPFLAGS += -D_GNU_SOURCE -I$(DIR)/include/uapi -I$(DIR)/lib -I$(COMMON)
CPPFLAGS += $(shell $(PKG_CONFIG) --cflags libdrm)

# Static where Debian has the archive: such a program runs in any guest.
ifneq ($(wildcard $(shell $(PKG_CONFIG) --variable=libdir libdrm)/libdrm.a),)
LDFLAGS += -static
LDLIBS += $(shell $(PKG_CONFIG) --static --libs libdrm)
else
LDLIBS += $(shell $(PKG_CONFIG) --libs libdrm)
endif

LIB := $(OUT)/libevgem.a
LIB_OBJS := $(patsubst %.c,$(OBJ)/%.o,$(wildcard $(DIR)/lib/*.c))

# A program for each theme: theme_<name>.c holds its cases. What else is in
# tests/ is shared by all of them.
THEMES := $(patsubst theme_%.c,%,$(notdir $(wildcard $(DIR)/tests/theme_*.c)))
SHARED := $(filter-out $(wildcard $(DIR)/tests/theme_*.c),$(wildcard $(DIR)/tests/*.c))
SHARED += $(wildcard $(COMMON)/*.c)
SHARED_OBJS := $(SHARED:%.c=$(OBJ)/%.o)
TESTS := $(addprefix $(OUT)/evgem-,$(THEMES))

DEMO_OBJS := $(patsubst %.c,$(OBJ)/%.o,$(wildcard $(DIR)/demo/*.c))
DEMO := $(if $(DEMO_OBJS),$(OUT)/demo)

BENCH_OBJS := $(patsubst %.c,$(OBJ)/%.o,$(wildcard $(DIR)/bench/*.c))
BENCH := $(if $(BENCH_OBJS),$(OUT)/evgem-binds)

.PHONY: all lib tests demo bench clean
all: lib tests demo bench
lib: $(LIB)
tests: $(TESTS)
demo: $(DEMO)
bench: $(BENCH)

$(LIB): $(LIB_OBJS)
	rm -f $@
	ar rcs $@ $^

$(TESTS): $(OUT)/evgem-%: $(OBJ)/$(DIR)/tests/theme_%.o $(SHARED_OBJS) $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/demo: $(DEMO_OBJS) $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/evgem-binds: $(BENCH_OBJS) $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OBJ)/%.o: %.c $(DIR)/user.mk
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

.SECONDARY:
-include $(LIB_OBJS:.o=.d) $(SHARED_OBJS:.o=.d) $(DEMO_OBJS:.o=.d)
-include $(BENCH_OBJS:.o=.d)
-include $(THEMES:%=$(OBJ)/$(DIR)/tests/theme_%.d)

clean:
	rm -rf $(OBJ) $(LIB) $(TESTS) $(BENCH) $(OUT)/demo
