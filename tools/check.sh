#!/bin/sh
# Every check there is, the quick ones first. Ends with the test runner's own summary.
# With CI=true nothing may be missing; without it, what needs a missing program is left out, and said.
set -eu

python=.venv/bin/python
say() { printf '\n── %s\n' "$*"; }

missing() {
    say "Left out: $1. $2"
    if [ "${CI:-}" = "true" ]; then
        exit 1
    fi
}

# The checks write into a folder of their own and know nothing of the installation's settings.
scratch=$(mktemp -d)
alone= beside=
stop() { kill $alone $beside 2>/dev/null || true; rm -rf "$scratch"; }
trap stop EXIT
trap 'exit 130' INT TERM
unset DATABASE_URL CELERY_BROKER_URL LABELER_STORAGE_URL
export LABELER_DATA="$scratch"
export LABELER_TEST_DB_SUFFIX="${LABELER_TEST_DB_SUFFIX:-$$}"

say "Style and types"
$python -m ruff check .
$python -m ruff format --check .
$python -m mypy labeler ml manage.py

say "Settings, migrations, static files"
$python manage.py check --fail-level WARNING
DATABASE_URL=postgres://nobody@127.0.0.1/labeler LABELER_SECRET_KEY=$($python -c 'import secrets; print(secrets.token_urlsafe(60))') \
    LABELER_HTTPS=1 LABELER_BEHIND_PROXY=1 LABELER_HOSTS=labels.example.org LABELER_ORIGINS=https://labels.example.org \
    $python manage.py check --deploy --fail-level WARNING
$python manage.py makemigrations --check --dry-run
$python manage.py collectstatic --no-input --verbosity 0

say "Known holes of the packages"
$python tools/audit.py

# Servers, processes and browsers have many clocks, and a busy machine stretches them: what fails is
# told again once, and the summary lists it as RERUN. What fails twice has failed.
again="--reruns 1 -r aR"

say "Programs the tests need"
command -v node >/dev/null || missing "the tests of scripts" "Install Node.js 20 or newer."
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
    command -v google-chrome >/dev/null || \
    missing "the tests in a browser" "Install Chromium: sudo apt install chromium"

sh tools/venv.sh requirements-readers.txt .venv-readers || \
    missing "the readers of other tools" "The lines above say why they could not be installed."

postgres=${LABELER_TEST_POSTGRES:-postgres://$(id -un)@127.0.0.1:5432/postgres}
told="$scratch/postgresql.txt"
if $python -c 'import psycopg2, sys; psycopg2.connect(sys.argv[1], connect_timeout=3)' "$postgres" 2>/dev/null; then
    say "Tests on PostgreSQL, whatever touches the database: they run beside those on SQLite"
    secret=$($python -c 'import secrets; print(secrets.token_hex(30))')
    DATABASE_URL=$postgres LABELER_SECRET_KEY=$secret LABELER_TEST_DB_SUFFIX="${LABELER_TEST_DB_SUFFIX}p" \
        $python -m pytest -q --ignore=tests/ml --ignore=tests/supervisor \
        -m "(not browser and not slow) or team" $again "$@" >"$told" 2>&1 &
    beside=$!
else
    missing "the tests on PostgreSQL" \
        "Name a database with LABELER_TEST_POSTGRES, such as postgres://me@127.0.0.1:5432/postgres."
fi

say "All tests, on SQLite"
$python -m pytest $again "$@" >"$scratch/sqlite.txt" 2>&1 &
alone=$!
tail -f --pid=$alone "$scratch/sqlite.txt" 2>/dev/null || true
failed=
wait $alone || failed="$scratch/sqlite.txt"
if [ -n "$beside" ]; then
    say "Tests on PostgreSQL"
    wait $beside || failed=$told
    cat "$told"
fi
say "The result${failed:+: not everything passed}"
tail -n 1 "${failed:-$scratch/sqlite.txt}"
[ -z "$failed" ]
