//! Files that are no text that is read: what they are, and which tool makes such a text of them.

use std::path::Path;

/// What these first bytes belong to, and what would read it.
pub(crate) fn foreign(head: &[u8], name: &str) -> Option<String> {
    let name = crate::escape::word(name);
    let starts = |magic: &[u8]| head.starts_with(magic);
    let said = match head {
        _ if starts(b"PGDMP") => {
            let name = name.strip_suffix("/toc.dat").unwrap_or(&name);
            format!("it is an archive of pg_dump: turn it into SQL with `pg_restore -f users.sql {name}` and pass that")
        }
        _ if starts(b"SQLite format 3\0") => {
            "it is an SQLite database, which is read as a file alone: unpack it, and pass its path".into()
        }
        _ if starts(b"PAR1") => format!(
            "it is a Parquet file: turn it into CSV, as with `duckdb -c \"COPY (FROM '{name}') TO 'users.csv'\"`, and pass that"
        ),
        _ if starts(b"Obj\x01") => {
            "it is an Avro file: turn it into JSON with `avro-tools tojson` and pass that".into()
        }
        _ if starts(b"BZh") => format!("it is packed with bzip2: unpack it with `bunzip2 {name}` first"),
        _ if starts(b"\xfd7zXZ\0") => format!("it is packed with xz: unpack it with `unxz {name}` first"),
        _ if starts(b"7z\xbc\xaf") => format!("it is a 7-Zip archive: unpack it with `7z x {name}` first"),
        _ if starts(b"Rar!") => "it is a RAR archive: unpack it first".into(),
        _ if starts(b"\x6d\xe2\x99\x81") => {
            "it is an archive of mongodump: dump into a folder (`mongodump --out FOLDER`) and pass the BSON in it"
                .into()
        }
        _ if starts(b"SET DATABASE UNIQUE NAME HSQLDB") || starts(b"CREATE SCHEMA PUBLIC AUTHORIZATION DBA") => {
            "it is a script of HSQLDB, which HSQLDB alone reads: open the database with its SqlTool, write the table as CSV with `\\x USERS`, \
             and pass that"
                .into()
        }
        _ if [b"<table border".as_slice(), b"<tr><th>"].iter().any(|tag| begins(head, tag)) => {
            "it is a table in HTML, drawn for people: write it with `mysql --batch`, `psql --csv` or `sqlite3 -csv -header`, and pass that"
                .into()
        }
        _ if head.get(257..262) == Some(b"ustar") => {
            "it is a tar archive, which is read from a file alone: pass its path, or unpack it and pass the folder"
                .into()
        }
        _ => return None,
    };
    Some(said)
}

/// Whether a text begins so, in capitals or small letters.
fn begins(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// Whether the first document of BSON is what its length says: members of known types, and a zero at its end.
pub(crate) fn is_bson(head: &[u8]) -> bool {
    let Some(length) = head.first_chunk::<4>().map(|length| u32::from_le_bytes(*length) as usize) else { return false };
    let kind = head.get(4).copied().unwrap_or(0xff);
    (5..=16 * 1024 * 1024).contains(&length)
        && head.get(3) == Some(&0)
        && (1..=0x13).contains(&kind)
        && head.get(length - 1).is_none_or(|last| *last == 0)
        && head[5..].iter().take(128).position(|b| *b == 0).is_some_and(|end| end > 0)
}

/// Whether so much of it is no text that none of it is. A few zero bytes are damage, which costs the records it is in.
pub(crate) fn is_binary(head: &[u8]) -> bool {
    // So few at a time that a byte counts them, and sixteen and more are counted at once.
    let control = |part: &[u8]| -> u8 { part.iter().map(|b| u8::from(matches!(b, 0..=8 | 14..=26 | 28..=31))).sum() };
    let control: usize = head.chunks(255).map(|part| usize::from(control(part))).sum();
    control * 20 > head.len()
}

/// Tables that clients of databases draw for people, whose cells may be cut and whose empty cells say nothing.
pub(crate) fn unread_text(text: &[u8]) -> Option<String> {
    let mut lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii_end);
    let [first, second, third] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let drawn = |with: &[u8], line: &[u8]| {
        line.len() > 4 && line.windows(2).any(|two| two == b"--") && line.iter().all(|b| with.contains(b))
    };
    let has_sign = |line: &[u8]| line.windows(3).any(|three| three == b" = ");
    let said = match () {
        () if first.starts_with(b"****") && first.ends_with(b". row ***************************")
            || first.starts_with(b"-[ RECORD 1 ]") =>
        {
            "rows that mysql or psql wrote one below the other: write them with `mysql --batch` or `psql --csv`"
        }
        // Their names end in one column; what is blank before the first was taken off.
        () if has_sign(first) && has_sign(second) && [second, third].iter().any(|line| line.starts_with(b" ")) => {
            "rows one below the other, as `sqlite3 -line` writes them: write them with `sqlite3 -csv -header`"
        }
        () if first.len() > 4
            && first.split(|&b| b == b',').all(|cell| cell.starts_with(b"'") && cell.ends_with(b"'")) =>
        {
            "a list of SQL's values, as `sqlite3 -quote` writes it: write it with `sqlite3 -csv -header`"
        }
        () if drawn(b"+-", first) && first.starts_with(b"+-") => {
            "a table that mysql, psql or sqlite3 drew for people: write it with `mysql --batch`, `psql --csv` or `sqlite3 -csv -header`"
        }
        () if drawn(b"+-", second) && second.contains(&b'+') && first.contains(&b'|') => {
            "a table that psql drew for people: write it with `psql --csv`"
        }
        () if drawn(b"|-: ", second) && second.starts_with(b"|") && first.starts_with(b"|") => {
            "a table in Markdown, as `sqlite3 -markdown` writes it: write it with `sqlite3 -csv -header`"
        }
        () if first.starts_with("┌─".as_bytes()) || first.starts_with("╭─".as_bytes()) => {
            "a table in a box, drawn for people: write it with `sqlite3 -csv -header`"
        }
        () if drawn(b"- ", second) && second.starts_with(b"-") && second.contains(&b' ') && !first.contains(&b',') => {
            "a table in columns, as `sqlite3 -column` draws it for people: write it with `sqlite3 -csv -header`"
        }
        () => return None,
    };
    Some(format!("it is {said}, and pass that"))
}

