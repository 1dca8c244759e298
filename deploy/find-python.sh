#!/bin/sh
# Prints the path of a Python >= 3.12. Each candidate is run, not only looked up: pyenv's shims answer
# to a name that no installed version stands behind.
for candidate in "${PYTHON:-}" python3.13 python3.12 python3.14 \
    "$HOME"/.pyenv/versions/3.1[234].*/bin/python "$HOME"/.local/share/uv/python/cpython-3.1[234].*/bin/python3 python3; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 12) <= sys.version_info < (3, 15))' >/dev/null 2>&1; then
        "$candidate" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
echo "Ushiro needs Python 3.12, 3.13 or 3.14 with its venv module and none was found; install one (on Debian: python3 python3-venv), or name it: make install PYTHON=/path/to/python" >&2
exit 1
