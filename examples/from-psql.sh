#!/usr/bin/env bash
# From a PostgreSQL table straight into rehome: no export lies on a disk. DATABASE_URL says which database.
# Columns under rehome's own names need no mapping. Give `check` or `import` and its flags: ./from-psql.sh check
set -euo pipefail
psql "$DATABASE_URL" --no-psqlrc --quiet --command "
  COPY (
    SELECT id, email, email_confirmed AS email_verified, display_name AS name, password_hash, created_at
    FROM users
    ORDER BY id
  ) TO STDOUT WITH (FORMAT csv, HEADER)" | rehome "$@" -
