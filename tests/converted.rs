//! Files that are no text (BSON, workbooks, YAML, archives): read as the text that they are made into.

use std::path::Path;
use std::process::Command;

use crate::util::{Run, fixture, rehome, run};

/// The people of `fixtures/converted` as a list of known passwords.
fn known(folder: &Path) -> std::path::PathBuf {
    let text = std::fs::read_to_string(fixture("converted/passwords.json")).expect("a fixture");
    let passwords: Vec<serde_json::Value> = serde_json::from_str(&text).expect("JSON");
    let lines = passwords
        .iter()
        .map(|of| ["email", "password"].map(|name| of[name].as_str().expect("a text")).join(",") + "\n");
    let path = folder.join("known.csv");
    std::fs::write(&path, format!("email,password\n{}", lines.collect::<String>())).expect("a file");
    path
}

fn check(export: &Path) -> Run {
    let home = tempfile::tempdir().expect("a folder");
    let (known, run_folder) = (known(home.path()), home.path().join("run"));
    run(rehome().arg("check").arg(export).arg("--known").arg(known).arg("--run").arg(run_folder))
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

#[test]
fn everybody_is_read_with_their_password_whatever_the_file() {
    for name in ["users.bson", "users.xlsx", "users.xls", "users.ods", "users.yml"] {
        let said = check(&fixture(&format!("converted/{name}"))).exits(0).stdout;
        assert!(said.contains("3 records") && said.contains("3 proven, 0 wrong"), "{name}: {said}");
        // Bob is switched off in all of them.
        assert!(said.contains("1 disabled"), "{name}: {said}");
        let workbook = !matches!(name, "users.bson" | "users.yml");
        assert_eq!(said.contains("a spreadsheet may have changed numbers and dates"), workbook, "{said}");
    }
}

#[test]
fn an_archive_of_pg_dump_goes_through_pg_restore_where_it_is() {
    let archive = fixture("converted/users.pgdump");
    let without = run(rehome().env("PATH", "").arg("plan").arg(&archive)).exits(1);
    assert!(without.stderr.contains("pg_restore -f users.sql"), "{}", without.stderr);
    if !is_there("pg_restore") {
        eprintln!("pg_restore is not there: skipped");
        return;
    }
    let said = check(&archive).exits(0).stdout;
    assert!(said.contains("3 proven, 0 wrong") && said.contains("1 disabled"), "{said}");
    let folder = tempfile::tempdir().expect("a folder");
    // It is the same export the second time, although pg_restore writes another word into it each time.
    let import = || {
        let run_folder = folder.path().join("run");
        run(rehome().arg("import").arg(&archive).arg("--sandbox").arg("--run").arg(run_folder)).exits(0)
    };
    assert!(import().stdout.contains("3 created"));
    let again = import().stderr;
    assert!(again.contains("3 of 3 users are done"), "{again}");
    let broken = folder.path().join("broken.dump");
    std::fs::write(&broken, b"PGDMP and nothing that follows").expect("a file");
    let said = run(rehome().arg("plan").arg(&broken)).exits(1).stderr;
    assert!(said.contains("pg_restore cannot read the archive"), "{said}");
}

/// The table of contents is the same when the rows are not.
#[test]
fn the_rows_of_an_archive_that_is_a_folder_belong_to_it() {
    if !is_there("pg_restore") {
        eprintln!("pg_restore is not there: skipped");
        return;
    }
    let home = tempfile::tempdir().expect("a folder");
    let archive = home.path().join("users.pgdir");
    std::fs::create_dir(&archive).expect("a folder");
    for file in ["toc.dat", "3354.dat", "3356.dat"] {
        std::fs::copy(fixture("converted/users.pgdir").join(file), archive.join(file)).expect("a copy");
    }
    let run_folder = home.path().join("run");
    let import =
        || run(rehome().arg("import").arg(&archive).args(["--sandbox", "--limit", "2", "--run"]).arg(&run_folder));
    import().exits(0);
    import().exits(0);
    let rows = archive.join("3356.dat");
    let text = std::fs::read_to_string(&rows).expect("rows").replace("@example.com", "@example.org");
    std::fs::write(rows, text).expect("written");
    let said = run(rehome().arg("resume").arg(&run_folder));
    assert!(said.code != 0 && said.stderr.contains("another export"), "{}: {}{}", said.code, said.stdout, said.stderr);
}

/// An archive of these files.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, *content).expect("memory");
    }
    archive.into_inner().expect("memory")
}

