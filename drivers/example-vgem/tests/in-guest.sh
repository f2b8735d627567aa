# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=sh
#
# For the suites of the client tests: sourced from the top of the checkout.

# client_tests KERNEL [THEME [CASE...] [+ THEME...]]
#
# Runs them in one guest. What the kernel itself reports is a result of its own,
# the last one.
client_tests() {
	ct_kernel=$1
	shift
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
			sh drivers/example-vgem/tests/run.sh --more 1 "$@" \
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
