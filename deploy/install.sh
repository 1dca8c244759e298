#!/bin/sh
# install.sh LOCK STAMP: brings .venv to the state of LOCK, and does nothing when it is there already.
# The stamp holds the lock's content, so a second start costs one comparison.
set -eu
lock=$1
stamp=.venv/$2
if [ -f "$stamp" ] && cmp -s "$lock" "$stamp" && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
    python=$(sh deploy/find-python.sh) || exit 1
    echo "Making .venv with $python"
    rm -rf .venv
    "$python" -m venv .venv
fi
echo "Installing $lock (only when it has changed) ..."
# --no-deps: the lock names every package. Older pips look at a newer release for a package asked for with an extra
# (coverage[toml]) and then refuse it for want of a hash, on the day that release appears.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock" || {
    echo "The packages of $lock could not be installed; check the network or the package index that pip uses, then run the same command again." >&2
    exit 1
}
cp "$lock" "$stamp"
