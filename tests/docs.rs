//! What the papers say holds, where a program can check it: mappings are read, tables are complete, links lead somewhere.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rehome::code::{Code, Severity};

use super::util::{rehome, run};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn paper(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The fenced blocks of this language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn every_mapping_that_is_shown_reads_the_export_that_is_shown() {
    let text = paper("docs/mapping.md");
    let home = tempfile::tempdir().expect("a folder");
    let (export, map) = (home.path().join("people.csv"), home.path().join("map.toml"));
    std::fs::write(&export, &blocks(&text, "csv")[0]).expect("a file");
    let maps = blocks(&text, "toml");
    assert!(maps.len() >= 10);
    for mapping in maps {
        std::fs::write(&map, &mapping).expect("a file");
        let plan =
            run(rehome().arg("plan").arg(&export).arg("--map").arg(&map).args(["--ignore", "pw", "--ignore", "kind"]));
        let lines = plan.lines();
        let refused: Vec<_> = lines.iter().filter(|line| line.get("refused").is_some_and(|r| !r.is_null())).collect();
        let skipped = mapping.contains("[where]");
        assert_eq!(
            (lines.len(), refused.len()),
            (3, usize::from(skipped)),
            "{mapping}\n{}{}",
            plan.stdout,
            plan.stderr
        );
    }
}

/// What follows a heading of the mapping reference that begins like this.
fn chapter<'t>(text: &'t str, heading: &str) -> &'t str {
    let found = text.split("\n## ").find(|chapter| chapter.starts_with(heading));
    found.unwrap_or_else(|| panic!("docs/mapping.md has no `## {heading}`"))
}

/// A key that nobody would write is told what keys there are; each of them, and each word that a key takes, is in the page.
#[test]
fn every_key_that_a_mapping_may_have_is_in_the_reference() {
    let text = paper("docs/mapping.md");
    let home = tempfile::tempdir().expect("a folder");
    let (export, map) = (home.path().join("people.csv"), home.path().join("map.toml"));
    std::fs::write(&export, "id,pw\nu1,x\n").expect("a file");
    let user = "[user]\nid = 'id'\n";
    let hash = format!("{user}[password]\nhash = 'pw'\n");
    let text_of = |key: &str| format!("[user]\nemail = 'id'\n{key} = {{ from = 'id', WORD = 1 }}");
    for (heading, mapping) in [
        ("[source]", format!("{user}[source]\nWORD = 1")),
        ("[source]", format!("{user}[source]\nmissing = 'WORD'")),
        ("[source]", format!("{user}[source]\nunclear = 'WORD'")),
        ("[where]", format!("{user}[where]\nWORD = 1")),
        ("[where]", format!("{user}[where]\ndisable = {{ when = 'id == 1', WORD = 1 }}")),
        ("[system]", "[system]\nname = 'a'\nabout = 'a'\nsaid = 'a'\nWORD = 1".to_owned()),
        ("[system]", format!("[[users]]\ncolumns = 'id'\nWORD = 1\n{user}")),
        ("[system]", format!("[[users]]\ncolumns = 'id'\nformat = 'WORD'\n{user}")),
        ("[fates]", format!("{user}[fates]\nWORD = 'a'")),
        ("Texts", text_of("username")),
        ("Texts", "[user]\nid = { from = 'id', decode = 'WORD' }".to_owned()),
        ("Texts", "[user]\nid = { from = 'id', as = 'WORD' }".to_owned()),
        ("", format!("{user}WORD = 1")),
        ("Texts", text_of("id")),
        ("Flags", text_of("enabled")),
        ("Flags", "[user]\nid = 'id'\nenabled = { from = 'id', as = 'WORD' }".to_owned()),
        ("Dates", text_of("created_at")),
        ("Dates", "[user]\nid = 'id'\ncreated_at = { from = 'id', as = 'WORD' }".to_owned()),
        ("Labels", text_of("labels")),
        ("Labels", "[user]\nid = 'id'\nlabels = { from = 'id', other = 'WORD' }".to_owned()),
        ("Labels", "[user]\nid = 'id'\nlabels = { from = 'id', unnamed = 'WORD' }".to_owned()),
        ("Preferences", text_of("prefs")),
        ("Preferences", "[user]\nid = 'id'\nprefs = { from = 'id', types = { id = 'WORD' } }".to_owned()),
        ("[join.NAME]", format!("{user}[join.x]\ntable = 'a'\nkey = 'b'\nWORD = 1")),
        ("[password]", format!("{hash}WORD = 1")),
        ("[password]", format!("{hash}on_unsupported = 'WORD'")),
        ("[password]", format!("{hash}salt = {{ from = 'id', encoding = 'WORD' }}")),
        ("[password]", format!("{hash}[password.params]\nWORD = 1")),
        ("[password]", format!("{hash}[password.known]\nWORD = 1")),
        ("[password]", format!("{hash}[[password.none]]\nsay = 'a'\nWORD = 1")),
        ("[password]", format!("{hash}[[password.none]]\nsay = 'a'\ncode = 'WORD'")),
    ] {
        std::fs::write(&map, mapping.replace("WORD", "xxyyxxyyxxyyxxyy")).expect("a file");
        let told = run(rehome().arg("plan").arg(&export).arg("--map").arg(&map)).exits(2).stderr;
        let (_, there) = told.trim_end().split_once("; there are ").unwrap_or_else(|| panic!("{mapping}: {told}"));
        let chapter = if heading.is_empty() { &text } else { chapter(&text, heading) };
        let words: Vec<_> = chapter.split_whitespace().map(|word| word.trim_start_matches(['`', '(', '{'])).collect();
        for key in there.split(" and patterns").next().unwrap_or_default().split([',', ' ']) {
            let marks = ['`', '"'].map(|mark| format!("{mark}{key}{mark}"));
            let assigned = words.windows(2).any(|pair| pair == [key, "="]);
            let named = key.is_empty() || key == "and" || assigned || marks.iter().any(|mark| chapter.contains(mark));
            assert!(named, "docs/mapping.md says nothing of `{key}` under `{heading}`: {told}");
        }
    }
}