#[test]
fn an_archive_of_tar_is_the_folder_that_it_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let export = std::fs::read(fixture("generic/users.csv")).expect("a fixture");
    let expected = run(rehome().arg("plan").arg(fixture("generic/users.csv"))).stdout;
    let archive = tar(&[("dump/README", b"read me"), ("dump/users.csv", &export)]);
    for (name, bytes) in [("a.tar", archive.clone()), ("a.tgz", gzip(&archive))] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        assert_eq!(run(rehome().arg("plan").arg(&path)).stdout, expected, "{name}");
    }
    let several = folder.path().join("several.tar");
    std::fs::write(&several, tar(&[("a/users.csv", &export), ("b/users.csv", &export)])).expect("a file");
    let said = run(rehome().arg("plan").arg(&several)).exits(1).stderr;
    assert!(said.contains("several.tar") && said.contains("unpack it"), "{said}");
    let cut = folder.path().join("cut.tar");
    std::fs::write(&cut, &archive[..archive.len() / 2]).expect("a file");
    assert!(run(rehome().arg("plan").arg(&cut)).exits(1).stderr.contains("cut off or damaged"));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).expect("memory");
    packed.finish().expect("memory")
}

#[test]
fn a_collection_that_is_cut_says_so_and_a_document_that_is_damaged_costs_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = std::fs::read(fixture("converted/users.bson")).expect("a fixture");
    let cut = folder.path().join("cut.bson");
    std::fs::write(&cut, &whole[..whole.len() - 20]).expect("a file");
    let said = check(&cut).stdout;
    assert!(said.contains("2 records") && said.contains("after 2 documents the file is cut"), "{said}");
    // The second document's first member is of no type that there is.
    let mut damaged = whole.clone();
    let second = u32::from_le_bytes(*whole.first_chunk().expect("a length")) as usize;
    damaged[second + 4] = 0x42;
    let path = folder.path().join("damaged.bson");
    std::fs::write(&path, damaged).expect("a file");
    let lines = run(rehome().arg("plan").arg(&path)).exits(3).lines();
    assert_eq!(lines.iter().filter(|line| line.get("create").is_some()).count(), 2);
    assert!(lines[1]["refused"].is_object(), "{}", lines[1]);
}

#[test]
fn yaml_that_cannot_be_read_shows_no_hash() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("users.yml");
    std::fs::write(&path, "users:\n  ann:\n    password: \"$2y$10$N9qo8uLOickgx2ZMRZoMye\n  bob: [\n").expect("a file");
    let said = run(rehome().arg("plan").arg(&path)).exits(1).stderr;
    assert!(said.contains("YAML") && said.contains("line") && !said.contains("$2y$"), "{said}");
}

/// What a cell is worked out to is stored beside its formula, but not by every library: then nobody knows what it is.
#[test]
fn a_formula_whose_value_was_not_stored_stops() {
    let said = run(rehome().arg("plan").arg(fixture("converted/formula.xlsx"))).exits(1).stderr;
    assert!(said.contains("cell C2 of its sheet `Sheet` is a formula"), "{said}");
}

/// A workbook whose names stand at its end, as one of many rows does, with a cell at the far corner of its sheet.
#[test]
fn a_large_workbook_is_told_and_a_cell_far_out_costs_nothing() {
    let check = check(&fixture("converted/corner.xlsx"));
    assert!(check.stdout.contains("2,001 records"), "{}{}", check.stdout, check.stderr);
}

#[test]
fn a_folder_of_collections_is_not_taken_for_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["orders.bson", "users.bson"] {
        std::fs::copy(fixture("converted/users.bson"), folder.path().join(name)).expect("copied");
    }
    std::fs::write(folder.path().join("users.metadata.json"), "{}").expect("written");
    let said = run(rehome().arg("plan").arg(folder.path())).exits(2).stderr;
    assert!(said.contains("holds 2 collections (orders.bson, users.bson"), "{said}");
    std::fs::remove_file(folder.path().join("orders.bson")).expect("removed");
    run(rehome().arg("plan").arg(folder.path())).exits(0);
}

#[test]
fn folders_within_a_folder_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("2024")).expect("made");
    for name in ["users.csv", "2024/more.csv"] {
        std::fs::copy(fixture("generic/users.csv"), folder.path().join(name)).expect("copied");
    }
    let run_folder = folder.path().join("run");
    let report = || std::fs::read_to_string(run_folder.join("report.json")).expect("a report");
    run(rehome().arg("check").arg(folder.path()).arg("--run").arg(&run_folder));
    assert!(report().contains("what is in the folders within it is not read: 2024"), "{}", report());
}

