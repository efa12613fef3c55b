//! From what was counted to the report.

use std::borrow::Cow;

use super::loss::{self, NEVER_CARRIED};
use super::summary::{
    Column, Duplicates, Estimate, Label, Live, NeverCarried, Origin, Outcomes, Place, Problem, Reason, Report, SCHEMA,
    Scheme, SchemeCost, TrapCount,
};
use super::tally::Tally;
use super::traps::Trap;
use crate::appwrite::{Profile, Version};
use crate::code::{Code, Severity};
use crate::scheme::cost::Cost;
use crate::source::Fate;

/// What a command knows of its run as a whole.
#[derive(Debug, Clone)]
pub struct Head<'h> {
    /// `check`, `import`, ….
    pub command: &'h str,
    /// The version that was planned for.
    pub appwrite: Version,
    /// The files of the export, and the source that was detected.
    pub source: Origin,
    /// `--with-pii`
    pub with_pii: bool,
    /// `--rate`, if given.
    pub rate: Option<u32>,
    /// The moment of writing.
    pub now: jiff::Timestamp,
}

/// What a target says of one planned user before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The record.
    pub place: Place,
    /// What kind of thing.
    pub code: Code,
    /// The sentence, without anybody's address.
    pub text: String,
}

/// The pace that is assumed where nobody says: what one small server was seen to take without effort.
pub const DEFAULT_RATE: u32 = 100;

impl Report {
    /// The report of what was counted. `fate` says what became of a column; the sections of other commands are
    /// empty, and filled by assignment.
    #[must_use]
    pub fn new(head: Head<'_>, tally: &Tally, fate: impl Fn(&str) -> Fate) -> Self {
        let [ready, warning, needs_reset, refused] = tally.outcomes;
        let rate = head.rate.unwrap_or(DEFAULT_RATE).max(1);
        let schemes = schemes(tally);
        let (columns, columns_elsewhere) = tally.columns.clone().all();
        Self {
            schema: SCHEMA,
            rehome: env!("CARGO_PKG_VERSION").into(),
            command: head.command.into(),
            written: timestamp(head.now),
            appwrite: head.appwrite.to_string(),
            with_pii: head.with_pii,
            source: head.source,
            records: tally.records(),
            outcomes: Outcomes { ready, warning, needs_reset, refused },
            bridged: tally.bridged,
            bridgeable: tally.bridgeable,
            disabled: tally.disabled,
            sign_in: tally.sign_in,
            labels: labels(tally),
            reasons: reasons(tally),
            duplicates: duplicates(tally),
            known: None,
            estimate: Estimate {
                requests: tally.requests,
                rate,
                seconds: tally.requests.div_ceil(u64::from(rate)),
                ..Estimate::of_logins(tally.logins, first_login_millis(tally, head.appwrite.profile()))
            },
            schemes,
            columns: columns.iter().map(|column| column_fate(column, fate(&column.name))).collect(),
            columns_elsewhere,
            never_carried: NEVER_CARRIED
                .iter()
                .map(|(what, text)| NeverCarried { what: (*what).into(), text: (*text).into() })
                .collect(),
            traps: traps(tally),
            sign_up_years: tally.years.clone(),
            problems: problems(tally),
            compare: None,
            live: None,
            import: None,
            sync: None,
            verify: None,
            rollback: None,
            next: Vec::new(),
        }
    }

    /// The same report, told further by another command.
    #[must_use]
    pub fn continued(mut self, command: &str, now: jiff::Timestamp) -> Self {
        self.command = command.into();
        self.written = timestamp(now);
        self
    }

