#!/usr/bin/env bash
# ejabberd 23.01 (Debian 12) writes the SCRAM members of its XML export with base64 applied twice.
#
# Seen: `export_piefxis` of a server with `auth_password_format: scram`. XEP-0227 1.1 has salt, server-key and stored-key
# as the base64 of the bytes. ejabberd keeps them base64 encoded already, and encodes that text once more: a salt of 16 bytes
# comes out as 32 characters, which decode to 24 characters of base64. A reader that decodes once, as the standard has it, gets
# credentials that verify nobody, without an error. The SQL export (`export2sql`) of the same server has them encoded once, the
# stored key in the column `password` as `sha256:BASE64`, which is no password; and it ends with an unhandled exception after the users
# where mod_muc is not loaded.
# The source of August 2026 still has the same lines. Guessed before: that the XML has the bytes in base64, as the standard says.
set -euo pipefail
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo "skipped: needs apt-get and dpkg-deb"; exit 0; }
work=$(mktemp -d)
trap '[ -z "${server:-}" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir -p "$work/debs/partial" "$work/tree" "$work/spool" "$work/out"
apt-get install -y -qq --download-only --no-install-recommends -o Debug::NoLocking=1 \
  -o Dir::State::status=/dev/null -o Dir::Cache::archives="$work/debs" ejabberd=23.01-1 >/dev/null
for deb in "$work"/debs/{ejabberd,erlang-,libyaml,libexpat}*.deb; do dpkg-deb -x "$deb" "$work/tree"; done

cat >"$work/ejabberd.yml" <<'Y'
hosts: [localhost]
loglevel: none
auth_method: internal
auth_password_format: scram
auth_scram_hash: sha256
listen: []
modules: {mod_private: {}, mod_vcard: {}}
Y
cat >"$work/go.erl" <<'R'
-module(go).
-export([go/1]).
go(Out) ->
    {ok, _} = application:ensure_all_started(ejabberd),
    ok = ejabberd_auth:try_register(<<"alice">>, <<"localhost">>, <<"Correct-Horse-9">>),
    ok = ejabberd_piefxis:export_server(list_to_binary(Out)),
    (catch ejd2sql:export(<<"localhost">>, Out ++ "/users.sql")),
    init:stop().
R
lib="$work/tree/usr/lib"
export ROOTDIR="$lib/erlang" EMU=beam PROGNAME=erl HOME="$work"
export BINDIR; BINDIR=$(dirname "$(find "$lib/erlang" -name erlexec -type f | head -n 1)")
export LD_LIBRARY_PATH="$lib/x86_64-linux-gnu"
export EJABBERD_CONFIG_PATH="$work/ejabberd.yml" EJABBERD_LOG_PATH="$work/ejabberd.log"
paths=$(find "$work/tree/usr/lib" -name ebin -type d)
(cd "$work" && "$BINDIR/erlexec" -noinput -boot "$ROOTDIR/bin/start_clean" -eval '{ok, _} = compile:file("go"), init:stop().' >/dev/null) || true
[ -f "$work/go.beam" ] || { echo "the compiler is not in these packages"; exit 1; }
(cd "$work" && timeout 120 "$BINDIR/erlexec" -noinput -boot "$ROOTDIR/bin/start_clean" -pa $paths "$work" \
  -mnesia dir "\"$work/spool\"" -eval "go:go(\"$work/out\")." >"$work/log" 2>&1) || { tail -n 20 "$work/log"; exit 1; }
xml=$(cat "$work"/out/*localhost.xml)
sql=$(grep -i '^insert' "$work/out/users.sql")
python3 - "$xml" "$sql" <<'P'
import base64, hashlib, hmac, re, sys
xml, sql = sys.argv[1:]
member = lambda name: re.search(f"<{name}>([^<]*)</{name}>", xml).group(1)
once = base64.b64decode(member("salt"))
salt = base64.b64decode(once)
key = hashlib.pbkdf2_hmac("sha256", b"Correct-Horse-9", salt, int(member("iter-count")))
stored = hashlib.sha256(hmac.digest(key, b"Client Key", "sha256")).digest()
print("ejabberd 23.01-1: <salt>%s</salt>: %d bytes decoded once, %d decoded twice" % (member("salt"), len(once), len(salt)))
assert len(once) == 24 and len(salt) == 16, "the salt is not encoded twice any more"
assert base64.b64decode(base64.b64decode(member("stored-key"))) == stored, "decoded twice, the password does not verify"
assert "'sha256:" + base64.b64encode(stored).decode() + "'" in sql, "the SQL export does not have the stored key under `password`"
print("decoded twice the password verifies; export2sql has the stored key once encoded, in the column `password`: sha256:…")
P
