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

# Two lanes side by side, of about the same length: what touches the database on PostgreSQL, then what
# does not, or brings servers of its own; and everything else on SQLite.
apart="tests/ml tests/supervisor tests/faults tests/team"
postgres=${LABELER_TEST_POSTGRES:-postgres://$(id -un)@127.0.0.1:5432/postgres}
if ! $python -c 'import psycopg2, sys; psycopg2.connect(sys.argv[1], connect_timeout=3)' "$postgres" 2>/dev/null; then
    missing "the tests on PostgreSQL" \
        "Name a database with LABELER_TEST_POSTGRES, such as postgres://me@127.0.0.1:5432/postgres."
    postgres=
fi

on_postgresql() {
    secret=$($python -c 'import secrets; print(secrets.token_hex(30))')
    exec env DATABASE_URL="$postgres" LABELER_SECRET_KEY="$secret" \
        LABELER_TEST_DB_SUFFIX="${LABELER_TEST_DB_SUFFIX}p" $python -m pytest -q $(printf -- '--ignore=%s ' $apart) \
        -m "(not browser and not slow) or team" $again "$@"
}

without_database() {
    exec env LABELER_TEST_DB_SUFFIX="${LABELER_TEST_DB_SUFFIX}a" $python -m pytest -q $apart $again "$@"
}

run() { # run NAME COMMAND…: what it says goes to NAME.txt, and it ends when this lane is told to end
    name=$1
    shift
    "$@" >"$scratch/$name.txt" 2>&1 &
    trap "kill $! 2>/dev/null; exit 1" TERM
    wait $! || touch "$scratch/$name.failed"
}

second_lane() {
    [ -z "$postgres" ] || run postgresql on_postgresql "$@"
    run apart without_database "$@"
}

say "Tests on SQLite; beside them those on PostgreSQL, then those of $apart"
second_lane "$@" &
beside=$!
$python -m pytest $(printf -- '--ignore=%s ' $apart) $again "$@" >"$scratch/sqlite.txt" 2>&1 &
alone=$!
tail -f --pid=$alone "$scratch/sqlite.txt" 2>/dev/null || true
wait $alone || touch "$scratch/sqlite.failed"
wait $beside || true
result=sqlite
for lane in postgresql apart; do
    [ -f "$scratch/$lane.txt" ] || continue
    say "Tests: $lane"
    cat "$scratch/$lane.txt"
    [ ! -f "$scratch/$lane.failed" ] || result=$lane
done
[ ! -f "$scratch/sqlite.failed" ] || result=sqlite
if [ -f "$scratch/$result.failed" ]; then
    say "The result: not everything passed"
    tail -n 1 "$scratch/$result.txt"
    exit 1
fi
say "The result"
tail -n 1 "$scratch/sqlite.txt"
