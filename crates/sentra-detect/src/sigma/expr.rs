use crate::test::Test;

/// A detection as a boolean expression over leaves.
#[derive(Debug, Clone)]
pub(crate) enum Expr<Leaf> {
    /// One test.
    Leaf(Leaf),
    /// All of them; of none: true.
    And(Vec<Expr<Leaf>>),
    /// Any of them; of none: false.
    Or(Vec<Expr<Leaf>>),
    /// At least so many of them.
    AtLeast(usize, Vec<Expr<Leaf>>),
    /// Not this.
    Not(Box<Expr<Leaf>>),
}

/// A test on a named field, or on every value of the event for keywords.
#[derive(Debug, Clone)]
pub(crate) struct Predicate {
    /// `None` for keywords.
    pub(crate) field: Option<String>,
    pub(crate) test: Test,
}

impl<Leaf> Expr<Leaf> {
    /// All of `parts`, without a layer for a single one.
    pub(crate) fn all(mut parts: Vec<Self>) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                Self::And(parts)
            }
            None => Self::And(parts),
        }
    }

    /// Any of `parts`, without a layer for a single one.
    pub(crate) fn any(mut parts: Vec<Self>) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                Self::Or(parts)
            }
            None => Self::Or(parts),
        }
    }

    /// The same expression over other leaves.
    pub(crate) fn map<Other>(self, change: &mut impl FnMut(Leaf) -> Other) -> Expr<Other> {
        let mut map_all = |parts: Vec<Self>| parts.into_iter().map(|part| part.map(change)).collect();
        match self {
            Self::And(parts) => Expr::And(map_all(parts)),
            Self::Or(parts) => Expr::Or(map_all(parts)),
            Self::AtLeast(count, parts) => Expr::AtLeast(count, map_all(parts)),
            Self::Not(part) => Expr::Not(Box::new(part.map(change))),
            Self::Leaf(leaf) => Expr::Leaf(change(leaf)),
        }
    }

    /// Orders every conjunction by what its parts cost, negations last: they only take away. Gives the cost.
    pub(crate) fn put_cheap_first(&mut self, cost: &impl Fn(&Leaf) -> u64) -> u64 {
        match self {
            Self::Leaf(leaf) => cost(leaf),
            Self::Not(part) => part.put_cheap_first(cost),
            Self::Or(parts) | Self::AtLeast(_, parts) => {
                parts.iter_mut().fold(0, |sum, part| sum.saturating_add(part.put_cheap_first(cost)))
            }
            Self::And(parts) => {
                let mut priced: Vec<_> = std::mem::take(parts)
                    .into_iter()
                    .map(|mut part| (matches!(part, Self::Not(_)), part.put_cheap_first(cost), part))
                    .collect();
                priced.sort_by_key(|(negated, cost, _)| (*negated, *cost));
                let sum = priced.iter().fold(0, |sum: u64, (_, cost, _)| sum.saturating_add(*cost));
                parts.extend(priced.into_iter().map(|(_, _, part)| part));
                sum
            }
        }
    }

    /// Calls `visit` with every leaf.
    pub(crate) fn leaves(&self, visit: &mut impl FnMut(&Leaf)) {
        match self {
            Self::Leaf(leaf) => visit(leaf),
            Self::And(parts) | Self::Or(parts) | Self::AtLeast(_, parts) => {
                parts.iter().for_each(|part| part.leaves(visit));
            }
            Self::Not(part) => part.leaves(visit),
        }
    }

    /// Whether it is true, given which leaves are: the definition, for one event.
    pub(crate) fn holds(&self, leaf_holds: &mut impl FnMut(&Leaf) -> bool) -> bool {
        match self {
            Self::Leaf(leaf) => leaf_holds(leaf),
            Self::And(parts) => parts.iter().all(|part| part.holds(leaf_holds)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(leaf_holds)),
            Self::AtLeast(count, parts) => {
                parts.iter().filter(|part| part.holds(leaf_holds)).count() >= *count
            }
            Self::Not(part) => !part.holds(leaf_holds),
        }
    }
}
