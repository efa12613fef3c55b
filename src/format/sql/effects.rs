//! What statements do that do not say it with their first word: they hold another one, or call what the dump does not have.
//!
//! Nothing is parsed: a statement that is not known to be harmless, has the word of one that changes rows and names a table does so.

use super::lexer::is_word;

/// First words of statements that change nobody's rows, whatever they name.
pub(super) const HARMLESS: [&str; 40] = [
    "SET",
    "PRAGMA",
    "LOCK",
    "UNLOCK",
    "COMMENT",
    "GRANT",
    "REVOKE",
    "RESET",
    "ANALYZE",
    "VACUUM",
    "SHOW",
    "USE",
    "PRINT",
    "PROMPT",
    "REINDEX",
    "CLUSTER",
    "REFRESH",
    "SECURITY",
    "NOTIFY",
    "LISTEN",
    "UNLISTEN",
    "DISCARD",
    "FLUSH",
    "OPTIMIZE",
    "CHECK",
    "REPAIR",
    "CHECKPOINT",
    "DBCC",
    "DESCRIBE",
    "DESC",
    "SAVEPOINT",
    "RELEASE",
    "IMPORT",
    "ATTACH",
    "DETACH",
    "WHENEVER",
    "SPOOL",
    "DEALLOCATE",
    "CLOSE",
    "HELP",
];

/// The word of a statement within this one that changes or takes back rows.
pub(super) fn within(statement: &[u8]) -> Option<&'static str> {
    let mut before: &[u8] = b"";
    let mut words = words(statement).peekable();
    while let Some(word) = words.next() {
        let after_key = [&b"ON"[..], b"FOR", b"NO"].iter().any(|key| before.eq_ignore_ascii_case(key));
        let of_table = words.peek().is_some_and(|next| next.eq_ignore_ascii_case(b"TABLE"));
        for (known, counts) in [
            ("UPDATE", !after_key),
            ("DELETE", !after_key),
            ("TRUNCATE", !after_key),
            ("MERGE", true),
            ("DROP", of_table),
            ("RENAME", of_table),
        ] {
            if counts && word.eq_ignore_ascii_case(known.as_bytes()) {
                return Some(known);
            }
        }
        before = word;
    }
    None
}

/// Whether a statement names a table, by the table's bare name.
pub(super) fn names(statement: &[u8], table: &str) -> bool {
    words(statement).any(|word| word.eq_ignore_ascii_case(table.as_bytes()))
}

/// The word that calls what the dump does not have, and what that is called: a procedure, a function that is none of the database's own,
/// a file.
pub(super) fn call(statement: &[u8]) -> Option<(&'static str, String)> {
    let mut rest = statement;
    let first = next(&mut rest)?;
    let is = |word: &str| first.eq_ignore_ascii_case(word.as_bytes());
    match () {
        () if is("CALL") => Some(("CALL", called(&mut rest)?)),
        () if is("SOURCE") => Some(("SOURCE", file(statement))),
        () if is("EXEC") || is("EXECUTE") => {
            // `EXECUTE s` of what was prepared, which is looked at there.
            let name = called(&mut rest)?;
            let own = (name.starts_with("sp_") || name.starts_with("xp_")) && name != "sp_rename";
            (is("EXEC") && !own).then_some(("EXEC", name))
        }
        () if is("SELECT") => unknown_function(rest).map(|name| ("SELECT", name)),
        () => {
            let at = words_at(statement).find(|(_, word)| word.eq_ignore_ascii_case(b"PERFORM"));
            let (at, word) = at?;
            unknown_function(&statement[at + word.len()..]).map(|name| ("PERFORM", name))
        }
    }
}

/// The name of a file that a line has read, behind its first word.
pub(super) fn file(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let path = line.trim().split_once(char::is_whitespace).map_or("", |(_, path)| path);
    let path = path.trim().trim_end_matches(';').trim_matches(['\'', '"']);
    path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

/// The function that a text begins with the call of, if it is none of the database's own.
fn unknown_function(text: &[u8]) -> Option<String> {
    const OWN: [&str; 24] = [
        "setval",
        "set_config",
        "nextval",
        "currval",
        "lastval",
        "current_setting",
        "count",
        "min",
        "max",
        "sum",
        "avg",
        "concat",
        "coalesce",
        "now",
        "version",
        "database",
        "load_extension",
        "create_hypertable",
        "addgeometrycolumn",
        "recovergeometrycolumn",
        "initspatialmetadata",
        "last_insert_rowid",
        "last_insert_id",
        "changes",
    ];
    const FAMILIES: [&str; 4] = ["pg_", "lo_", "timescaledb_", "st_"];
    let mut rest = text;
    let name = called(&mut rest)?;
    let follows = rest.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'(');
    let catalog =
        text.trim_ascii_start().len() > 11 && text.trim_ascii_start()[..11].eq_ignore_ascii_case(b"pg_catalog.");
    let is_own = catalog || OWN.contains(&&*name) || FAMILIES.iter().any(|family| name.starts_with(family));
    (follows && !is_own).then_some(name)
}

