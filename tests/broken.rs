//! Damaged exports: what is whole is read, what is not is named, and a person is told where.

use std::fmt::Write;

use crate::util::{fixture, rehome, run};

#[test]
fn one_defect_each_with_the_message_a_person_gets() {
    let folder = fixture("broken");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md" && name != "expected.txt")
        .collect();
    names.sort();
    let mut told = String::new();
    for name in names {
        let run = run(rehome().current_dir(&folder).args(["plan", &name]));
        let lines = run.lines();
        let planned = lines.iter().filter(|line| line["create"].is_object()).count();
        writeln!(told, "{name}: exit {}, {planned} planned", run.code).unwrap();
        for line in lines.iter().filter(|line| line["refused"].is_object()) {
            let refused = &line["refused"];
            let text = refused["text"].as_str().unwrap();
            writeln!(told, "    record {}: {}: {text}", line["record"], refused["code"].as_str().unwrap()).unwrap();
        }
        if run.code == 1 {
            // What is to be pasted stands below the sentence.
            let said = run
                .stderr
                .lines()
                .skip_while(|line| !line.starts_with("rehome: "))
                .map(|line| format!("    {line}").trim_end().to_owned());
            writeln!(told, "{}", said.collect::<Vec<_>>().join("\n")).unwrap();
        }
    }
    let golden = folder.join("expected.txt");
    if std::env::var_os("REHOME_BLESS").is_some() {
        std::fs::write(&golden, &told).unwrap();
    }
    assert_eq!(told, std::fs::read_to_string(&golden).unwrap());
}
