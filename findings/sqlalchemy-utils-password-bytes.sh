#!/usr/bin/env bash
# The password column of SQLAlchemy-Utils 0.42.0 holds bytes, so that a CSV of it holds Python's own spelling of them.
#
# Seen: `PasswordType` keeps passlib's text in a BLOB (VARBINARY elsewhere). Python's csv module, given the rows of such a table, writes
# b'$pbkdf2-sha512$25000$…' with the letter and the quotes as part of the cell; `sqlite3 -csv` writes the hash; its `.dump` writes X'24…'. Three exports of one
# table, of which passlib verifies one as it stands. And 0.42.0, which is the newest and asks for "SQLAlchemy>=1.4", cannot be imported beside SQLAlchemy 2.1.9: AttributeError.
# Guessed before: a column of text.
set -euo pipefail
command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || { echo "skipped: needs python3 and pip"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_ROOT_USER_ACTION=ignore
cd "$work"
python3 -m pip install -q --disable-pip-version-check --target two SQLAlchemy==2.0.44 SQLAlchemy-Utils==0.42.0 passlib==1.7.4
python3 -m pip install -q --disable-pip-version-check --target newer SQLAlchemy==2.1.9 SQLAlchemy-Utils==0.42.0
PYTHONPATH="$work/two" python3 -W ignore - <<'P'
import csv, io, sqlite3
import sqlalchemy as sa
from passlib.hash import pbkdf2_sha512
from sqlalchemy.orm import Session, declarative_base
from sqlalchemy_utils import PasswordType

Base = declarative_base()

class User(Base):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    email = sa.Column(sa.String(100))
    password = sa.Column(PasswordType(schemes=["pbkdf2_sha512"]))

engine = sa.create_engine("sqlite:///users.db")
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add(User(email="ada@example.com", password="Correct-Horse-9"))
    session.commit()
rows = sqlite3.connect("users.db")
out = io.StringIO()
csv.writer(out).writerows(rows.execute("SELECT email, password FROM users"))
cell = next(csv.reader(io.StringIO(out.getvalue())))[1]
dump = next(line for line in rows.iterdump() if line.startswith("INSERT"))
stored = rows.execute("SELECT password, typeof(password) FROM users").fetchone()
print("csv module:", cell[:30] + "…", "dump:", dump[-12:], "stored as", stored[1])
assert stored[1] == "blob" and cell.startswith("b'$pbkdf2-sha512$25000$") and cell.endswith("'"), cell
assert ",X'24706" in dump, dump
assert not pbkdf2_sha512.identify(cell) and pbkdf2_sha512.verify("Correct-Horse-9", stored[0])
P
if PYTHONPATH="$work/newer" python3 -W ignore -c "import sqlalchemy_utils" 2>error; then
  echo "0.42.0 can be imported beside SQLAlchemy 2.1.9 now"
  exit 1
fi
tail -1 error | grep -o "AttributeError: module 'sqlalchemy.orm.attributes' has no attribute 'ScalarAttributeImpl'"
