#!/bin/sh
# Write the secrets that docker-compose.yml reads, once: random, in a folder only its owner opens.
# Its certificate is one that browsers warn of, for LABELER_DOMAIN: put your own in its place.
# The files themselves are readable, because each container reads them as a user of its own.
set -eu
folder=${1:-secrets}

if [ -e "$folder" ]; then
    echo "$folder is there already; nothing was changed." >&2
    exit 1
fi

domain=${LABELER_DOMAIN:-localhost}
if ! command -v openssl >/dev/null; then
    echo "openssl is not installed; it makes the first certificate." >&2
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
pictures=$(random)
printf '[default]\naws_access_key_id = labeler\naws_secret_access_key = %s\n' "$pictures" > "$folder/s3_keys"
printf '{"identities": [{"name": "labeler", "credentials": [{"accessKey": "labeler", "secretKey": "%s"}], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}\n' "$pictures" > "$folder/s3_users"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
    -subj "/CN=$domain" -addext "subjectAltName=DNS:$domain,DNS:localhost,IP:127.0.0.1" \
    -keyout "$folder/tls_key" -out "$folder/tls_certificate" 2>/dev/null
chmod 644 "$folder/tls_key"
echo "Wrote $folder. Keep a copy where you keep passwords." >&2
