//! Users whose new address or number somebody else has: asked again once that one may have left it, and untangled where they
//! stand in a circle, as two who have each other's address do.

use std::collections::{HashMap, HashSet};

use super::asking::Asking;
use super::edits::SOMEBODY;
use super::found::note;
use super::user::{self, Came, Known};
use super::work::Work;
use crate::appwrite::preflight::in_chunks;
use crate::error::RunError;
use crate::ledger::Field;
use crate::report::sync::Kind;
use crate::run::feed::id_digest;
use crate::run::parallel::Parallel;

impl Work<'_> {
    /// Looks at these users again for as long as somebody leaves what one of them waits for; whose way stays barred is told so.
    pub(super) fn untangle(&mut self, mut waiting: Vec<Known>) -> Result<(), RunError> {
        let mut may_park = true;
        loop {
            let freed = std::mem::take(&mut self.freed);
            let (hopeful, mut others): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|known| known.waits_for(&freed));
            if hopeful.is_empty() {
                let circles = if std::mem::take(&mut may_park) { heads(&others) } else { Vec::new() };
                if circles.is_empty() {
                    return self.bar(others);
                }
                for head in circles {
                    others[head].park = true;
                }
                let (heads, rest) = others.into_iter().partition(|known| known.park);
                waiting = self.ask_again(heads, false)?;
                waiting.extend(rest);
            } else {
                waiting = self.ask_again(hopeful, false)?;
                waiting.extend(others);
            }
        }
    }

    /// Names whose new address or number stays somebody else's. Whoever was given one in between gets their own back.
    fn bar(&mut self, waiting: Vec<Known>) -> Result<(), RunError> {
        let (parked, plain): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|known| known.parked.is_some());
        for known in plain {
            let failed = note(known.job.user_id(), known.later, Kind::Failed, known.waits, SOMEBODY, true);
            self.find(failed, &known.noted)?;
        }
        self.ask_again(parked, true).map(|_| ())
    }

    fn ask_again(&mut self, waiting: Vec<Known>, is_last: bool) -> Result<Vec<Known>, RunError> {
        let asking = Asking { is_last, ..self.asking.clone() };
        let mut asked = Parallel::new(self.context, self.runtime, self.at_once);
        let mut came = Came::default();
        for known in in_chunks(waiting, |known| known.job.user_id().len()) {
            asked.add(user::page(self.context.clone(), asking.clone(), known), &mut |one| {
                came.add(one);
                Ok(())
            })?;
        }
        asked.finish(&mut |one| {
            came.add(one);
            Ok(())
        })?;
        self.take(came)
    }
}

impl Known {
    /// Whether something that they wait for is free by now.
    fn waits_for(&self, freed: &HashSet<u64>) -> bool {
        self.waits.iter().any(|field| {
            let wanted = if *field == Field::Email { self.job.email() } else { self.job.phone() };
            wanted.is_some_and(|wanted| freed.contains(&id_digest(wanted)))
        })
    }
}

/// One of each circle of users who wait for each other's addresses.
fn heads(waiting: &[Known]) -> Vec<usize> {
    let of = |known: &'_ Known| known.waits.contains(&Field::Email);
    let wanted: Vec<Option<&str>> = waiting.iter().map(|known| known.job.email().filter(|_| of(known))).collect();
    let had: Vec<&str> = waiting.iter().map(|known| known.has.as_str()).collect();
    circles(&had, &wanted)
}

/// One place of each circle: whoever stands there wants what the next has, and the last what the first has.
fn circles(had: &[&str], wanted: &[Option<&str>]) -> Vec<usize> {
    let holder: HashMap<&str, usize> = had.iter().enumerate().map(|(place, address)| (*address, place)).collect();
    let next = |place: usize| wanted[place].and_then(|address| holder.get(address)).copied().filter(|n| *n != place);
    let mut met = vec![usize::MAX; had.len()];
    let mut heads = Vec::new();
    for start in 0..had.len() {
        let mut at = Some(start);
        while let Some(place) = at.filter(|place| met[*place] == usize::MAX) {
            met[place] = start;
            at = next(place);
        }
        // Back where this very walk has been.
        heads.extend(at.filter(|place| met[*place] == start));
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::circles;

    #[test]
    fn a_circle_has_one_head_and_a_chain_has_none() {
        let had = ["a", "b", "c", "d", "e", "f"];
        let wanted = [Some("b"), Some("a"), Some("d"), Some("e"), Some("x"), Some("a")];
        assert_eq!(circles(&had, &wanted).len(), 1, "a and b have each other's; f waits for a, and c for d for e");
        assert_eq!(circles(&["a", "b", "c"], &[Some("b"), Some("c"), Some("a")]).len(), 1);
        assert_eq!(circles(&["a"], &[Some("a")]).len(), 0, "whoever wants what they have stands in nobody's way");
        assert_eq!(circles(&["a", "b"], &[None, Some("a")]).len(), 0);
    }
}
