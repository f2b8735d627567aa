# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# The client tests of nouveau. From the top of the checkout, with libdrm-dev
# installed:
#
#	make -f drivers/nouveau/user.mk OUT=build/user all

DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
# What the tests of all drivers share.
COMMON := $(patsubst %/,%,$(dir $(DIR)))/common/lib
OUT ?= build/user
OBJ := $(OUT)/obj

CC ?= gcc
PKG_CONFIG ?= pkg-config

CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 -Wall -Wextra -Wno-missing-field-initializers -Werror -pthread
CPPFLAGS += -D_GNU_SOURCE -I$(DIR)/include/uapi -I$(COMMON)
CPPFLAGS += $(shell $(PKG_CONFIG) --cflags libdrm)

# Static where Debian has the archive: such a program runs in any guest.
ifneq ($(wildcard $(shell $(PKG_CONFIG) --variable=libdir libdrm)/libdrm.a),)
LDFLAGS += -static
LDLIBS += $(shell $(PKG_CONFIG) --static --libs libdrm)
else
LDLIBS += $(shell $(PKG_CONFIG) --libs libdrm)
endif

# A program for each theme: theme_<name>.c holds its cases. What else is in
# tests/ is shared by all of them.
THEMES := $(patsubst theme_%.c,%,$(notdir $(wildcard $(DIR)/tests/theme_*.c)))
SHARED := $(filter-out $(wildcard $(DIR)/tests/theme_*.c),$(wildcard $(DIR)/tests/*.c))
SHARED += $(wildcard $(COMMON)/*.c)
SHARED_OBJS := $(SHARED:%.c=$(OBJ)/%.o)
TESTS := $(addprefix $(OUT)/nouveau-,$(THEMES))

.PHONY: all lib tests demo clean
all: tests
tests: $(TESTS)
# Targets that other drivers have.
lib demo:

$(TESTS): $(OUT)/nouveau-%: $(OBJ)/$(DIR)/tests/theme_%.o $(SHARED_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OBJ)/%.o: %.c $(DIR)/user.mk
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

.SECONDARY:
-include $(SHARED_OBJS:.o=.d)
-include $(THEMES:%=$(OBJ)/$(DIR)/tests/theme_%.d)

clean:
	rm -rf $(OBJ) $(TESTS)
