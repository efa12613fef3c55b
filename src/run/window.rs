//! When a person wants a run to hold, and when to end: a file that holds it while it is there, and a time of day.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _, ZonedDateTime};
use tokio::sync::watch;

use super::stop::Stop;
use crate::error::RunError;
use crate::event::{Event, Listener};
use crate::ledger::{ENDED, HELD, PAUSED, Sender, UNTIL};
use crate::report::figures;

/// How often the clock and the file are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// When a run holds, and when it ends.
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// `--until`: from then on nobody is begun.
    pub until: Option<ZonedDateTime>,
    /// `--pause-file`: nobody is begun while it is there.
    pub pause_file: Option<PathBuf>,
}

/// The next moment at which a clock shows this time: `05:00` where `TZ` or this machine says, `05:00Z`, `05:00+02:00` or
/// `05:00 Europe/Berlin` elsewhere. A clock that is put back shows it twice; one that is put forward past it does so then.
///
/// # Errors
/// A sentence for anything else, a day above all, and for a time zone that nobody here knows.
pub fn next(text: &str) -> Result<ZonedDateTime, String> {
    next_after(text, Timestamp::now())
}

fn next_after(text: &str, now: Timestamp) -> Result<ZonedDateTime, String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(text.len());
    let (time, zone) = (text[..end].trim(), text[end..].trim());
    let form = || {
        let form = "a time of day is written 05:00, 05:00Z or `05:00 Europe/Berlin`";
        match crate::run::bridge::until(text) {
            Ok(_) => format!("{form}; how long the bridge keeps hashes is --bridge-until {text}"),
            Err(_) => form.to_owned(),
        }
    };
    // `5:00` is meant as it says.
    let time = if time.find(':') == Some(1) { format!("0{time}") } else { time.to_owned() };
    if !time.contains(':') {
        return Err(form());
    }
    let time: Time = time.parse().map_err(|_| form())?;
    let zone = match zone {
        "" => local()?,
        "Z" | "z" => TimeZone::UTC,
        named => format!("2000-01-01T00:00[{named}]")
            .parse::<ZonedDateTime>()
            .map(|moment| moment.time_zone().clone())
            .map_err(|_| format!("no time zone is known here as `{named}`; 05:00Z or 05:00+02:00 needs none"))?,
    };
    let today = now.to_zoned_datetime(zone.clone()).date();
    [Some(today), today.tomorrow().ok()]
        .into_iter()
        .flatten()
        .flat_map(|day| shows(&zone, day.to_datetime(time)))
        .find(|moment| *moment > now)
        .map(|moment| moment.to_zoned_datetime(zone.clone()))
        .ok_or_else(form)
}

/// When the clocks of a zone show this: once, twice where they are put back, and where they are put forward past it, then.
fn shows(zone: &TimeZone, time: DateTime) -> impl Iterator<Item = Timestamp> + use<> {
    let found = zone.to_ambiguous_timestamp(time);
    let moments = match found.offset() {
        AmbiguousOffset::Gap { after, .. } => {
            let before = after.to_timestamp(time).ok();
            [before.and_then(|before| zone.following(before).next().map(|change| change.timestamp())), None]
        }
        AmbiguousOffset::Fold { before, after } => [before.to_timestamp(time).ok(), after.to_timestamp(time).ok()],
        AmbiguousOffset::Unambiguous { offset } => [offset.to_timestamp(time).ok(), None],
    };
    moments.into_iter().flatten()
}

/// The person's own time zone. Where nothing says which, it is UTC, as for every other program.
fn local() -> Result<TimeZone, String> {
    match TimeZone::try_system() {
        Ok(zone) => Ok(zone),
        Err(_) if std::env::var_os("TZ").is_some_and(|zone| !zone.is_empty()) => {
            Err("the time zone that TZ names is not known here; write 05:00Z or 05:00+02:00 instead".into())
        }
        Err(_) => Ok(TimeZone::UTC),
    }
}

/// A moment as a person reads it: `05:00 Europe/Berlin`.
#[must_use]
pub fn shown(moment: &ZonedDateTime) -> String {
    let zone = match moment.time_zone().iana_name() {
        Some(name) => name.to_owned(),
        None => moment.strftime("%:z").to_string(),
    };
    let seconds = if moment.second() == 0 { "" } else { ":%S" };
    format!("{} {zone}", moment.strftime(&format!("%H:%M{seconds}")))
}

/// Whether a person holds the run.
#[derive(Debug, Clone, Default)]
pub struct Hold(Arc<watch::Sender<bool>>);

impl Hold {
    /// Whether nobody is to be begun for now.
    #[must_use]
    pub fn is_on(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the run goes on, or is stopped: nobody lifts the hold of one that ends.
    pub async fn over(&self, stop: &Stop) {
        let mut held = self.0.subscribe();
        tokio::select! {
            biased;
            () = stop.set_by_anyone() => {}
            // The sender is never dropped while somebody waits for it.
            _ = held.wait_for(|held| !held) => {}
        }
    }

    fn set(&self, held: bool) {
        self.0.send_replace(held);
    }
}

/// What a look at the file of `--pause-file` says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Gone,
    There,
    Unclear(String),
}