/// Whether the first lines that say something are YAML's: a list of mappings, or a mapping of more than words.
pub(crate) fn is_yaml(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii_end);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b"%YAML"));
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    first == b"---"
        || text.starts_with(b"%YAML")
        || first.starts_with(b"- ") && first.contains(&b':')
        || first.ends_with(b":")
            && !first[..first.len() - 1].contains(&b':')
            && (second.starts_with(b"- ") || second.starts_with(b"  "))
        || is_member(first) && is_member(second) && !first.starts_with(b"dn:") && !first.starts_with(b"version:")
}

/// Whether a line is a member of a mapping, `hashed_password: $2y$…` or `access:`: in files of accounts nothing blank stands behind a colon.
fn is_member(line: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', line) else { return false };
    colon > 0
        && line[..colon].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        && line.get(colon + 1).is_none_or(|next| *next == b' ')
}

/// What to do where the name of a file is the address of something else.
pub(crate) fn not_a_file(path: &Path) -> Option<String> {
    let name = path.to_str()?;
    let (scheme, _) = name.split_once("://")?;
    let advice = match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => "the address of a database is read as an export of its own",
        "mysql" | "mariadb" => {
            "of MySQL and MariaDB the dump is read, also from a pipe: `mysqldump --single-transaction DATABASE TABLE … | rehome \
             check -`"
        }
        "mongodb" | "mongodb+srv" => {
            "databases are not read, only what they are exported to: `mongoexport --uri URL --collection users --out users.json`"
        }
        "sqlite" | "file" => "pass the path of a file, not its URL",
        "http" | "https" | "ftp" | "s3" | "gs" => "nothing is fetched: download the export and pass the file",
        "ldap" | "ldaps" => {
            "directories are not read, only what they are exported to: `ldapsearch -LLL … > users.ldif`"
        }
        _ => return None,
    };
    // What stands in the address may be a password.
    Some(format!("{scheme}://… is no file: {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_named_with_its_tool() {
        for (head, tool) in [
            (b"PGDMP\x01\x0e\0".as_slice(), "pg_restore"),
            (b"SQLite format 3\0\x10\0", "unpack"),
            (b"PAR1\x15\x04", "CSV"),
            (b"\x6d\xe2\x99\x81", "mongodump --out"),
            (b"SET DATABASE UNIQUE NAME HSQLDBA222EDB7D0\n", "\\x USERS"),
            (b"<TABLE BORDER=1><TR><TH>id</TH></TR></TABLE>", "psql --csv"),
        ] {
            let said = foreign(head, "x").unwrap_or_default();
            assert!(said.contains(tool), "{said}");
        }
        for text in [
            "---\n- model: auth.user\n",
            "- model: auth.user\n  pk: 1\n",
            "users:\n  - id: 1\n",
            "email: a@b.c\nhashed_password: $2y$\n",
        ] {
            assert!(is_yaml(text.as_bytes()), "{text}");
        }
        for (text, tool) in [
            ("+----+------+\n| id | mail |\n", "sqlite3 -csv"),
            (" id | email \n----+-------\n  1 | a@b.c\n", "psql --csv"),
            ("| id | email |\n|----|-------|\n| 1  | a@b.c |\n", "-markdown"),
            ("| id | email |\n|:---|------:|\n", "-markdown"),
            ("┌────┬───────┐\n│ id │ email │\n", "sqlite3 -csv"),
            ("*************************** 1. row ***************************\n   id: 1\n", "mysql --batch"),
            ("-[ RECORD 1 ]-+-----\nid | 1\n", "psql --csv"),
            ("id = 1\nemail = a@b.c\n name = A\n", "-line"),
            ("'id','email'\n1,'a@b.c'\n", "-quote"),
            ("id  email  \n--  -----  \n1   a@b.c\n", "-column"),
        ] {
            assert!(unread_text(text.as_bytes()).is_some_and(|said| said.contains(tool)), "{text}");
        }
        for text in [
            "id,email\n1,a@b.c\n",
            "ann:$2y$05$x:\n",
            "-- MySQL dump\n",
            "dn: x\nmail: y\n",
            "version: 1\ndn: x\n",
            "a:b\nc:d\n",
            "id|a\n1|b\n",
            "<table>\n<row>",
        ] {
            assert_eq!((unread_text(text.as_bytes()), foreign(text.as_bytes(), "x")), (None, None), "{text}");
            assert!(!is_yaml(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn no_secret_of_an_address_is_repeated() {
        let said = not_a_file(Path::new("mysql://ann:secret@db/app")).unwrap();
        assert!(said.contains("mysqldump") && !said.contains("secret"), "{said}");
        assert_eq!(not_a_file(Path::new("users.csv")), None);
    }
}