    /// Adds what a target said of planned users, in the order of the export.
    pub fn add_live(&mut self, live: Live, told: &[Told]) {
        let refused = live.refused.iter().filter_map(|(name, n)| Some((Code::from_name(name)?, *n)));
        for (code, count) in [(Code::TargetTaken, live.taken)].into_iter().chain(refused).filter(|(_, n)| *n > 0) {
            let of_it = told.iter().filter(|told| told.code == code);
            let reason = Reason {
                code: code.name().into(),
                severity: severity_name(code.severity()).into(),
                scheme: None,
                title: code.title().into(),
                remedy: code.remedy().into(),
                text: None,
                count,
                examples: of_it.take(3).map(|told| told.place).collect(),
            };
            self.reasons.insert(0, reason);
        }
        self.problems.extend(told.iter().map(|told| Problem {
            place: told.place,
            code: told.code.name().into(),
            severity: severity_name(told.code.severity()).into(),
            text: told.text.clone(),
            who: None,
        }));
        self.live = Some(live);
    }

    /// Puts findings before the others: the screen has room for few.
    pub fn add_findings(&mut self, findings: impl IntoIterator<Item = String>) {
        self.source.findings.splice(0..0, findings);
    }

    /// Whether every record is accounted for.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        self.outcomes.total() == self.records && self.sign_in.total() == self.records
    }
}

pub(super) fn timestamp(now: jiff::Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::NeedsReset => "needs-reset",
        Severity::Refused => "refused",
    }
}

fn reasons(tally: &Tally) -> Vec<Reason> {
    let mut ranked: Vec<_> = tally.reasons.iter().collect();
    ranked.sort_by(|(a, x), (b, y)| b.0.cmp(&a.0).then(y.count.cmp(&x.count)).then(a.cmp(b)));
    ranked
        .into_iter()
        .map(|((severity, code, scheme), reason)| Reason {
            code: code.name().into(),
            severity: severity_name(*severity).into(),
            scheme: scheme.map(Into::into),
            title: code.title().into(),
            text: reason.first.first().and_then(|kept| match &kept.text {
                text if *text == code.title() => None,
                // Put together for this record, unless it is about its scheme.
                Cow::Owned(_) if scheme.is_none() => None,
                text => Some(text.clone().into_owned()),
            }),
            remedy: reason.first.first().map(|kept| kept.remedy.clone().into_owned()).unwrap_or_default(),
            count: reason.count,
            examples: reason.first.iter().take(3).map(|kept| kept.position.into()).collect(),
        })
        .collect()
}

fn labels(tally: &Tally) -> Vec<Label> {
    let mut labels: Vec<_> =
        tally.labels.iter().map(|(label, users)| Label { label: label.clone(), users: *users }).collect();
    labels.sort_by(|a, b| b.users.cmp(&a.users).then_with(|| a.label.cmp(&b.label)));
    labels
}

fn problems(tally: &Tally) -> Vec<Problem> {
    let mut problems: Vec<_> = tally
        .reasons
        .iter()
        .filter(|((severity, ..), _)| *severity > Severity::Info)
        .flat_map(|((severity, code, _), reason)| {
            reason.first.iter().map(|kept| Problem {
                place: kept.position.into(),
                code: code.name().into(),
                severity: severity_name(*severity).into(),
                text: kept.text.clone().into_owned(),
                who: kept.who.clone(),
            })
        })
        .collect();
    problems.sort_by(|a, b| a.place.cmp(&b.place).then_with(|| a.code.cmp(&b.code)));
    problems
}

fn schemes(tally: &Tally) -> Vec<Scheme> {
    let mut ranked: Vec<_> = tally.schemes.iter().collect();
    ranked.sort_by(|(a, x), (b, y)| y.count.cmp(&x.count).then(a.cmp(b)));
    Cost::measure(tally.schemes.values().flat_map(|scheme| scheme.costs.iter().map(|(cost, _)| *cost)));
    ranked
        .into_iter()
        .map(|(name, scheme)| {
            let mut costs: Vec<_> = scheme
                .costs
                .iter()
                .map(|(cost, users)| SchemeCost { label: cost.label(), users: *users, millis: cost.measured() })
                .collect();
            costs.sort_by(|a, b| a.millis.total_cmp(&b.millis));
            if scheme.other_costs > 0 {
                costs.push(SchemeCost { label: "others".into(), users: scheme.other_costs, millis: 0.0 });
            }
            Scheme {
                name: (*name).into(),
                count: scheme.count,
                refused: scheme.refused,
                converted: scheme.converted,
                endpoint: scheme.endpoint.map(|endpoint| endpoint.path().into()),
                costs,
            }
        })
        .collect()
}