impl Seen {
    fn at(path: &Path) -> Self {
        match std::fs::symlink_metadata(path) {
            Ok(_) => Self::There,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                Self::Gone
            }
            // Whoever cannot be seen may have been put there.
            Err(error) => Self::Unclear(error.to_string()),
        }
    }

    /// Why nobody is begun.
    fn sentence(&self, path: &Path) -> Option<String> {
        let path = path.display();
        match self {
            Self::Gone => None,
            Self::There => Some(format!("paused: nobody new is begun until {path} is gone")),
            Self::Unclear(why) => Some(format!("paused: it cannot be told whether {path} is there: {why}")),
        }
    }
}

/// Keeps the window of a run while it works.
pub struct Keeper {
    window: Window,
    stop: Stop,
    hold: Hold,
    ledger: Sender,
    listener: Arc<dyn Listener>,
    seen: watch::Receiver<Seen>,
    /// Since when it is held.
    held: Option<Timestamp>,
    /// Seconds for which it was held before that.
    before: f64,
}

impl Window {
    /// What keeps it. The first look is taken now: nobody is begun before.
    #[must_use]
    pub fn keeper(&self, stop: &Stop, hold: &Hold, ledger: &Sender, listener: &Arc<dyn Listener>) -> Keeper {
        let (sender, seen) = watch::channel(Seen::Gone);
        if let Some(path) = self.pause_file.clone() {
            sender.send_replace(Seen::at(&path));
            // On a thread of its own, which ends with the run: a file system that hangs keeps nobody waiting.
            std::thread::spawn(move || {
                while !sender.is_closed() {
                    std::thread::sleep(LOOK_EVERY);
                    let now = Seen::at(&path);
                    sender.send_if_modified(|seen| std::mem::replace(seen, now.clone()) != now);
                }
            });
        }
        hold.set(*seen.borrow() != Seen::Gone);
        let (stop, hold, ledger, listener) = (stop.clone(), hold.clone(), ledger.clone(), listener.clone());
        let keeper = Keeper { window: self.clone(), stop, hold, ledger, listener, seen, held: None, before: 0.0 };
        if let Some(until) = &self.until {
            let left = until.timestamp().duration_since(Timestamp::now()).as_secs_f64();
            keeper.listener.on(&Event::Said(format!(
                "nobody is begun after {}, {} from now; the same command goes on another time",
                shown(until),
                figures::seconds(left.max(0.0))
            )));
        }
        keeper.end_if_late();
        keeper
    }
}

impl Keeper {
    /// Looks at clock and file for as long as the run works.
    pub async fn keep(mut self) {
        let until = self.window.until.as_ref().map(|until| until.timestamp().to_string());
        let _ = self.ledger.meta(UNTIL, until.unwrap_or_default()).await;
        let _ = self.ledger.meta(PAUSED, String::new()).await;
        let _ = self.ledger.meta(HELD, "0".into()).await;
        let _ = self.ledger.meta(ENDED, String::new()).await;
        while !self.stop.is_set() {
            self.note().await;
            if self.end_if_late() {
                break;
            }
            // The clock is asked again and again: a machine that slept, or was set right, has another time.
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                Ok(()) = self.seen.changed() => {}
            }
        }
        if self.is_late().is_some() {
            let _ = self.ledger.meta(ENDED, "until".into()).await;
        }
    }

    fn is_late(&self) -> Option<&ZonedDateTime> {
        self.window.until.as_ref().filter(|until| until.timestamp() <= Timestamp::now())
    }

    fn end_if_late(&self) -> bool {
        let Some(until) = self.is_late() else { return false };
        self.listener.on(&Event::Said(format!("it is {}: finishing the users that are begun", shown(until))));
        self.stop.finish_because(RunError::time_is_up(format!("stopped at {}, as --until says", shown(until))));
        true
    }

    /// Brings everybody up to what the file says.
    async fn note(&mut self) {
        let seen = self.seen.borrow_and_update().clone();
        let Some(path) = self.window.pause_file.as_deref() else { return };
        let why = seen.sentence(path);
        self.hold.set(why.is_some());
        match (why, self.held) {
            (Some(why), None) => {
                let now = Timestamp::now();
                self.held = Some(now);
                let _ = self.ledger.meta(PAUSED, now.to_string()).await;
                self.listener.on(&Event::Held(why));
            }
            (None, Some(since)) => {
                self.held = None;
                let _ = self.ledger.meta(PAUSED, String::new()).await;
                let held = Timestamp::now().duration_since(since).as_secs_f64().max(0.0);
                self.before += held;
                let _ = self.ledger.meta(HELD, format!("{:.0}", self.before)).await;
                let text = format!("going on after a pause of {}", figures::seconds(held));
                self.listener.on(&Event::GoneOn { text, seconds: held });
            }
            _ => {}
        }
    }
}