#[cfg(unix)]
/// What stands outside of the archive's folder, or in a link, is named.
#[test]
fn what_an_archive_holds_beside_its_files_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let user = |n: usize| {
        format!(
            "{{\"id\":{n},\"email\":\"user{n}@example.com\",\"password\":\"$2b$04$vf1z09VI4au9YwfyywWHTOtdZ/C3wGHJDblcozI7xTzkfiMOc6TD2\"}}\n"
        )
    };
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |name: &[u8], kind: tar::EntryType, text: &str| {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_entry_type(kind);
        header.set_size(text.len() as u64);
        if kind.is_hard_link() {
            header.set_link_name("users.ndjson").expect("a name");
        }
        header.set_cksum();
        archive.append(&header, text.as_bytes()).expect("a member");
    };
    add(b"users.ndjson", tar::EntryType::Regular, &user(1));
    add(b"../more.ndjson", tar::EntryType::Regular, &user(2));
    add(b"again.ndjson", tar::EntryType::Link, "");
    let path = home.path().join("users.tar");
    std::fs::write(&path, archive.into_inner().expect("an archive")).expect("written");
    let said = run(rehome().current_dir(&home).arg("check").arg(&path)).stdout;
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("../more.ndjson and 1 more is not read"), "{said}");
}

#[test]
fn an_archive_cut_between_its_files_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let export = std::fs::read(fixture("generic/users.csv")).expect("a fixture");
    let whole = tar(&[("one.csv", &export), ("two.csv", &export)]);
    let member = 512 + export.len().next_multiple_of(512);
    let path = folder.path().join("cut.tar");
    std::fs::write(&path, &whole[..member]).expect("a file");
    let said = run(rehome().arg("plan").arg(&path)).exits(1).stderr;
    assert!(said.contains("cut off: it has no end"), "{said}");
}

#[test]
fn a_title_above_the_header_is_none_of_it() {
    let plan = run(rehome().arg("plan").arg(fixture("converted/titled.xlsx"))).exits(0).lines();
    let off: Vec<_> = plan.iter().map(|line| line["steps"].to_string().contains("\"status\":false")).collect();
    assert_eq!(off, [false, true, false]);
    assert!(plan.iter().all(|line| line["scheme"] == "bcrypt"), "{plan:?}");
}

#[test]
fn a_sheet_that_repeats_itself_without_end_is_told() {
    let said = run(rehome().arg("plan").arg(fixture("converted/repeated.ods"))).exits(1).stderr;
    assert!(said.contains("again and again") && said.contains("save it as CSV"), "{said}");
}

/// JSON that holds a table without being a list of objects.
#[test]
fn tables_of_json_in_other_forms_are_read() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("users.json");
    let hash = "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6";
    for text in [
        format!(
            r#"{{"id":{{"0":"1","1":"2"}},"email":{{"0":"a@b.cd","1":"e@b.cd"}},"password":{{"0":"{hash}","1":"{hash}"}},"banned":{{"0":false,"1":true}}}}"#
        ),
        format!(
            r#"{{"columns":["id","email","password","banned"],"index":[0,1],"data":[["1","a@b.cd","{hash}",false],["2","e@b.cd","{hash}",true]]}}"#
        ),
        format!(
            r#"{{"Item":{{"id":{{"S":"1"}},"email":{{"S":"a@b.cd"}},"password":{{"S":"{hash}"}},"banned":{{"BOOL":false}}}}}}
{{"Item":{{"id":{{"S":"2"}},"email":{{"S":"e@b.cd"}},"password":{{"S":"{hash}"}},"banned":{{"BOOL":true}}}}}}"#
        ),
        format!(
            r#"{{"documents":[{{"name":"projects/p/databases/d/documents/users/1","fields":{{"email":{{"stringValue":"a@b.cd"}},"password":{{"stringValue":"{hash}"}},"banned":{{"booleanValue":false}}}}}},
{{"name":"projects/p/databases/d/documents/users/2","fields":{{"email":{{"stringValue":"e@b.cd"}},"password":{{"stringValue":"{hash}"}},"banned":{{"booleanValue":true}}}}}}]}}"#
        ),
        format!(
            r#"[{{"id":"1","email":{{"address":"a@b.cd","verified":true}},"password":"{hash}","banned":false}},{{"id":"2","email":[{{"value":"x@b.cd"}},{{"value":"e@b.cd","primary":true}}],"password":"{hash}","banned":true}}]"#
        ),
    ] {
        std::fs::write(&file, &text).expect("written");
        let plan = run(rehome().arg("plan").arg(&file)).exits(0).lines();
        let found: Vec<_> = plan
            .iter()
            .map(|line| {
                (
                    line["create"]["body"]["userId"].clone(),
                    line["create"]["body"]["email"].clone(),
                    line["steps"].to_string().contains("\"status\":false"),
                )
            })
            .collect();
        assert_eq!(found, [("1".into(), "a@b.cd".into(), false), ("2".into(), "e@b.cd".into(), true)], "{text}");
    }
}
