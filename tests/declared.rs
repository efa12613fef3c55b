//! A scheme that a person declared, where the hashes do not say what made them: nobody is promised their password before a known one
//! proves it, and a salt that was left out is named.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256, Sha512};

use crate::util::{Run, rehome, run};

/// A table of one's own, with a few passwords that are known.
pub struct Table {
    columns: &'static str,
    rows: Vec<String>,
    known: Vec<(String, String)>,
    salt: &'static str,
    beside: &'static str,
    hash: fn(&str, &str) -> String,
}

/// In hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

impl Table {
    fn of(salt: &'static str, hash: fn(&str, &str) -> String) -> Self {
        Self { columns: "id,email,pw_hash", rows: Vec::new(), known: Vec::new(), salt, beside: salt, hash }.with(hash)
    }

    /// SHA-256 of a salt in a column of this name and the password.
    pub fn salted(salt: &'static str) -> Self {
        Self::of(salt, |password, salt| hex(&Sha256::digest(format!("{salt}{password}"))))
    }

    /// A digest of the password alone.
    pub fn bare(name: &str) -> Self {
        let of: fn(&str, &str) -> String = match name {
            "sha1" => |password, _| hex(&sha1::Sha1::digest(password)),
            _ => |password, _| hex(&Sha256::digest(password)),
        };
        Self::of("", of)
    }

    /// PBKDF2-HMAC-SHA512 in columns.
    pub fn pbkdf2() -> Self {
        Self::of("salt,iterations", |password, salt| {
            let mut key = [0; 64];
            pbkdf2::pbkdf2_hmac::<Sha512>(password.as_bytes(), salt.as_bytes(), 1200, &mut key);
            hex(&key)
        })
    }

    /// With other names of columns: the first three, and those of salt and rounds.
    pub fn called(mut self, columns: &'static str, beside: &'static str) -> Self {
        (self.columns, self.beside) = (columns, beside);
        self
    }

    /// bcrypt of one password.
    pub fn bcrypt() -> Self {
        Self::of_one("$2b$04$xvo63jvQCptTLikB0MCaXurzlkhDIQpDPTLIdhViZh6UZR4gxxFEy")
    }

    /// bcrypt of the same password and `pfeffer`.
    pub fn peppered() -> Self {
        Self::of_one("$2b$04$iqknl909zC7ZVo9WotYiXOwTp66o/c0cBbppsNg1VN0dX/Ng/ZajS")
    }

    fn of_one(hash: &str) -> Self {
        let mut table = Self::of("", |_, _| String::new());
        table.rows = vec![format!("1,u1@example.com,{hash}")];
        table.known = vec![("u1@example.com".to_owned(), "Apfelbaum-7".to_owned())];
        table
    }

    /// With the same salts and passwords, and other hashes.
    pub fn with(mut self, hash: fn(&str, &str) -> String) -> Self {
        self.hash = hash;
        let row = |at: usize| {
            let salt = &hex(&Sha256::digest(at.to_string()))[..16];
            let password = format!("Apfelbaum-{at}");
            let beside = match self.salt {
                "" => String::new(),
                "salt,iterations" => format!(",{salt},1200"),
                _ => format!(",{salt}"),
            };
            (format!("{at},u{at}@example.com,{}{beside}", hash(&password, salt)), password)
        };
        (self.rows, _) = (1..=12).map(row).unzip::<_, _, Vec<_>, Vec<_>>();
        self.known = (1..=3).map(|at| (format!("u{at}@example.com"), row(at).1)).collect();
        self
    }

    /// Writes the table, and `known.csv` beside it.
    pub fn write(&self, home: &Path) -> PathBuf {
        let path = home.join("accounts.csv");
        let salt = if self.beside.is_empty() { String::new() } else { format!(",{}", self.beside) };
        std::fs::write(&path, format!("{}{salt}\n{}\n", self.columns, self.rows.join("\n"))).expect("written");
        let known =
            self.known.iter().map(|(email, password)| format!("{email},{password}\n")).collect::<Vec<_>>().concat();
        std::fs::write(home.join("known.csv"), format!("email,password\n{known}")).expect("written");
        path
    }
}

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn check(&self, table: &Table, words: &[&str]) -> Run {
        let mut command = rehome();
        command.arg("check").arg(table.write(self.0.path())).args(words).arg("--run").arg(self.0.path().join("run"));
        run(command.current_dir(self.0.path()))
    }
}

#[test]
fn a_digest_beside_what_may_be_its_salt_is_not_promised() {
    let home = Home::new();
    for column in ["grain", "extra"] {
        let table = Table::salted(column);
        let stopped = home.check(&table, &["--scheme", "sha256"]).exits(2);
        for said in [
            "nothing proves that 12 hashes are of the password alone",
            &format!("hash = \"pw_hash\", salt = \"{column}\""),
            &format!("--ignore {column}"),
            "--known FILE",
        ] {
            assert!(stopped.stderr.contains(said), "{said}: {}", stopped.stderr);
        }
        // What is known decides: it is the salt.
        let decided = home.check(&table, &["--scheme", "sha256", "--known", "known.csv"]).exits(2);
        let line = format!("all 3 known passwords fit salted-sha256 with `{column}` as the salt");
        assert!(decided.stderr.contains(&line), "{}", decided.stderr);
        // Nobody is told to reset for a salt that was not named.
        let unnamed = home.check(&table, &["--scheme", "salted-sha256"]).exits(2);
        assert!(unnamed.stderr.contains(&format!("salt = \"{column}\"")), "{}", unnamed.stderr);
    }
    // Whoever says that it is none is taken at their word, which is no proof.
    let told = home.check(&Table::salted("extra"), &["--scheme", "sha256", "--ignore", "extra"]).exits(0);
    assert!(told.stdout.contains("12 declared, not proven: give --known to prove it"), "{}", told.stdout);
}

#[test]
fn known_passwords_prove_a_declaration_or_refute_it() {
    let home = Home::new();
    let table = Table::bare("sha256");
    let declared = home.check(&table, &["--scheme", "sha256"]).exits(0).stdout;
    assert!(declared.contains("12 declared, not proven: give --known to prove it"), "{declared}");
    let proven = home.check(&table, &["--scheme", "sha256", "--known", "known.csv"]).exits(0).stdout;
    assert!(proven.contains("12 of 12 (100 %) sign in as before") && !proven.contains("not proven"), "{proven}");
    let undeclared = home.check(&table, &["--known", "known.csv"]).exits(3).stdout;
    assert!(undeclared.contains("all 3 known passwords fit sha256: --scheme sha256"), "{undeclared}");
    let other = home.check(&table, &["--scheme", "sha3-256", "--known", "known.csv"]).exits(3).stdout;
    for said in ["would sign in as before, which no known password proves", "fit sha256: --scheme sha256"] {
        assert!(other.replace("\n             ", " ").contains(said), "{said}: {other}");
    }
    // What it could be is named where nobody says it.
    let open = home.check(&table, &[]).exits(3).stdout.replace("\n             ", " ");
    assert!(open.contains("--scheme sha256, sha3-256, nested-digest, or salted-sha256"), "{open}");
    let unknown = table.with(|password, _| hex(&Sha256::digest(format!("{password}/of-nobody"))));
    let refuted = home.check(&unknown, &["--scheme", "sha256", "--known", "known.csv"]).exits(3).stdout;
    assert!(refuted.contains("fit nothing that rehome knows of 32 bytes in hexadecimal"), "{refuted}");
}
