# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=sh
#
# For the suites of the client tests: sourced from the top of the checkout.

. drivers/common/lib/in-guest.sh

# client_tests KERNEL [THEME [CASE...] [+ THEME...]]
client_tests() {
	run_tests drivers/example-vgem/tests/run.sh "$@"
}
