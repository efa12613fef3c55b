//! Which columns a mapping reads, and what becomes of each.

use super::Mapping;
use super::column::Column;
use super::prefs::Prefs;
use crate::source::Fate;
use crate::source::kit::{common, shape};

impl Mapping {
    /// Hands over every list of columns of which one is read, with the field that it becomes, and whether it becomes that
    /// as it stands, as the only one.
    pub(super) fn visit<'m>(&'m self, each: &mut dyn FnMut(&'m [Column], &'static str, bool)) {
        let texts = [
            ("id", &self.id),
            ("email", &self.email),
            ("phone", &self.phone),
            ("name", &self.name),
            ("username", &self.username),
        ];
        for (to, text) in texts {
            if let Some(text) = text {
                text.visit(&mut |columns| {
                    let whole = text.is_unchanged() && !columns.iter().any(|column| text.joins(column));
                    each(columns, to, whole);
                });
            }
        }
        self.password.visit(&mut |columns| each(columns, "password", false));
        let flags = [
            ("email_verified", &self.email_verified),
            ("phone_verified", &self.phone_verified),
            ("enabled", &self.enabled),
        ];
        for (to, flag) in flags {
            if let Some(flag) = flag {
                flag.visit(&mut |columns| each(columns, to, false));
            }
        }
        if let Some(labels) = &self.labels {
            labels.visit(&mut |columns| each(columns, "labels", false));
        }
        if let Some(prefs) = &self.prefs {
            prefs.visit(&mut |columns| each(columns, "prefs", true));
        }
        for (to, moment) in [("created_at", &self.created_at), ("last_seen", &self.last_seen)] {
            if let Some(moment) = moment {
                each(moment.columns(), to, false);
            }
        }
        self.rules.visit(&mut |columns, to| each(columns, to, false));
    }

    /// Notes of every column that is read what becomes of it.
    pub(super) fn tell_fates(&mut self) {
        let is_system = self.is_system();
        let mut told: Vec<(String, Fate)> = Vec::new();
        let mut skipped = Vec::new();
        self.visit(&mut |columns, to, whole| {
            for column in columns.iter().filter(|column| !self.joins.has(column.path())) {
                let fate = if is_system { own_fate(to, whole) } else { mapped_fate(to, whole) };
                let list = if to == "record" { &mut skipped } else { &mut told };
                list.push((column.path().to_owned(), fate));
            }
        });
        let finds = Fate::Transformed { to: "record", how: "finds the rows of other tables" };
        told.extend(self.joins.columns().map(|of| (of.path().to_owned(), finds.clone())));
        told.extend(skipped);
        for (path, fate) in &told {
            self.fates.say(path, fate.clone());
        }
        // Paths into a column carry a part of it.
        for (path, fate) in told {
            if let Some((column, _)) = path.split_once('.') {
                self.fates.say_in_part(column, fate);
            }
        }
        if is_system {
            let rest = self.prefs.as_ref().is_some_and(Prefs::keeps_the_rest);
            self.fates.otherwise(if rest { Fate::Prefs } else { shape::FOREIGN });
        }
    }
}

/// What becomes of a column that a mapping names.
const fn mapped_fate(to: &'static str, whole: bool) -> Fate {
    match to.as_bytes() {
        b"record" => Fate::Transformed { to, how: "decides who is left out" },
        b"created_at" | b"last_seen" => common::CREATED,
        b"prefs" | b"username" => Fate::Prefs,
        _ if whole => Fate::Carried(to),
        _ => Fate::Transformed { to, how: "as the mapping says" },
    }
}

/// What becomes of a column that a system's file names, where it has no sentence of its own.
const fn own_fate(to: &'static str, whole: bool) -> Fate {
    match to.as_bytes() {
        b"record" => shape::SKIP,
        b"created_at" => common::CREATED,
        b"last_seen" => common::LAST_SEEN,
        b"prefs" | b"username" => Fate::Prefs,
        b"email_verified" => shape::EMAIL_VERIFIED,
        b"phone_verified" => shape::PHONE_VERIFIED,
        b"enabled" => shape::ENABLED,
        b"labels" => common::ROLES,
        b"password" => common::HASH,
        b"name" if !whole => shape::NAME_PART,
        _ => Fate::Carried(to),
    }
}
