//! What sources say about one thing, attribute by attribute, and which of them is believed.

use std::cmp::Reverse;
use std::sync::Arc;

use sentra_model::Timestamp;

use crate::source::SourceInfo;

/// What one source says about one attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim<A> {
    /// Which attribute.
    pub attribute: A,
    /// What is said of it.
    pub value: Arc<str>,
    /// Since when it holds, or from when on, where the source says so.
    pub since: Option<Timestamp>,
    /// How fresh the statement is: the entry's own time of change, else the source's.
    pub as_of: Timestamp,
    /// Who says it.
    pub source: Arc<SourceInfo>,
}

impl<A> Claim<A> {
    /// The version to name for it: that of the source, or the day of the statement where the source has none.
    #[must_use]
    pub fn version(&self) -> String {
        match self.source.version.as_ref() {
            "" => crate::moment::day(self.as_of),
            version => version.to_owned(),
        }
    }

    /// The believed claim is the largest: priority, then freshness, then (so that nothing depends on the order of
    /// reading) the name of the source and the value.
    fn rank(&self) -> (u8, Timestamp, Reverse<&str>, Reverse<&str>) {
        (self.source.priority, self.as_of, Reverse(&self.source.name), Reverse(&self.value))
    }
}

/// Law LIMIT: claims about one attribute of one thing; the least believed go first.
pub const CLAIMS_PER_ATTRIBUTE_MAX: usize = 8;

/// The claims about one thing.
#[derive(Debug, Clone)]
pub(crate) struct Claims<A>(Vec<Claim<A>>);

impl<A> Default for Claims<A> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<A: Copy + PartialEq> Claims<A> {
    /// Takes a claim. A fresher one of the same source replaces what that source said before; two equally fresh ones
    /// of one source stay side by side, so that a file that contradicts itself is seen.
    pub(crate) fn put(&mut self, claim: Claim<A>) {
        let is_same_source =
            |known: &Claim<A>| known.attribute == claim.attribute && known.source.name == claim.source.name;
        let is_covered = |known: &Claim<A>| {
            is_same_source(known)
                && (known.as_of > claim.as_of || (known.as_of == claim.as_of && known.value == claim.value))
        };
        let is_repeated = self.0.iter().any(is_covered);
        if is_repeated {
            return;
        }
        self.0.retain(|known| !(is_same_source(known) && known.as_of < claim.as_of));
        let attribute = claim.attribute;
        self.0.push(claim);
        if self.of(attribute).count() > CLAIMS_PER_ATTRIBUTE_MAX {
            let least = self.0.iter().enumerate().filter(|(_, known)| known.attribute == attribute);
            let least = least.min_by(|(_, one), (_, other)| one.rank().cmp(&other.rank()));
            if let Some((at, _)) = least {
                self.0.remove(at);
            }
        }
    }

    /// Takes all of `other`.
    pub(crate) fn absorb(&mut self, other: Self) {
        other.0.into_iter().for_each(|claim| self.put(claim));
    }

    /// Gives back room that is not needed.
    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    #[cfg(test)]
    pub(crate) fn all(&self) -> &[Claim<A>] {
        &self.0
    }

    /// The believed claim about `attribute`.
    pub(crate) fn believed(&self, attribute: A) -> Option<&Claim<A>> {
        self.of(attribute).max_by(|one, other| one.rank().cmp(&other.rank()))
    }

    /// The believed claim and each that says something else.
    pub(crate) fn contradicting(&self, attribute: A) -> impl Iterator<Item = (&Claim<A>, &Claim<A>)> {
        let believed = self.believed(attribute);
        self.of(attribute).filter_map(move |claim| {
            let kept = believed?;
            (!is_same_value(&kept.value, &claim.value)).then_some((kept, claim))
        })
    }

    fn of(&self, attribute: A) -> impl Iterator<Item = &Claim<A>> {
        self.0.iter().filter(move |claim| claim.attribute == attribute)
    }
}

