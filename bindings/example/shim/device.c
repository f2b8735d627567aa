// SPDX-License-Identifier: GPL-2.0
/*
 * The device, which is a program, and what writes its page tables: those of the
 * example driver. There is one such device, in whatever language its driver is.
 */
#include "../../../drivers/example-vgem/evgem_cmd.c"
#include "../../../drivers/example-vgem/evgem_engine.c"
#include "../../../drivers/example-vgem/evgem_pt.c"
#include "../../../drivers/example-vgem/evgem_tlb.c"
