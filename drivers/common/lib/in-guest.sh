# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=sh
#
# For suites of client tests: sourced from the top of the checkout.

# run_tests SCRIPT KERNEL [THEME [CASE...] [+ THEME...]]
#
# Runs them in one guest, by a driver's script for that. What the kernel itself
# reports is a result of its own, the last one.
run_tests() {
	ct_script=$1
	ct_kernel=$2
	shift 2
	ct_show=
	case " $* " in
	*" igt "*) ct_show=$(lab/igt --place) || exit ;;
	esac
	ct_dir=$(mktemp -d)
	trap 'rm -rf "$ct_dir"' EXIT
	trap 'exit 130' INT TERM HUP

	{
		ct_rc=0
		lab/run --timeout 600 ${ct_show:+--show "$ct_show"} "$ct_kernel" -- \
			sh "$ct_script" --more 1 "$@" \
			2>"$ct_dir/reports" || ct_rc=$?
		echo "$ct_rc" >"$ct_dir/rc"
	} | tee "$ct_dir/out"

	ct_planned=$(sed -n 's/^1\.\.//p' "$ct_dir/out" | head -n 1)
	read -r ct_rc <"$ct_dir/rc"
	sed 's/^/# /' "$ct_dir/reports"
	# 1 is a case that failed, which was told; 97 and more is the guest.
	if [ "$ct_rc" -le 1 ]; then
		echo "ok ${ct_planned:-1} - no report from the kernel"
	else
		echo "# status $ct_rc of the guest"
		echo "not ok ${ct_planned:-1} - no report from the kernel"
	fi
	exit "$ct_rc"
}
