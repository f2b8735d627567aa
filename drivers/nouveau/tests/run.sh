#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Usage: run.sh [--more N] [--pci] [--beside] [THEME [CASE...] [+ THEME [CASE...]]...]
#
# In a guest, from the top of the checkout: loads the modules, and those of others
# that have dma-bufs to give; runs the cases that are named, or all; and unloads
# the modules, which shows whether anything still holds on to them. One KTAP result
# for the whole; --more leaves room for N results that the caller adds. --pci: the
# device is one on a PCI bus. --beside: the kernel's own nouveau is there before, and
# all the time.

set -u

# shellcheck disable=SC2034 # for themes.sh
programs=${PROGRAMS:-build/user}
more=0
pci=0
beside=0
while [ $# -gt 0 ]; do
	case $1 in
	--more)
		more=$2
		shift
		;;
	--pci) pci=1 ;;
	--beside) beside=1 ;;
	*) break ;;
	esac
	shift
done

. drivers/common/lib/themes.sh

runs=$(mktemp)
trap 'rm -f "$runs"' EXIT
list_themes nouveau "$@" >"$runs"
echo "KTAP version 1"
echo "1..$((3 + 2 * beside + $(count_cases "$runs") + more))"

if [ "$beside" -eq 1 ]; then
	lab/guest/load nouveau
	result $? "load the kernel's own nouveau"
fi
lab/guest/load drm_gpuvm_ref nouveau_ref "pci=$pci" timeout_ms=3000
result $? load
# What looks like a card is bound to this driver, and neither has the other's.
own_device_alone() {
	[ -d /sys/bus/pci/drivers/nouveau ] || return
	for device in /sys/bus/pci/drivers/nouveau/*:* /sys/bus/platform/drivers/nouveau/*nvidia*; do
		[ ! -e "$device" ] || return
	done
	for device in "/sys/bus/pci/drivers/nvidia,vgpu"/*:* "/sys/bus/platform/drivers/nvidia,vgpu/nvidia,vgpu"; do
		[ ! -e "$device/drm" ] || own=$((own + 1))
	done
	# Nor would a card make the kernel load this one.
	[ "$own" -eq 1 ] && ! modinfo -F alias "$MODULES/drivers/nouveau/nouveau_ref.ko" | grep -q .
}
if [ "$beside" -eq 1 ]; then
	own=0
	own_device_alone
	result $? "each driver has its own device"
fi
# Built into some kernels; the tests that need one say so if it is not there.
lab/guest/load vgem 2>/dev/null
lab/guest/load udmabuf 2>/dev/null

alone() {
	echo "lab/run ${LAB_KERNEL:-KERNEL} -- sh drivers/nouveau/tests/run.sh $1 $2"
}

while read -r name cases; do
	# shellcheck disable=SC2086,SC2154 # a list of words
	run_theme "$name" "$programs/$name" $cases
done <"$runs"

wait_unused nouveau_ref
unloaded() {
	lab/guest/unload drm_gpuvm_ref nouveau_ref &&
		test ! -e /sys/module/drm_gpuvm_ref &&
		test ! -e /dev/dri/renderD128
}
unloaded
result $? unload
again="load and unload once more, on the other bus"
if [ "${LAB_KERNEL:-}" = uml-kasan ]; then
	result 0 "$again # SKIP User-Mode Linux does not tell KASAN when a module goes"
else
	lab/guest/load nouveau_ref "pci=$((1 - pci))" && unloaded
	result $? "$again"
fi

# shellcheck disable=SC2154 # of themes.sh
exit "$failed"
