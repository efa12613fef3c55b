//! Three sides of a user (what was left, what the source says now, what the target has now), and what follows.

use crate::ledger::{Field, Left};

/// What became of a field since it was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Source and target agree.
    Same,
    /// The source has changed it, and the target has it as it was left.
    Source,
    /// The target has changed it, and the source has it as it was left.
    Target,
    /// Both have, to different values; or it is not known who has.
    Both,
}

/// The three sides of one user.
#[derive(Debug, Clone, Copy)]
pub struct Sides {
    /// As the run left it; `None` where the ledger does not say.
    pub left: Option<Left>,
    /// As the source has it now.
    pub source: Left,
    /// As the target has it now.
    pub target: Left,
    /// Whether nothing at all was changed at the target since.
    pub untouched: bool,
    /// Whether the target's password is a re-hash of the one that was left, made at a sign-in, or a hash of a plain one.
    pub rehashed: bool,
}

impl Sides {
    /// What was left of a field, as far as that can be known.
    fn left_of(&self, field: Field) -> Option<u32> {
        match self.left {
            Some(left) => Some(left.get(field)),
            None => self.untouched.then(|| self.target.get(field)),
        }
    }

    /// Whether the source has changed a field.
    fn source_changed(&self, field: Field) -> bool {
        self.left_of(field) != Some(self.source.get(field))
    }

    /// What became of a field.
    #[must_use]
    pub fn of(&self, field: Field) -> Side {
        match field {
            Field::EmailVerification => self.of_verification(field, Field::Email),
            Field::PhoneVerification => self.of_verification(field, Field::Phone),
            field => self.plainly(field),
        }
    }

    fn plainly(&self, field: Field) -> Side {
        let (source, target) = (self.source.get(field), self.target.get(field));
        let as_left = field == Field::Password && self.rehashed || self.left_of(field) == Some(target);
        match (source == target, self.source_changed(field), as_left) {
            (true, ..) | (_, false, true) => Side::Same,
            (_, false, false) => Side::Target,
            (_, true, true) => Side::Source,
            (_, true, false) => Side::Both,
        }
    }

    /// A verification goes with what is verified: a new address of the source brings its own, and one that the target
    /// keeps for itself keeps its own.
    fn of_verification(&self, field: Field, of: Field) -> Side {
        match self.plainly(of) {
            // Changing it resets the verification, whatever it was.
            Side::Source if self.source.get(field) == 1 => Side::Source,
            Side::Source | Side::Target | Side::Both => Side::Same,
            Side::Same if self.source_changed(of) && self.source.get(field) != self.target.get(field) => Side::Source,
            Side::Same => self.plainly(field),
        }
    }

    /// The fields that went this way, in their order.
    #[must_use]
    pub fn fields(&self, side: Side) -> Vec<Field> {
        Field::ALL.into_iter().filter(|field| self.of(*field) == side).collect()
    }

    /// What is left of the user once these of the fields that the source changed are sent; `None` if that is not known.
    #[must_use]
    pub fn after(&self, sent: impl Fn(Field) -> bool) -> Option<Left> {
        let mut after = self.left.unwrap_or_default();
        for field in Field::ALL {
            let agreed = self.of(field) == Side::Same && (self.source.get(field) == self.target.get(field));
            if agreed || (self.of(field) == Side::Source && sent(field)) || self.follows(field, &sent) {
                after.set(field, self.source.get(field));
            } else if self.left.is_none() {
                // Of one that is not settled it is not known still.
                return None;
            }
        }
        Some(after)
    }