#[test]
fn the_example_mapping_plans_everybody_but_the_bot() {
    let examples = root().join("examples");
    let (export, map) = (examples.join("shop.csv"), examples.join("shop.toml"));
    let plan = run(rehome().arg("plan").arg(export).arg("--map").arg(map));
    let refused = plan.lines().iter().filter(|line| line.get("refused").is_some()).count();
    assert_eq!((plan.lines().len(), refused), (3, 1), "{}", plan.stdout);
}

#[test]
fn every_code_is_listed_with_what_it_means() {
    let mut table = String::new();
    for code in Code::ALL {
        let severity = match code.severity() {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::NeedsReset => "needs reset",
            Severity::Refused => "refused",
        };
        let _ = writeln!(table, "| `{}` | {severity} | {} |", code.name(), code.title());
    }
    assert!(paper("docs/codes.md").contains(&table), "docs/codes.md should have:\n{table}");
}

/// The page's table is `rehome sources`, line for line; `UPDATE_GOLDEN=1` writes it.
#[test]
fn the_table_of_sources_is_as_rehome_lists_them() {
    const HEAD: &str = "| source | what is read |\n|---|---|\n";
    let sources = run(rehome().args(["sources", "--format", "json"])).exits(0).json();
    let row = |source: &serde_json::Value| {
        let (name, about) = (source["name"].as_str().expect("a name"), source["about"].as_str().expect("a line"));
        format!("| `{name}` | {about} |\n")
    };
    let rows: Vec<_> = sources["sources"].as_array().expect("a list").iter().map(row).collect();
    let page = paper("docs/sources.md");
    let (before, rest) = page.split_once(HEAD).expect("a table of sources");
    let lines: Vec<_> = rest.split_inclusive('\n').take_while(|line| line.starts_with("| `")).collect();
    let after = &rest[lines.concat().len()..];
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(root().join("docs/sources.md"), [before, HEAD, &rows.concat(), after].concat()).expect("a page");
        return;
    }
    assert!(lines.len() > 40, "{}", lines.len());
    // A system that is a file touches no other file, so the newest may be missing until the page is written again; what
    // stands there is true, and in order.
    let mut left = rows.iter();
    for line in lines {
        assert!(
            left.any(|row| row == line),
            "docs/sources.md: {line}UPDATE_GOLDEN=1 writes the table:\n{}",
            rows.concat()
        );
    }
}

