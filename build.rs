//! Lists the systems that are files, `src/source/systems/*.toml`, so that a new one is found without being named anywhere.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).unwrap_or_default();
    let folder = variable("CARGO_MANIFEST_DIR").join("src/source/systems");
    println!("cargo::rerun-if-changed={}", folder.display());
    let files: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    let mut files: Vec<_> = files.iter().filter(|file| file.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    let mut list = String::from("/// Name and text of every file.\npub const FILES: &[(&str, &str)] = &[\n");
    for file in files {
        let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let _ = writeln!(list, "    ({name:?}, include_str!({:?})),", file.display().to_string());
    }
    list.push_str("];\n");
    std::fs::write(Path::new(&variable("OUT_DIR")).join("systems.rs"), list)
}