    /// Whether a verification becomes what the source says by the change of what is verified.
    fn follows(&self, field: Field, sent: &impl Fn(Field) -> bool) -> bool {
        let of = match field {
            Field::EmailVerification => Field::Email,
            Field::PhoneVerification => Field::Phone,
            _ => return false,
        };
        self.of(of) == Side::Source && sent(of) && self.of(field) == Side::Same
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn left() -> impl Strategy<Value = Left> {
        proptest::collection::vec(0..3_u32, 9).prop_map(|values| {
            let mut left = Left::default();
            for (field, value) in Field::ALL.into_iter().zip(values) {
                left.set(field, if field as usize >= 6 { value & 1 } else { value });
            }
            left
        })
    }

    fn sides() -> impl Strategy<Value = Sides> {
        (proptest::option::of(left()), left(), left(), any::<bool>(), any::<bool>()).prop_map(
            |(left, source, target, untouched, rehashed)| {
                // Untouched is a user who is as the ledger says.
                let left = if untouched { left.map(|_| target) } else { left };
                Sides { left, source, target, untouched, rehashed: rehashed && !untouched }
            },
        )
    }

    #[test]
    fn the_table_of_one_field() {
        let of = |left: u32, source: u32, target: u32| {
            let one = |value| {
                let mut left = Left::default();
                left.set(Field::Name, value);
                left
            };
            let sides = Sides {
                left: Some(one(left)),
                source: one(source),
                target: one(target),
                untouched: false,
                rehashed: false,
            };
            sides.of(Field::Name)
        };
        assert_eq!(of(1, 1, 1), Side::Same);
        assert_eq!(of(1, 2, 2), Side::Same, "both alike");
        assert_eq!(of(1, 2, 1), Side::Source);
        assert_eq!(of(1, 1, 2), Side::Target);
        assert_eq!(of(1, 2, 3), Side::Both);
    }

    #[test]
    fn what_an_older_ledger_does_not_say_stays_unknown_until_it_is_sent() {
        let mut source = Left::default();
        source.set(Field::Password, 7);
        let mut target = Left::default();
        target.set(Field::Password, 9);
        let sides = Sides { left: None, source, target, untouched: false, rehashed: true };
        assert_eq!(sides.fields(Side::Source), [Field::Password]);
        assert_eq!(sides.after(|_| false), None, "a re-hash is not what was left");
        assert_eq!(sides.after(|_| true), Some(source));
    }

    proptest! {
        /// Whatever the three sides are: what somebody changed at the target is never sent over, what the source did not
        /// change is never sent, and once everything is sent a second sync has nothing to send.
        #[test]
        fn nobody_is_overwritten_and_nothing_is_sent_twice(sides in sides()) {
            let mut target = sides.target;
            for field in sides.fields(Side::Source) {
                prop_assert!(sides.rehashed && field == Field::Password || sides.left.is_none_or(|left| {
                    let verified = match field {
                        Field::EmailVerification => Some(Field::Email),
                        Field::PhoneVerification => Some(Field::Phone),
                        _ => None,
                    };
                    let with = verified.is_some_and(|of| left.get(of) != sides.source.get(of));
                    with || (left.get(field) == sides.target.get(field) && left.get(field) != sides.source.get(field))
                }), "{field:?}");
                match field {
                    Field::Email => target.set(Field::EmailVerification, 0),
                    Field::Phone => target.set(Field::PhoneVerification, 0),
                    _ => {}
                }
                target.set(field, sides.source.get(field));
            }
            if sides.fields(Side::Both).is_empty() {
                let again = Sides { left: sides.after(|_| true), target, rehashed: false, untouched: false, ..sides };
                if !sides.rehashed {
                    prop_assert_eq!(again.fields(Side::Source), vec![], "{:?}", again);
                    prop_assert_eq!(again.fields(Side::Both), vec![], "{:?}", again);
                }
                // Whose fields all went the source's way is as planned.
                if sides.fields(Side::Target).is_empty() && !sides.rehashed {
                    prop_assert_eq!(target, sides.source);
                    prop_assert_eq!(sides.after(|_| true), Some(sides.source));
                }
            }
            // What is not sent stays to be done.
            if let (Some(left), Some(after)) = (sides.left, sides.after(|_| false)) {
                for field in sides.fields(Side::Source) {
                    prop_assert_eq!(after.get(field), left.get(field));
                }
            }
        }
    }
}
