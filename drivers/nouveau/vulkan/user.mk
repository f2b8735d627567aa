# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# The Vulkan program, build/nvk/nvk-client. From the top of the checkout, with
# libvulkan-dev installed:
#
#	make -f drivers/nouveau/vulkan/user.mk OUT=build/nvk
#
# VULKAN= is a folder with Debian's libvulkan-dev and libvulkan1, unpacked, where
# they are not installed.

DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
OUT ?= build/nvk
OBJ := $(OUT)/obj
VULKAN ?=

CC ?= gcc

CFLAGS ?= -O2 -g
# A case is left through longjmp(): it reads nothing afterwards that it has set.
CFLAGS += -std=gnu11 -Wall -Wextra -Wno-missing-field-initializers -Wno-clobbered -Werror -pthread
CPPFLAGS += -D_GNU_SOURCE $(if $(VULKAN),-isystem $(VULKAN)/usr/include)
LDFLAGS += $(if $(VULKAN),-L$(VULKAN)/usr/lib/x86_64-linux-gnu)
LDLIBS += -lvulkan

OBJS := $(patsubst %.c,$(OBJ)/%.o,$(wildcard $(DIR)/*.c))

.PHONY: all clean
all: $(OUT)/nvk-client

$(OUT)/nvk-client: $(OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OBJ)/%.o: %.c $(DIR)/user.mk
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJS:.o=.d)

clean:
	rm -rf $(OBJ) $(OUT)/nvk-client