/// Spelling is no contradiction.
fn is_same_value(one: &str, other: &str) -> bool {
    one == other || crate::fold::fold(one) == crate::fold::fold(other)
}

/// Two sources that say different things about one attribute of one identity or asset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema)]
pub struct Contradiction {
    /// The identity's or asset's key.
    pub subject: String,
    /// The attribute, `department`, or `account` where two identities claim one account.
    pub attribute: String,
    /// What is believed.
    pub kept: Statement,
    /// What is not.
    pub other: Statement,
}

/// One side of a [`Contradiction`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema)]
pub struct Statement {
    /// What is said.
    pub value: String,
    /// Which source says it.
    pub source: String,
    /// How fresh it is.
    pub as_of: Timestamp,
    /// The source's priority.
    pub priority: u8,
}

impl<A> From<&Claim<A>> for Statement {
    fn from(claim: &Claim<A>) -> Self {
        Self {
            value: claim.value.to_string(),
            source: claim.source.name.clone(),
            as_of: claim.as_of,
            priority: claim.source.priority,
        }
    }
}

/// Contradictions: the first [`CONTRADICTIONS_MAX`] in the order of their subjects, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Contradictions {
    /// The listed ones.
    pub list: Vec<Contradiction>,
    /// How many there are in all.
    pub total: u64,
}

/// Law LIMIT: contradictions that are listed; all are counted.
pub const CONTRADICTIONS_MAX: usize = 10_000;

impl Contradictions {
    /// Of all that come, keeps the smallest [`CONTRADICTIONS_MAX`].
    pub(crate) fn collect(all: impl Iterator<Item = Contradiction>) -> Self {
        let mut list = std::collections::BTreeSet::new();
        let mut total = 0;
        for contradiction in all {
            total += 1;
            list.insert(contradiction);
            if list.len() > CONTRADICTIONS_MAX {
                list.pop_last();
            }
        }
        Self { list: list.into_iter().collect(), total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(value: &str, source: &str, priority: u8, seconds: i64) -> Claim<u8> {
        let source = SourceInfo { name: source.to_owned(), version: String::new(), priority };
        Claim {
            attribute: 1,
            value: value.into(),
            since: None,
            as_of: Timestamp::from_seconds(seconds),
            source: Arc::new(source),
        }
    }

    #[test]
    fn priority_then_freshness_then_the_name() {
        let all = [claim("a", "one", 50, 9), claim("b", "two", 60, 1), claim("c", "three", 60, 2)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut claims = Claims::default();
            order.iter().for_each(|at| claims.put(all[*at].clone()));
            assert_eq!(&*claims.believed(1).unwrap().value, "c");
            assert_eq!(claims.contradicting(1).count(), 2);
        }
    }

    #[test]
    fn claims_are_bounded_and_the_best_stays() {
        let mut claims = Claims::default();
        (0..1_000).for_each(|n| claims.put(claim(&n.to_string(), &format!("s{n}"), (n % 100) as u8, n)));
        assert_eq!(claims.all().len(), CLAIMS_PER_ATTRIBUTE_MAX);
        assert_eq!(&*claims.believed(1).unwrap().value, "999");
    }

    #[test]
    fn a_source_replaces_what_it_said_and_not_with_older() {
        let mut claims = Claims::default();
        claims.put(claim("new", "one", 50, 9));
        claims.put(claim("old", "one", 50, 1));
        assert_eq!(&*claims.believed(1).unwrap().value, "new");
        assert_eq!(claims.all().len(), 1);
        claims.put(claim("NEW", "two", 50, 1));
        claims.put(claim("newer", "one", 50, 9));
        assert_eq!(claims.contradicting(1).count(), 1, "a file that contradicts itself is seen");
        claims.put(claim("new", "one", 50, 10));
        assert_eq!(claims.contradicting(1).count(), 0, "spelling is no contradiction");
    }
}
