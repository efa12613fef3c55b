//! What SQLite makes of a dump, and what we do: statements written in every way that SQLite takes.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

/// How a value is written, of those that mean the same to everybody.
fn value() -> impl Strategy<Value = String> {
    let text = "[a-z'\\\\;(),\n\"é%#/*-]{0,12}";
    let quoted = |text: String| format!("'{}'", text.replace('\'', "''"));
    prop_oneof![
        4 => text.prop_map(quoted),
        1 => Just("NULL".to_owned()),
        1 => (-1000..1000_i32).prop_map(|n| n.to_string()),
        1 => "[a-zé]{0,6}".prop_map(|text| {
            format!("X'{}'", text.bytes().fold(String::new(), |digits, byte| format!("{digits}{byte:02X}")))
        }),
        1 => text.prop_map(move |text| format!("replace({},'\\n',char(10))", quoted(text))),
        1 => text.prop_map(move |text| format!("replace(replace({},'\\r',char(13)),'\\n',char(10))", quoted(text))),
        1 => "[a-z]{0,4}".prop_map(|text| format!("unistr('{text}\\u000a\\\\{text}\\u00e9')")),
        1 => ("[a-z]{0,4}", "[a-z]{0,4}").prop_map(|(one, other)| format!("'{one}' || char(65, 10)||'{other}'")),
        1 => "[a-z]{0,4}".prop_map(|text| format!("('{text}')")),
    ]
}

/// What may stand between any two words.
fn gap() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", " ", "\n", "\t ", " /* it's; (a) */ ", " -- it's; )\n", "\r\n"])
}

type Statement = (usize, Vec<(Vec<String>, &'static str, &'static str)>, bool);

fn statement() -> impl Strategy<Value = Statement> {
    (0..5_usize, prop::collection::vec((prop::collection::vec(value(), 2), gap(), gap()), 1..5), any::<bool>())
}

fn written(statements: &[Statement]) -> String {
    let mut dump =
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email, name, full text generated always as (name||email));\n"
            .to_owned();
    let mut id = 0;
    for (head, rows, semicolon_alone) in statements {
        dump.push_str(
            [
                "INSERT INTO users VALUES",
                "INSERT INTO \"users\"(id,email,name) VALUES",
                "insert or replace into users (id, email, name) values ",
                "REPLACE INTO 'users' (\"id\", [email], `name`) VALUES\n",
                "INSERT /* a */ INTO users -- b\nVALUES",
            ][*head],
        );
        for (index, (values, before, after)) in rows.iter().enumerate() {
            id += 1;
            let comma = if index == 0 { "" } else { "," };
            write!(dump, "{comma}{before}({id},{}{after},{before}{}){after}", values[0], values[1]).unwrap();
        }
        dump.push_str(if *semicolon_alone { "\n;\n" } else { ";\n" });
    }
    dump
}

fn theirs(dump: &str) -> Vec<[Option<String>; 3]> {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    database.execute_batch(dump).unwrap_or_else(|error| panic!("{error}: {dump}"));
    let mut select = database
        .prepare("SELECT CAST(id AS text), CAST(email AS text), CAST(name AS text) FROM users ORDER BY id")
        .unwrap();
    let rows = select.query_map((), |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).unwrap();
    rows.map(Result::unwrap).collect()
}

fn ours(dump: &str) -> Vec<[Option<String>; 3]> {
    let file = tempfile::Builder::new().suffix(".sql").tempfile().unwrap();
    std::fs::write(file.path(), dump).unwrap();
    let export =
        Export::open(&[file.path().to_owned()], ReadOptions { from: Some("generic".into()), ..ReadOptions::default() });
    let export = export.unwrap_or_else(|error| panic!("{error}: {dump}"));
    assert!(!export.is_incomplete(), "{:?}: {dump}", export.findings());
    let mut all = Vec::new();
    let each = |batch: &mut Vec<_>, item: Item<'_>| {
        let record = item.record.unwrap_or_else(|| panic!("{:?}: {dump}", item.account.err()));
        let text = |name| record.get(name).and_then(crate::format::Value::text).map(std::borrow::Cow::into_owned);
        batch.push([text("id"), text("email"), text("name")]);
    };
    export
        .scan(1, &Silent, Vec::new, each, |batch| {
            all.extend(batch);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn dumps_mean_what_sqlite_makes_of_them(statements in prop::collection::vec(statement(), 1..6)) {
        let dump = written(&statements);
        prop_assert_eq!(ours(&dump), theirs(&dump));
    }
}

/// Dumps long enough that what speaks for one way of reading strings adds up; `--nocapture` shows how many statements were tried.
#[test]
fn sqlite_agrees_with_every_statement_of_a_long_run() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let all = prop::collection::vec(statement(), 100);
    let (mut statements, mut rows) = (0, 0);
    for _ in 0..200 {
        let tree = all.new_tree(&mut runner).unwrap();
        let dump = written(&proptest::strategy::ValueTree::current(&tree));
        let theirs = theirs(&dump);
        assert_eq!(ours(&dump), theirs);
        statements += 100;
        rows += theirs.len();
    }
    eprintln!("{statements} statements with {rows} rows, 0 differences");
}
