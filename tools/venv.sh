#!/bin/sh
# Make the virtual environment and install pinned packages into it, once per content of the file.
# Usage: tools/venv.sh requirements.txt [VENV]
set -eu

wanted=$1
venv=${2:-.venv}
least='import sys; sys.exit(sys.version_info < (3, 11))'

say() { printf '%s\n' "$*" >&2; }

# A name on the PATH may be a shim that does not run: ask each candidate, do not look for files.
find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.14 python3.11 python}; do
        if "$candidate" -c "$least" >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    say "Labeler needs Python 3.11 or newer; none of ${PYTHON:-python3, python3.11 to python3.14} is."
    say "Install one and start again, or name it: make PYTHON=/path/to/python3.12 run"
    exit 1
}

make_venv() {
    python=$(find_python)
    if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        say "$python cannot make a virtual environment: its venv or ensurepip module is missing."
        say "Debian and Ubuntu keep them in a package of their own: sudo apt install python3-venv"
        exit 1
    fi
    say "Making a virtual environment in $venv with $("$python" --version 2>&1)."
    "$python" -m venv --clear "$venv"
}

"$venv/bin/python" -c "$least" >/dev/null 2>&1 || make_venv

# The stamp names what was installed: the files' content and the Python they were installed for.
stamp=$venv/installed-$(basename "$wanted" .txt)
now=$("$venv/bin/python" - requirements.txt "$wanted" <<'PY'
import hashlib, pathlib, sys
files = [pathlib.Path(name).read_bytes() for name in sys.argv[1:]]
print(sys.version_info[:2], hashlib.sha256(b"\0".join(files)).hexdigest())
PY
)
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$now" ]; then
    exit 0
fi

say "Installing the packages of $wanted. The first time this takes minutes: PyTorch is large."
began=$(date +%s)
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted" || {
    say "The packages could not be installed; the lines above say why. Start again to go on."
    exit 1
}
say "Installed in $(($(date +%s) - began)) s."
printf '%s\n' "$now" > "$stamp"