#[test]
fn the_ledger_is_as_its_paper_says() {
    let sql = blocks(&paper("docs/run-folder.md"), "sql").remove(0);
    let said = rusqlite::Connection::open_in_memory().expect("a database");
    said.execute_batch(&sql).expect("a schema");
    let home = tempfile::tempdir().expect("a folder");
    let (file, folder) = (home.path().join("users.csv"), home.path().join("run"));
    std::fs::write(&file, "id,email\nu1,a@example.com\n").expect("a file");
    run(rehome().arg("import").arg(&file).args(["--sandbox", "--run"]).arg(&folder)).exits(0);
    let real = rusqlite::Connection::open(folder.join("ledger.sqlite")).expect("a ledger");
    let columns = |connection: &rusqlite::Connection| -> Vec<String> {
        let sql = "SELECT m.name || '.' || t.name || ' ' || t.type || t.pk || t.\"notnull\"
                   FROM sqlite_schema m, pragma_table_info(m.name) t WHERE m.type = 'table' ORDER BY 1";
        let mut select = connection.prepare(sql).expect("a query");
        let rows = select.query_map([], |row| row.get(0)).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    };
    assert_eq!(columns(&said), columns(&real));
}

fn papers() -> Vec<PathBuf> {
    let mut papers: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md"].map(|name| root().join(name)).into();
    let docs = std::fs::read_dir(root().join("docs")).expect("docs/");
    papers.extend(docs.map(|entry| entry.expect("an entry").path()));
    papers
}

/// The flag that a text begins with, after its dashes.
fn flag(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or_default()
}

/// The flags in a text, without the dashes.
fn flags(text: &str) -> Vec<&str> {
    let words = text.split_whitespace().filter_map(|word| word.trim_start_matches(['`', '[', '(']).strip_prefix("--"));
    words.map(flag).filter(|flag| !flag.is_empty()).collect()
}

/// The commands that a help lists.
fn commands(help: &str) -> impl Iterator<Item = &str> {
    let lines = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let lines = lines.take_while(|line| line.starts_with("  ")).filter(|line| !line.starts_with("    "));
    lines.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help")
}

/// What a command says of itself, and the commands below it.
fn whole_help(words: &[&str]) -> String {
    let help = run(rehome().args(words).arg("--help")).exits(0).stdout;
    let below: Vec<String> = commands(&help).map(|name| whole_help(&[words, &[name]].concat())).collect();
    help + &below.concat()
}

#[test]
fn flags_of_the_papers_are_flags_of_their_commands() {
    let help = run(rehome().arg("--help")).exits(0).stdout;
    let known: HashMap<String, String> = commands(&help).map(|name| (name.to_owned(), whole_help(&[name]))).collect();
    assert!(known.len() > 10, "{help}");
    let takes = |help: &str, flag: &str| flags(help).contains(&flag);
    let (mut commands, mut alone) = (0, 0);
    for path in papers() {
        let text = std::fs::read_to_string(&path).expect("text");
        for line in text.lines() {
            // `rehome check …`, to its end.
            for said in line.split("rehome ").skip(1) {
                let said = said.split(['`', '#', '|', '>']).next().unwrap_or_default();
                let Some(help) = said.split_whitespace().next().and_then(|name| known.get(name)) else { continue };
                commands += 1;
                for flag in flags(said) {
                    assert!(takes(help, flag), "{}: --{flag} in `rehome {said}`", path.display());
                }
            }
            // `--known FILE`, without a command.
            for said in line.split("`--").skip(1) {
                let flag = flag(said);
                if flag.is_empty() {
                    // `-- Dump completed`
                    continue;
                }
                alone += 1;
                assert!(known.values().any(|help| takes(help, flag)), "{}: `--{flag}`", path.display());
            }
        }
    }
    assert!(commands > 20 && alone > 20, "{commands} commands and {alone} flags");
}

#[test]
fn links_of_the_papers_lead_to_files() {
    for path in papers() {
        let text = std::fs::read_to_string(&path).expect("text");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let there = link.contains("://") || path.parent().expect("a folder").join(file).exists();
            assert!(there, "{link} in {}", path.display());
        }
    }
}
