//! No file of a run folder but the rejects holds a hash, salt, key or password, and those only hold their own rows'.

use std::path::Path;

use super::util::{rehome, run};

/// SHA-256 and, for the second, MD5 in plain sight of nobody: hashes, salt and password of the export below.
const SECRETS: [&str; 5] = [
    "a7fea6d5d6d0a4f1f3a4b2c4d8e9f00112233445566778899aabbccddeeff001",
    "$6$saltstring$HLfp9nyAnh2b0HZO5RIGZmbYnnisXGhzQdxCQPrS55GO9Ig6sFIaAhOCos6zK36h2.p8lkvTBwfgZEwGdJn7A0",
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "a salt of its own",
    "a plain password",
];

/// Of a record that is refused.
const REFUSED: &str = "pbkdf2_sha256$600000$itssalt$XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=";

fn holds(path: &Path, secret: &str) -> bool {
    memchr::memmem::find(&std::fs::read(path).expect("readable"), secret.as_bytes()).is_some()
}

#[test]
fn an_import_into_its_own_sandbox_leaves_no_secret_behind() {
    let home = tempfile::tempdir().expect("a folder");
    let [sha, crypt, scrypt, salt, plain] = SECRETS;
    let export = format!(
        "id,email,password_scheme,password_hash,password_salt,scrypt_n,scrypt_r,scrypt_p,password\n\
         u1,a@example.com,sha256,{sha},,,,,\nu2,b@example.com,,{crypt},,,,,\n\
         u3,c@example.com,scrypt,{scrypt},{salt},1024,8,1,\nu4,d@example.com,,,,,,,{plain}\nu5,e@example.com,,{REFUSED},,,,,\n"
    );
    let (file, folder) = (home.path().join("users.csv"), home.path().join("run"));
    let known = home.path().join("known.csv");
    std::fs::write(&file, export).expect("a file");
    std::fs::write(&known, format!("email,password\nb@example.com,pa55word!\nd@example.com,{plain}\n"))
        .expect("a file");
    let said = [
        run(rehome().arg("import").arg(&file).args(["--sandbox", "--yes", "--run"]).arg(&folder)).exits(3),
        run(rehome().arg("verify").arg(&folder).arg("--known").arg(&known)).exits(0),
    ];
    let files: Vec<_> =
        std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    assert!(files.iter().any(|file| file.ends_with("sandbox.sqlite")), "{files:?}");
    for secret in SECRETS.iter().chain([&REFUSED, &"pa55word!"]) {
        for file in &files {
            let own = file.ends_with("rejects.csv") && *secret == REFUSED;
            assert_eq!(holds(file, secret), own, "{secret} in {}", file.display());
        }
        assert!(said.iter().all(|run| !run.stdout.contains(secret) && !run.stderr.contains(secret)), "{secret}");
    }
}