/// Milliseconds of a core that a server was seen to take for a sign-in whose hash costs nothing to verify: nearly all of it
/// makes Argon2 of the password, which is what is verified from then on. Later versions may take cheaper costs.
const REHASH_MILLIS: f64 = 200.0;

/// Milliseconds of one core that everybody's first login takes together.
fn first_login_millis(tally: &Tally, profile: &Profile) -> f64 {
    let costs = || tally.schemes.iter().flat_map(|(_, scheme)| scheme.costs.iter());
    let verified: f64 = costs().map(|(cost, users)| cost.measured() * *users as f64).sum();
    let kept = |(cost, users): (&Cost, &u64)| match cost {
        Cost::Argon2(..) if !profile.argon2_rehashed => *users,
        _ => 0,
    };
    let kept: u64 = costs().map(kept).sum();
    verified + REHASH_MILLIS * tally.logins.saturating_sub(kept) as f64
}

impl Estimate {
    /// Of so many first logins, which take so many milliseconds of one core together.
    fn of_logins(first_logins: u64, millis: f64) -> Self {
        let mut estimate =
            Self { first_logins, login_core_hours: (millis / 36_000.0).round() / 100.0, ..Self::default() };
        if first_logins > 0 && millis > 0.0 {
            estimate.logins_a_second = (first_logins as f64 * 10_000.0 / millis).round() / 10.0;
        }
        estimate
    }

    /// Adds the logins of another part.
    pub(super) fn merge(&mut self, other: &Self) {
        let seconds = |part: &Self| {
            if part.logins_a_second > 0.0 { part.first_logins as f64 / part.logins_a_second } else { 0.0 }
        };
        let together = seconds(self) + seconds(other);
        self.first_logins += other.first_logins;
        self.login_core_hours += other.login_core_hours;
        if together > 0.0 {
            self.logins_a_second = (self.first_logins as f64 * 10.0 / together).round() / 10.0;
        }
    }
}

fn duplicates(tally: &Tally) -> Duplicates {
    let count = |code| tally.reasons.iter().filter(|((_, c, _), _)| *c == code).map(|(_, reason)| reason.count).sum();
    Duplicates {
        ids: count(Code::DuplicateId),
        emails: count(Code::DuplicateEmail),
        phones: count(Code::DuplicatePhone) + count(Code::SharedPhone),
    }
}

fn column_fate(column: &loss::Column, fate: Fate) -> Column {
    let (fate, to, how) = match fate {
        Fate::Carried(to) => ("carried", Some(to), None),
        Fate::Transformed { to, how } => ("transformed", Some(to), Some(how)),
        Fate::Prefs => ("prefs", Some("prefs"), None),
        Fate::Dropped { why } => ("dropped", None, Some(why)),
    };
    Column {
        name: column.name.clone(),
        fate: fate.into(),
        to: to.map(Into::into),
        how: how.map(Into::into),
        filled: column.filled,
        example: column.example.map(Into::into),
    }
}

fn traps(tally: &Tally) -> Vec<TrapCount> {
    Trap::ALL
        .into_iter()
        .zip(tally.traps)
        .filter(|(_, at_most)| *at_most > 0)
        .map(|(trap, at_most)| TrapCount {
            trap: trap.name().into(),
            title: trap.title().into(),
            text: trap.text().into(),
            advice: trap.advice().into(),
            at_most,
        })
        .collect()
}