/// The last part of a name that a text begins with, in lower case; it is left behind it.
fn called(rest: &mut &[u8]) -> Option<String> {
    let is_name = |b: u8| is_word(b) || matches!(b, b'.' | b'[' | b']' | b'"' | b'`' | b'$');
    let text = rest.trim_ascii_start();
    let end = text.iter().position(|&b| !is_name(b)).unwrap_or(text.len());
    *rest = &text[end..];
    let name = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default().trim_matches(['[', ']', '"', '`']).to_owned();
    (!last.is_empty()).then_some(last)
}

/// The word that a text begins with, which is left behind it.
fn next<'t>(rest: &mut &'t [u8]) -> Option<&'t [u8]> {
    let start = rest.iter().position(|&b| is_word(b))?;
    let text = &rest[start..];
    let end = text.iter().position(|&b| !is_word(b)).unwrap_or(text.len());
    *rest = &text[end..];
    Some(&text[..end])
}

/// All words of a statement, those within its texts as well: what is prepared or run stands in one.
fn words(statement: &[u8]) -> impl Iterator<Item = &[u8]> {
    words_at(statement).map(|(_, word)| word)
}

fn words_at(statement: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut rest = statement;
    std::iter::from_fn(move || {
        let word = next(&mut rest)?;
        Some((statement.len() - rest.len() - word.len(), word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_holds_or_calls_is_found() {
        for (statement, expected) in [
            ("WITH old AS (SELECT 2 AS id) DELETE FROM users USING old WHERE users.id = old.id", Some("DELETE")),
            ("DO $$ BEGIN UPDATE users SET active = 0 WHERE id = 2; END $$", Some("UPDATE")),
            ("PREPARE s FROM 'UPDATE users SET active = 0'", Some("UPDATE")),
            ("EXPLAIN ANALYZE DELETE FROM users", Some("DELETE")),
            ("BEGIN\n DROP TABLE users", Some("DROP")),
            ("DO $$ BEGIN ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES users ON DELETE CASCADE; END $$", None),
            ("WITH x AS (SELECT * FROM users FOR UPDATE) SELECT 1", None),
            ("IF NOT EXISTS (SELECT 1) BEGIN DROP INDEX users_i END", None),
        ] {
            assert_eq!(within(statement.as_bytes()), expected, "{statement}");
        }
        for (statement, expected) in [
            ("CALL purge(2)", Some(("CALL", "purge"))),
            ("EXEC dbo.DeactivateUser @id = 2", Some(("EXEC", "deactivateuser"))),
            ("EXEC sys.sp_addextendedproperty @name = N'MS_Description'", None),
            ("EXEC [shop].[dbo].[sp_fulltext_database] @action = 'enable'", None),
            ("EXECUTE s", None),
            ("SELECT public.deactivate_user(2)", Some(("SELECT", "deactivate_user"))),
            ("SELECT pg_catalog.setval('public.users_id_seq', 4, true)", None),
            ("SELECT pg_catalog.set_config('search_path', '', false)", None),
            ("SELECT setval('users_id_seq', 4)", None),
            ("SELECT 1", None),
            ("SELECT * FROM users", None),
            ("DO $$ BEGIN PERFORM deactivate(2); END $$", Some(("PERFORM", "deactivate"))),
            ("DO $$ BEGIN CREATE TYPE a AS ENUM ('b'); EXCEPTION WHEN duplicate_object THEN null; END $$", None),
        ] {
            let called = call(statement.as_bytes());
            assert_eq!(called.as_ref().map(|(what, name)| (*what, name.as_str())), expected, "{statement}");
        }
        assert!(
            names(b"UPDATE \"public\".\"Users\" SET a = 1", "users") && !names(b"UPDATE users_old SET a = 1", "users")
        );
    }
}
