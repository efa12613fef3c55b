//! What it costs to decide what one credential becomes: `cargo bench --bench schemes`.
//!
//! The first group passes unchanged and must not allocate; the second is rewritten; the third is refused.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rehome::account::{HashInput, Hint};
use rehome::appwrite::Version;
use rehome::scheme::resolve;

const DIGEST: &str = "a96866669d2aeae692dad0a6bf6a2d2d203052753ad24eaf1de0d1a2b6a5c117";

fn input(hash: &'static str, hints: &'static [Hint]) -> HashInput<'static> {
    HashInput { hash: hash.into(), hints, ..HashInput::default() }
}

fn firebase(hash: &'static str) -> HashInput<'static> {
    HashInput {
        salt: Some("1AiVjcYa28iIPw==".into()),
        signer_key: Some(
            "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==".into(),
        ),
        salt_separator: Some("Bw==".into()),
        rounds: Some(8),
        mem_cost: Some(14),
        ..input(hash, &[Hint::Firebase])
    }
}

fn cases() -> [(&'static str, HashInput<'static>); 14] {
    [
        ("unchanged/bcrypt", input("$2y$05$PRpmI0Nj2RScPNAQ5I46Z.r642AvIBHLf55.Ze58tj92szVmPwquu", Hint::KNOWN)),
        ("unchanged/phpass", input("$P$BXJZPEVKN1/PTuqsUzr/iwZ7C/Qwug.", &[])),
        (
            "unchanged/argon2",
            input(
                "$argon2id$v=19$m=65536,t=4,p=1$cElGOVhyUko5Rms3TFVQdw$rlqBT14sWhFkUpbAu3fnm8Mtv+Y7NSD0+7Y6pNUrp18",
                Hint::KNOWN,
            ),
        ),
        (
            "unchanged/firebase",
            firebase("h3nluTMy8K8bFAZUdPcEIkLvm9V6n6HRIhRvSLq2Wz72UToSi42nL2SsGQGqaITjItTY7dcoQ5u+g4LFPxf25A=="),
        ),
        ("unchanged/sha256", HashInput { declared: Some("sha256".into()), ..input(DIGEST, &[]) }),
        (
            "unchanged/sha512crypt",
            input(
                "$6$lpmBL4ur40.KkqLB$brpGeDh9LiFtXK.P23eZ/TfxZH.Po.JI6zD0dwjwwYy2cp6XiwajzGpFObdK6KpnFneUUG0p88xcizZarFfj..",
                &[Hint::Bare, Hint::Crypt],
            ),
        ),
        (
            "rewritten/argon2 of npm",
            input(
                "$argon2id$v=19$m=65536,p=4,t=3$VmkdHL6V13l4nwR36xAilA$7I96Lsk3yTjFSNk/53lArfk2jmE8MIW/oO6mJnwSz38",
                &[],
            ),
        ),
        (
            "rewritten/firebase url-safe",
            firebase("2cuDHa2MXWy1NZhxTDhde4JlJTsetpsHD86jt894T3UigS5oQsoJjgXUEEXIeiUITjyW7NrQDEKREpqlMI8-ig=="),
        ),
        (
            "rewritten/django scrypt",
            input(
                "scrypt$16384$hRSB6uB9xV2QyJ3YIUoDuk$8$5$Tm/eZFn7l/FZJZIowr12qNYGn6jGKE1JcTDb+fly1MPWVeQJYRVzcgGc/B4JzS/J0cCOHsZU44ayXhiPoagq2Q==",
                Hint::KNOWN,
            ),
        ),
        ("rewritten/ldap sha", input("{SHA}3jrbW5owwe/vIJdRjQFGSWnDAQw=", Hint::KNOWN)),
        (
            "rewritten/spring scrypt, binary salt",
            input(
                "{scrypt}$e0801$eMurL8is2oowgEFkJO9cvrq1imJKEF+WKHeHUoCs7g98I87BWITbYoNAbSfrPiSEs30cqnhDjvsEZODA6FqSDg==$9hkoqRpbcTMHGvkElAdoa2gObFhirF9G1FBz1uJjLBU=",
                &[],
            ),
        ),
        (
            "refused/wordpress 6.8",
            input("$wp$2y$05$nIv25rjgfzApr7xQAOR/0.pmdYv4a89VaPDf7s6l.hkNdoYF1hLEK", Hint::KNOWN),
        ),
        (
            "refused/django pbkdf2",
            input(
                "pbkdf2_sha256$1000000$lHaqHoAafIsV38JOU8qmSg$9SIUDW84molKQTp8iNVcjs6baL7cPl8/nur3P67d3Fs=",
                Hint::KNOWN,
            ),
        ),
        ("refused/ambiguous", input(DIGEST, &[])),
    ]
}

fn schemes(criterion: &mut Criterion) {
    let profile = Version::NEWEST.profile();
    for (name, input) in cases() {
        criterion.bench_function(name, |bencher| bencher.iter(|| black_box(resolve(black_box(&input), profile))));
    }
}

criterion_group!(benches, schemes);
criterion_main!(benches);
