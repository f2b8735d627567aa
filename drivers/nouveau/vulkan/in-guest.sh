#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Usage: in-guest.sh [--own] [--validate] [--brief] [--listing] [THEME | THEME.CASE]...
#        in-guest.sh [--own] --pci
#
# In a guest, from the top of the checkout, with Mesa, Vulkan's loader and tools in
# /job/show: loads the modules, runs the Vulkan program, unloads. With --listing,
# vulkaninfo lists the device before that, and once more on a PCI bus afterwards; with
# --pci there is this last part alone. With --own, Mesa's driver is that of
# build/nvk/own. Prints KTAP.

set -u

root=/job/show/usr
icd=$root/share/vulkan/icd.d/nouveau_icd.json
layers=$root/share/vulkan/explicit_layer.d
lib=$root/lib/x86_64-linux-gnu
listing=
own=
pci=
program=
validate=
while [ $# -gt 0 ]; do
	case $1 in
	--own)
		icd=build/nvk/own/nouveau_icd.json
		own=build/nvk/own/libvulkan_nouveau.so
		;;
	--validate)
		program="$program $1"
		validate=1
		;;
	--brief) program="$program $1" ;;
	--listing)
		listing=1
		pci=1
		;;
	--pci) pci=alone ;;
	*) break ;;
	esac
	shift
done

[ -e $lib/libvulkan.so.1 ] || {
	echo "Bail out! this guest is not shown Mesa: lab/nvk --kernel ${LAB_KERNEL:-KERNEL}"
	exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${LAB_KERNEL:-} in
uml-*) ;;
*)
	# In emulation, each start of a program over the share takes long, and all else.
	program="$program --slow"
	mkdir "$work/lib"
	for file in $lib/*.so*; do
		case ${file##*/} in
		libvulkan_nouveau*) ;;
		libVkLayer_khronos*) [ -n "$validate" ] || continue ;;
		libvulkan_* | libVkLayer_*) continue ;;
		esac
		cp -a "$file" "$work/lib/"
	done
	lib=$work/lib
	;;
esac
export LD_LIBRARY_PATH=$lib VK_DRIVER_FILES=$icd VK_LAYER_PATH=$layers
export VK_KHRONOS_VALIDATION_VALIDATE_SYNC=1 MESA_SHADER_CACHE_DISABLE=1 XDG_RUNTIME_DIR="$work"

missing=$([ -z "$own" ] || ldd "$own" 2>&1 | sed -n 's/^[[:space:]]*\(.*[^ >]\)\( =>\)\{0,1\} not found.*/\1/p' | tr '\n' ';')
[ -z "$missing" ] || {
	echo "Bail out! your Mesa wants what Debian 13 does not have: $missing"
	exit 1
}

modules='drm_gpuvm_ref nouveau_ref'
# User-Mode Linux does not tell KASAN when a module goes: none is loaded twice.
[ "${LAB_KERNEL:-}" != uml-kasan ] || [ -z "$listing" ] || pci=
count=$(build/nvk/nvk-client --list | awk -v names="$*" '
	BEGIN { n = split(names, name, " ") }
	{
		hit = !n
		for (i in name)
			hit = hit || $0 == name[i] || index($0, name[i] ".") == 1
		count += hit
	}
	END { print count + 0 }')
echo "KTAP version 1"
[ "$pci" != alone ] || count=-2
[ -z "$listing" ] || count=$((count + 2))
[ -z "$pci" ] || count=$((count + 4))
echo "1..$((count + 2))"

number=0
failed=0
result() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		failed=1
		[ ! -s "$work/said" ] || tail -n 40 "$work/said" | sed 's/^/# /'
		echo "not ok $number - $2"
	fi
	: >"$work/said"
}

# What the loader finds: one GPU, NVK's, with the vendor's number.
listed() {
	$root/bin/vulkaninfo --summary >"$work/said" 2>&1 &&
		grep -q '^GPU0' "$work/said" && ! grep -q '^GPU1' "$work/said" &&
		grep -qE 'vendorID *= 0x10de' "$work/said" &&
		grep -qE 'driverID *= DRIVER_ID_MESA_NVK' "$work/said"
}

# All that a GPU can tell is asked for without an error.
listed_in_full() {
	$root/bin/vulkaninfo >"$work/full" 2>"$work/said" && ! grep -qi error "$work/said" &&
		grep -q 'sparseResidencyBuffer *= true' "$work/full"
}

# The bus and the slot that NVK tells are those of the device in sysfs.
on_its_bus() {
	$root/bin/vulkaninfo >"$work/said" 2>&1 || return
	for device in /sys/bus/pci/devices/*; do
		[ "$(cat "$device/vendor")" = 0x10de ] || continue
		name=${device##*/}
		slot=${name##*:}
		[ "$(sed -n 's/^[[:space:]]*pciDomain *= *//p' "$work/said" | head -n 1)" = "$((0x${name%%:*}))" ] &&
			[ "$(sed -n 's/^[[:space:]]*pciDevice *= *//p' "$work/said" | head -n 1)" = "$((0x${slot%.*}))" ]
		return
	done
	echo "no PCI device of vendor 0x10de" >"$work/said"
	return 1
}

unload() {
	for try in 1 2 3 4 5 6 7 8 9; do
		# shellcheck disable=SC2086 # a list of words
		! lab/guest/unload $modules 2>"$work/said" || return 0
		sleep 0.$try
	done
	return 1
}

# The device on a PCI bus.
list_pci() {
	lab/guest/load drm_gpuvm_ref nouveau_ref pci=1 >"$work/said" 2>&1
	result $? "load.pci"
	listed
	result $? "vulkaninfo.pci"
	on_its_bus
	result $? "vulkaninfo.pci-bus"
	unload
	result $? "unload.pci"
}
if [ "$pci" = alone ]; then
	list_pci
	exit "$failed"
fi

# shellcheck disable=SC2086 # a list of words
lab/guest/load $modules >"$work/said" 2>&1
result $? load
if [ -n "$listing" ]; then
	listed
	result $? "vulkaninfo.platform"
	listed_in_full
	result $? "vulkaninfo.in-full"
fi

# Line by line: what was seen of a guest that dies must not be in a buffer.
# shellcheck disable=SC2086 # a list of words
build/nvk/nvk-client $program "$@" 2>&1 </dev/null | while IFS= read -r line; do
	case $line in
	KTAP* | 1..*) continue ;;
	"ok "* | "not ok "*)
		number=$((number + 1))
		rest=${line#*ok * - }
		line="${line%%ok *}ok $number - $rest"
		echo "$number" >"$work/number"
		;;
	esac
	printf '%s\n' "$line"
	case $line in
	"not ok"*) : >"$work/failed" ;;
	esac
done
[ ! -s "$work/number" ] || number=$(cat "$work/number")
[ ! -e "$work/failed" ] || failed=1
unload
result $? unload

[ -z "$pci" ] || list_pci
exit "$failed"
