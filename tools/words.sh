#!/bin/sh
# Bring locale/ up to date with the words in code, templates and scripts, and compile it.
# Usage: tools/words.sh [PYTHON]. What is new stands there with an empty msgstr: translate it, and
# run this again. docs/explanation/japanese.md says which word stands for which.
set -eu

python=${1:-.venv/bin/python}
command -v msgmerge >/dev/null || { echo "gettext is missing: sudo apt install gettext" >&2; exit 1; }

if [ -z "${LABELER_DATA:-}" ]; then
    LABELER_DATA=$(mktemp -d) # settings make a secret key there
    trap 'rm -rf "$LABELER_DATA"' EXIT
    export LABELER_DATA
fi
options="--locale ja --no-location --no-wrap --no-obsolete"
ignored="--ignore static/vendor/* --ignore .venv/* --ignore tests/* --ignore benchmarks/* --ignore docs/*"
# The patterns are makemessages' own, not the shell's.
set -f
# shellcheck disable=SC2086
"$python" manage.py makemessages $options $ignored --ignore 'static/*' >/dev/null
# shellcheck disable=SC2086
"$python" manage.py makemessages --domain djangojs $options $ignored >/dev/null
# Sorted and without dates, so that a change shows only the words it changed.
set +f
for file in locale/*/LC_MESSAGES/*.po; do
    msgattrib --sort-output --no-wrap --no-location --output-file "$file" "$file"
    sed -i.old -e '/^"POT-Creation-Date:/d' -e '/^"Report-Msgid-Bugs-To:/d' "$file" && rm "$file.old"
done
"$python" manage.py compilemessages --locale ja --ignore .venv >/dev/null
