//! Exports read from files on the disk, as the commands do it.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use super::*;

/// What became of one record: its number, line, raw bytes, and its address or the reason why there is none.
type Seen = (u64, u64, Vec<u8>, Result<String, String>);

fn open(dir: &tempfile::TempDir, files: &[(&str, &[u8])], from: Option<&str>) -> Result<Export, RunError> {
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, content)| {
            let path = dir.path().join(name);
            fs::write(&path, content).unwrap();
            path
        })
        .collect();
    Export::open(&paths, ReadOptions { from: from.map(str::to_owned), ..ReadOptions::default() })
}

fn scan(export: &Export, threads: usize) -> (Vec<Seen>, Result<(), RunError>) {
    let mut all = Vec::new();
    let end = export.scan(
        threads,
        &Silent,
        Vec::new,
        |seen: &mut Vec<Seen>, item| {
            let outcome = match item.account {
                Ok(account) => Ok(account.email.map(Cow::into_owned).unwrap_or_default()),
                Err(refusal) => Err(refusal.text.into_owned()),
            };
            seen.push((item.position.record, item.position.line, item.raw.to_vec(), outcome));
        },
        |batch| {
            all.extend(batch);
            Ok(ControlFlow::Continue(()))
        },
    );
    (all, end)
}

use std::borrow::Cow;

fn emails(name: &str, content: &[u8]) -> Vec<Result<String, String>> {
    let dir = tempfile::tempdir().unwrap();
    let export = open(&dir, &[(name, content)], None).unwrap();
    let (seen, end) = scan(&export, 2);
    end.unwrap();
    seen.into_iter().map(|(.., outcome)| outcome).collect()
}

fn ok(addresses: &[&str]) -> Vec<Result<String, String>> {
    addresses.iter().map(|a| Ok((*a).to_owned())).collect()
}

#[test]
fn the_same_users_in_every_format() {
    let two = ok(&["ann@example.com", "bob@example.com"]);
    assert_eq!(
        emails("a.csv", b"id,email,name\r\n1,ann@example.com,\"A, \"\"n\"\"\"\r\n2,bob@example.com,Bob\r\n"),
        two
    );
    assert_eq!(emails("a.csv", b"sep=;\nid;email;name\n1;ann@example.com;A\n2;bob@example.com;Bob"), two);
    assert_eq!(emails("a.csv", b"# a comment\nid,email,name,\n1,ann@example.com,A,\n2,bob@example.com,Bob,\n"), two);
    assert_eq!(emails("a.tsv", b"id\temail\tname\n1\tann@example.com\tA\\tb\n2\tbob@example.com\t\\N\n"), two);
    assert_eq!(emails("a.json", br#"[{"id":1,"email":"ann@example.com"},{"id":2,"email":"bob@example.com"}]"#), two);
    assert_eq!(
        emails(
            "a.json",
            br#"{"total":2,"users":[{"id":1,"email":"ann@example.com"},{"id":2,"email":"bob@example.com"}]}"#
        ),
        two
    );
    assert_eq!(
        emails("a.json", b"{\"id\":1,\"email\":\"ann@example.com\"}\r\n\n{\"id\":2,\"email\":\"bob@example.com\"}\n"),
        two
    );
    assert_eq!(
        emails("a.json", b"{\n\"id\":1,\n\"email\":\"ann@example.com\"}\n{\n\"id\":2,\"email\":\"bob@example.com\"}\n"),
        two
    );
    let utf16: Vec<u8> =
        "\u{feff}id,email\n1,ann@example.com\n2,bob@example.com\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(emails("a.csv", &utf16), two);
    assert_eq!(emails("a.csv", "\u{feff}id,email\n1,ann@example.com\n2,bob@example.com\n".as_bytes()), two);
}
