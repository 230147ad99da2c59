#!/bin/sh
# Runs once, when the database's volume is empty: the application gets a role of its own, which owns its database and
# may do nothing else on this server. Needs: POSTGRES_USER, the server's own superuser; CONCORD_PASSWORD.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$CONCORD_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE concord LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE concord OWNER concord;
REVOKE ALL ON DATABASE concord FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
SQL
