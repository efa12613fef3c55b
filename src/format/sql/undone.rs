//! Statements that change or take back rows which stand before them: of which tables.

use super::head::Head;

/// What a statement is called, and the tables whose rows it changes or takes back. A second name of a table stands for it.
pub(super) fn tables(statement: &[u8]) -> Option<(&'static str, Vec<Name>)> {
    const MODIFIERS: [&str; 4] = ["LOW_PRIORITY", "QUICK", "IGNORE", "ONLY"];
    let mut head = Head::new(statement);
    if head.word("UPDATE") {
        head.any_of(&MODIFIERS);
        return Some(("UPDATE", references(&mut head).into_iter().map(|(table, _)| table).collect()));
    }
    if head.word("DELETE") {
        head.any_of(&MODIFIERS);
        return Some(("DELETE", deleted(&mut head)));
    }
    if head.word("TRUNCATE") {
        head.any_of(&["TABLE", "ONLY"]);
        return Some(("TRUNCATE", listed(&mut head)));
    }
    if head.word("DROP") && head.word("TABLE") {
        head.any_of(&["IF", "EXISTS"]);
        return Some(("DROP TABLE", listed(&mut head)));
    }
    head.pos = 0;
    if head.word("MERGE") {
        head.word("INTO");
        return Some(("MERGE", head.table().into_iter().collect()));
    }
    if head.word("RENAME") && head.word("TABLE") {
        let mut names = Vec::new();
        while let Some(table) = head.table() {
            names.push(table);
            if !(head.word("TO") && head.table().is_some() && head.byte(b',')) {
                break;
            }
        }
        return Some(("RENAME", names));
    }
    head.pos = 0;
    if head.word("ALTER") && head.word("TABLE") {
        head.any_of(&["IF", "EXISTS", "ONLY"]);
        let table = head.table()?;
        let of_rows = |head: &mut Head<'_>| {
            let what = ["EXCHANGE", "DROP", "TRUNCATE", "SWITCH"].iter().any(|word| head.word(word));
            what && (head.word("PARTITION") || head.word("TO"))
        };
        let before = head.pos;
        if of_rows(&mut head) {
            return Some(("ALTER TABLE", vec![table]));
        }
        head.pos = before;
        return (head.word("RENAME") && (head.word("TO") || head.word("AS"))).then(|| ("RENAME", vec![table]));
    }
    None
}

/// A table's name, with its schema's before it.
type Name = (Option<String>, String);

/// `FROM users`, `u FROM users u JOIN …`, `users.* FROM users, bans`, `FROM u USING users AS u …`
fn deleted(head: &mut Head<'_>) -> Vec<Name> {
    let first = head.word("FROM");
    head.word("ONLY");
    let targets = listed(head);
    let others = if first { head.word("USING") } else { head.word("FROM") };
    if !others {
        return targets;
    }
    let references = references(head);
    let meant = |target: Name| {
        let is = |(_, other): &&(Name, Option<String>)| target.0.is_none() && other.as_ref() == Some(&target.1);
        references.iter().find(is).map_or(target.clone(), |(table, _)| table.clone())
    };
    targets.into_iter().map(meant).collect()
}

/// Names with commas between them.
fn listed(head: &mut Head<'_>) -> Vec<Name> {
    let mut names = Vec::new();
    while let Some(table) = target(head) {
        names.push(table);
        if !head.byte(b',') {
            break;
        }
    }
    names
}

/// A table's name, which of MySQL may end in `.*`.
fn target(head: &mut Head<'_>) -> Option<Name> {
    let (mut schema, mut name) = (None, head.name()?);
    while head.byte(b'.') {
        if head.byte(b'*') {
            break;
        }
        schema = Some(std::mem::replace(&mut name, head.name()?));
    }
    Some((schema, name))
}

/// Tables as a statement refers to them, each with its second name: with commas or `JOIN` between them.
fn references(head: &mut Head<'_>) -> Vec<(Name, Option<String>)> {
    const NO_NAMES: [&str; 16] = [
        "JOIN",
        "INNER",
        "LEFT",
        "RIGHT",
        "FULL",
        "CROSS",
        "OUTER",
        "NATURAL",
        "STRAIGHT_JOIN",
        "ON",
        "USING",
        "WHERE",
        "SET",
        "FROM",
        "ORDER",
        "LIMIT",
    ];
    let mut found = Vec::new();
    while let Some(table) = head.table() {
        let named = head.word("AS");
        let before = head.pos;
        let second = head.name().filter(|name| named || !NO_NAMES.iter().any(|word| name.eq_ignore_ascii_case(word)));
        if second.is_none() {
            head.pos = before;
        }
        found.push((table, second));
        // To the next one, past what joins them.
        loop {
            if head.byte(b',') || head.word("JOIN") || head.word("STRAIGHT_JOIN") {
                break;
            }
            if head.word("SET") || head.word("WHERE") || !pass(head) {
                return found;
            }
        }
    }
    found
}

/// Passes over a name or a sign.
fn pass(head: &mut Head<'_>) -> bool {
    let Some(sign) = head.peek() else { return false };
    if head.name().is_none() {
        head.byte(sign);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_a_statement_are_those_whose_rows_it_changes() {
        for (statement, expected) in [
            ("DELETE FROM users", "DELETE users"),
            ("DELETE FROM ONLY public.users WHERE id = 1", "DELETE users"),
            ("DELETE u FROM users u JOIN bans b ON b.user_id = u.id WHERE b.id > 3", "DELETE users"),
            ("DELETE u.*, b.* FROM `users` AS u INNER JOIN bans AS b USING (user_id)", "DELETE users bans"),
            ("DELETE b FROM users u, bans b WHERE b.user_id = u.id", "DELETE bans"),
            ("DELETE users FROM users LEFT JOIN bans ON 1", "DELETE users"),
            ("DELETE FROM u USING users AS u JOIN bans b ON 1", "DELETE users"),
            ("delete low_priority quick from users order by id limit 1", "DELETE users"),
            ("DELETE [users] WHERE id = 2", "DELETE users"),
            ("DROP TABLE IF EXISTS tmp, users CASCADE", "DROP TABLE tmp users"),
            ("DROP VIEW users", ""),
            ("TRUNCATE ONLY a.tmp, a.users RESTART IDENTITY", "TRUNCATE tmp users"),
            ("RENAME TABLE users TO old, tmp TO users", "RENAME users tmp"),
            ("ALTER TABLE users RENAME TO old", "RENAME users"),
            ("ALTER TABLE users EXCHANGE PARTITION p0 WITH TABLE u2", "ALTER TABLE users"),
            ("ALTER TABLE users DROP COLUMN a", ""),
            ("ALTER TABLE users RENAME COLUMN a TO b", ""),
            ("ALTER TABLE users ADD PRIMARY KEY (id)", ""),
            ("UPDATE users SET a = 1", "UPDATE users"),
            ("UPDATE IGNORE a, users AS u SET u.banned = 1", "UPDATE a users"),
            ("UPDATE bans b JOIN users u ON u.id = b.user_id AND 'x' = b.y SET u.banned = 1", "UPDATE bans users"),
            ("MERGE INTO users USING x ON 1", "MERGE users"),
        ] {
            let found = tables(statement.as_bytes()).map(|(what, tables)| {
                let names: Vec<_> = tables.into_iter().map(|(_, name)| name).collect();
                format!("{what} {}", names.join(" "))
            });
            assert_eq!(found.unwrap_or_default(), expected, "{statement}");
        }
    }
}
