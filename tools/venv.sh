#!/bin/sh
# Make the virtual environment $1 with fusion-kit, editable, and its extra $2; $1/.ready is the stamp make looks at.
set -eu
venv=$1
extra=$2

usable() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if [ ! -x "$venv/bin/python" ]; then
    found=
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
        if usable "$candidate"; then
            found=$candidate
            break
        fi
    done
    if [ -z "$found" ]; then
        echo "fusion-kit needs Python 3.11 or newer with venv; none was found. Name one: make setup PYTHON=/path/to/python3" >&2
        exit 2
    fi
    "$found" -m venv "$venv"
fi
echo "setting up $venv (once; a minute or so)" >&2
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[$extra]"
touch "$venv/.ready"
