#!/bin/sh
# Write the secrets that docker-compose.yml reads, once: random, in a folder only its owner opens.
# The files themselves are readable, because each container reads them as a user of its own.
set -eu
folder=${1:-secrets}

if [ -e "$folder" ]; then
    echo "$folder is there already; nothing was changed." >&2
    exit 1
fi

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

umask 077
mkdir "$folder"
database=$(random)
broker=$(random)
umask 022
printf '%s' "$database" > "$folder/database_password"
printf 'postgres://labeler:%s@postgres:5432/labeler' "$database" > "$folder/database_url"
printf 'default_user = labeler\ndefault_pass = %s\n' "$broker" > "$folder/broker_user"
printf 'amqp://labeler:%s@rabbitmq:5672//' "$broker" > "$folder/broker_url"
random > "$folder/secret_key"
echo "Wrote $folder. Keep a copy where you keep passwords." >&2
