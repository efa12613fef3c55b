//! Who is named, and why: what was found about each user, kept in the ledger until the next sync begins, and the list of it. A
//! dry run, which writes nothing into the ledger, has its list written at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Mode;
use crate::error::RunError;
use crate::folder::Folder;
use crate::ledger::{Field, Note, Reader, State};
use crate::report::sync::{Changes, Kind, Sync};
use crate::run::feed::id_digest;

/// What was found so far.
pub(super) struct Found {
    /// The list of a dry run, and its counts.
    dry: Option<(Changes, Sync)>,
    /// Whom an earlier part of this sync has noted.
    noted: Arc<HashSet<u64>>,
    /// With `--with-pii`, the addresses of whoever is named: the ledger holds none.
    emails: Option<HashMap<String, String>>,
}

impl Found {
    /// Of a sync that begins, or goes on with what was noted before.
    ///
    /// # Errors
    /// [`RunError::io`], [`RunError::ledger`]
    pub(super) fn begin(folder: &Folder, reader: &Reader, mode: Mode, goes_on: bool) -> Result<Self, RunError> {
        let dry = if mode.dry_run { Some((Changes::begin(folder, mode.with_pii)?, Sync::default())) } else { None };
        let mut noted = HashSet::new();
        if goes_on && !mode.dry_run {
            reader.each_note(|note| {
                noted.insert(id_digest(&note.user_id));
                Ok(())
            })?;
        }
        Ok(Self { dry, noted: Arc::new(noted), emails: mode.with_pii.then(HashMap::new) })
    }

    /// Whether an earlier part of this sync has noted something of a user.
    pub(super) fn has_earlier(&self, user_id: &str) -> bool {
        self.noted.contains(&id_digest(user_id))
    }

    /// Whom an earlier part of this sync has noted, by the digests of their ids.
    pub(super) fn noted(&self) -> Arc<HashSet<u64>> {
        self.noted.clone()
    }

    /// Remembers the address of somebody who may be named.
    pub(super) fn meet(&mut self, user_id: &str, email: Option<&str>) {
        if let (Some(emails), Some(email)) = (&mut self.emails, email) {
            emails.insert(user_id.to_owned(), email.to_owned());
        }
    }

    /// Adds what a dry run found; false where it is to be noted in the ledger.
    ///
    /// # Errors
    /// [`RunError::io`]
    pub(super) fn add_dry(&mut self, note: &Note) -> Result<bool, RunError> {
        let Some((list, counts)) = &mut self.dry else { return Ok(false) };
        counts.add(note);
        let email = self.emails.as_ref().and_then(|emails| emails.get(&note.user_id));
        list.add(note, email.map(String::as_str)).map(|()| true)
    }

    /// Writes the list, and counts what stands in it.
    ///
    /// # Errors
    /// [`RunError::io`], [`RunError::ledger`]
    pub(super) fn list(&mut self, folder: &Folder, reader: &Reader, report: &mut Sync) -> Result<(), RunError> {
        (report.counts, report.gone, report.look) = Default::default();
        if let Some((list, counts)) = self.dry.take() {
            (report.counts, report.gone, report.look) = (counts.counts, counts.gone, counts.look);
            return list.finish();
        }
        let mut list = Changes::begin(folder, self.emails.is_some())?;
        reader.each_note(|mut note| {
            if note.kind == Kind::New.name() {
                note.done = of_new(reader, &note)?;
            }
            report.add(&note);
            let email = self.emails.as_ref().and_then(|emails| emails.get(&note.user_id));
            list.add(&note, email.map(String::as_str))
        })?;
        list.finish()
    }
}

/// What became of somebody new. Until the ledger has the later export's numbers, another user has theirs.
fn of_new(reader: &Reader, note: &Note) -> Result<String, RunError> {
    let entry = reader.range(note.record, note.record)?.pop().filter(|entry| entry.user_id == note.user_id);
    Ok(match entry.map(|entry| (entry.state, entry.code)) {
        Some((State::Done, _)) => "created".into(),
        Some((State::Present, _)) => "was there before, the very same".into(),
        Some((State::Refused | State::Conflict | State::Failed, code)) => {
            format!("not created: {}", code.unwrap_or_default())
        }
        _ => "to be created".into(),
    })
}

/// What stands in the place of what was done until it is.
pub(super) const MEANT: &str = "was to be sent when the sync was cut off";

/// What an earlier part of a sync has noted of a user that holds although they are as they were left now: whatever kept them
/// from what the source had then does not any more. `None` where something was meant, and may have been done.
pub(super) fn settled(noted: &[Note]) -> Option<Vec<Note>> {
    if noted.iter().any(|note| note.done == MEANT) {
        return None;
    }
    let holds = |note: &&Note| !note.look || note.kind == Kind::ChangedAtTarget.name();
    Some(noted.iter().filter(holds).cloned().collect())
}

/// A note of a user.
pub(super) fn note(user_id: &str, record: u64, kind: Kind, fields: Vec<Field>, done: &str, look: bool) -> Note {
    Note { user_id: user_id.to_owned(), kind: kind.name().to_owned(), record, fields, done: done.to_owned(), look }
}

/// What was found of a user now, together with what an earlier part of the same sync has done for them: that stays told of
/// attributes that are as it left them. Whom somebody had to look at then was looked at again.
pub(super) fn with_earlier(mut now: Vec<Note>, earlier: &[Note], holds: impl Fn(&Note, Field) -> bool) -> Vec<Note> {
    for earlier in earlier.iter().filter(|note| !note.look) {
        let mut before = earlier.clone();
        let named = !before.fields.is_empty();
        before.fields.retain(|field| holds(earlier, *field));
        if before.done == MEANT {
            before.done = "sent".into();
        }
        if let Some(same) = now.iter_mut().find(|note| note.kind == before.kind) {
            let both = |field: &Field| same.fields.contains(field) || before.fields.contains(field);
            same.fields = Field::ALL.into_iter().filter(both).collect();
        } else if !named || !before.fields.is_empty() {
            before.record = now.first().map_or(before.record, |note| note.record);
            now.push(before);
        }
    }
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_before_stays_told_where_it_holds() {
        let one = |kind, fields: &[Field], look| note("ann", 3, kind, fields.to_vec(), "…", look);
        let earlier = [
            one(Kind::Changed, &[Field::Email, Field::Name], false),
            one(Kind::Password, &[Field::Password], false),
            one(Kind::Failed, &[Field::Phone], true),
            one(Kind::Gone, &[], false),
        ];
        let now = vec![one(Kind::Changed, &[Field::Labels], false)];
        let all = with_earlier(now, &earlier, |_, field| field == Field::Name);
        assert_eq!(
            all,
            [one(Kind::Changed, &[Field::Name, Field::Labels], false), one(Kind::Gone, &[], false)],
            "the address is another one by now, the password was not changed, the number is looked at again"
        );
        let meant = Note { done: MEANT.into(), ..one(Kind::Changed, &[Field::Name], false) };
        assert_eq!(with_earlier(Vec::new(), std::slice::from_ref(&meant), |_, _| true)[0].done, "sent");
        assert_eq!(with_earlier(Vec::new(), &[meant], |_, _| false), []);
        let all = with_earlier(Vec::new(), &earlier, |_, _| true);
        assert_eq!(all.len(), 3);
    }
}