/// Within which a moment lies that is still to come: for `status`.
#[must_use]
pub fn local_time(moment: Timestamp) -> String {
    let zone = local().unwrap_or(TimeZone::UTC);
    let day = moment.to_zoned_datetime(zone.clone());
    let today = Timestamp::now().to_zoned_datetime(zone);
    let soon = day.timestamp() < today.checked_add(1.day()).map_or(Timestamp::MAX, |then| then.timestamp());
    if soon { shown(&day) } else { format!("{} {}", day.date(), shown(&day)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_next_one() {
        let at = |text: &str, now: &str| {
            next_after(text, now.parse().expect("a moment")).map(|moment| moment.timestamp().to_string())
        };
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(at("05:00Z", "2026-11-28T23:00:00Z"), ok("2026-11-29T05:00:00Z"));
        assert_eq!(at("5:00Z", "2026-11-28T04:59:59Z"), ok("2026-11-28T05:00:00Z"));
        assert_eq!(at("05:00Z", "2026-11-28T05:00:00Z"), ok("2026-11-29T05:00:00Z"));
        assert_eq!(at("05:00:30 UTC", "2026-11-28T05:00:00Z"), ok("2026-11-28T05:00:30Z"));
        assert_eq!(at("05:00+02:00", "2026-11-28T02:00:00Z"), ok("2026-11-28T03:00:00Z"));
        for wrong in ["5", "05", "25:00", "05:60", "", "soon", "2027-01-31", "05:00 Nowhere/Atall"] {
            assert!(at(wrong, "2026-11-28T05:00:00Z").is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_day_is_told_whose_it_is() {
        let told = |text: &str| next_after(text, Timestamp::UNIX_EPOCH).expect_err("a day");
        assert!(told("2027-01-31").ends_with("; how long the bridge keeps hashes is --bridge-until 2027-01-31"));
        assert!(told("2027-01-31T12:00:00Z").ends_with("--bridge-until 2027-01-31T12:00:00Z"));
        assert!(!told("2027-31-01").contains("bridge"));
    }

    /// Zones that are data of their own, whatever list this machine has: Berlin, New York, and one that goes by half an hour.
    #[test]
    fn the_day_a_clock_is_put_back_or_forward_has_its_times_too() {
        let moments = |zone: &str, text: &str| {
            let zone = TimeZone::posix(zone).expect("a zone");
            let moments = shows(&zone, text.parse().expect("a time"));
            moments.map(|moment| moment.to_string()).collect::<Vec<_>>()
        };
        let (berlin, new_york) = ("CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0");
        let lord_howe = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";
        for (zone, text, shown) in [
            (berlin, "2026-03-29T01:59", &["2026-03-29T00:59:00Z"][..]),
            // Nobody is begun at what would be half past two: the clock is past it.
            (berlin, "2026-03-29T02:00", &["2026-03-29T01:00:00Z"]),
            (berlin, "2026-03-29T02:30", &["2026-03-29T01:00:00Z"]),
            (berlin, "2026-03-29T03:00", &["2026-03-29T01:00:00Z"]),
            (berlin, "2026-10-25T01:59", &["2026-10-24T23:59:00Z"]),
            (berlin, "2026-10-25T02:30", &["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]),
            (berlin, "2026-10-25T03:00", &["2026-10-25T02:00:00Z"]),
            (new_york, "2026-03-08T02:30", &["2026-03-08T07:00:00Z"]),
            (new_york, "2026-11-01T01:30", &["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]),
            (lord_howe, "2026-10-04T02:15", &["2026-10-03T15:30:00Z"]),
            (lord_howe, "2026-04-05T01:45", &["2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"]),
        ] {
            assert_eq!(moments(zone, text), shown, "{zone} {text}");
        }
    }

    #[test]
    fn what_a_clock_shows_twice_in_a_night_is_meant_the_next_time() {
        if TimeZone::get("Europe/Berlin").is_err() {
            return println!("skipped: this machine has no list of time zones");
        }
        let at = |now: &str| {
            let moment = next_after("02:30 Europe/Berlin", now.parse().expect("a moment")).expect("a time");
            (moment.timestamp().to_string(), shown(&moment))
        };
        // There is no 02:30 on 29 March 2026, and there are two on 25 October.
        assert_eq!(at("2026-03-28T22:00:00Z"), ("2026-03-29T01:00:00Z".into(), "03:00 Europe/Berlin".into()));
        assert_eq!(at("2026-03-29T01:00:00Z"), ("2026-03-30T00:30:00Z".into(), "02:30 Europe/Berlin".into()));
        assert_eq!(at("2026-10-24T22:00:00Z").0, "2026-10-25T00:30:00Z");
        assert_eq!(at("2026-10-25T00:30:00Z").0, "2026-10-25T01:30:00Z");
        assert_eq!(at("2026-10-25T00:45:00Z").0, "2026-10-25T01:30:00Z");
        assert_eq!(at("2026-10-25T01:30:00Z").0, "2026-10-26T01:30:00Z");
    }
}
