#!/bin/sh
# Which commit changed it? In a kernel tree:
#
#     git bisect start BAD GOOD && git bisect run .../git-bisect.sh 576-router
#
# 0 good, 1 bad, 125 cannot be told: a commit that does not build, or does not boot.
set -eu
make -s olddefconfig
make -s -j "$(nproc)" bzImage || exit 125
exec pmtulab kernels run --kernel . --out "${TMPDIR:-/tmp}/bisect" "$@"
