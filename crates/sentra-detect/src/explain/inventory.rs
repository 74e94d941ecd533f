//! Whether a rule can match anything that a mart holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sentra_model::{EventRow, column};
use serde::{Deserialize, Serialize};

use crate::fields::{Fallback, fallbacks};
use crate::logsource::Logsource;
use crate::plain;
use crate::ruleset::{Body, RuleSet, TestId};
use crate::sigma::expr::Expr;
use crate::test::Test;
use crate::text::nearest;

use super::{logsource_words, single};

/// Most logsources of an inventory.
pub(crate) const INVENTORY_LOGSOURCES_MAX: usize = 10_000;
/// Most field names of one logsource of an inventory.
pub(crate) const INVENTORY_FIELDS_MAX: usize = 20_000;

/// What a tenant's marts hold: by logsource, the names of fields ever seen. Whoever stores events keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldInventory {
    /// What was seen.
    pub logsources: Vec<SeenLogsource>,
    /// Not everything seen is in it, for lack of room: it says of nothing that it was never seen.
    #[serde(default)]
    pub incomplete: bool,
}

/// Events that belong to the same logsources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenLogsource {
    /// Products these events belong to.
    pub products: BTreeSet<String>,
    /// Categories they belong to.
    pub categories: BTreeSet<String>,
    /// Services they belong to.
    pub services: BTreeSet<String>,
    /// How many were seen.
    pub events: u64,
    /// Names of their own fields, and in how many events each was seen.
    pub fields: BTreeMap<String, u64>,
    /// Header columns that had a value.
    pub columns: BTreeSet<String>,
}

/// Whether a rule can match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum InventoryVerdict {
    /// Nothing speaks against it.
    CanMatch {
        /// Events seen of its logsource.
        events: u64,
    },
    /// It cannot.
    CannotMatch {
        /// Why.
        reason: CannotMatch,
    },
}

/// Why a rule cannot match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum CannotMatch {
    /// No event of its logsource was ever seen.
    NoEvents {
        /// The logsource in words.
        logsource: String,
    },
    /// It needs fields that no event of its logsource ever had.
    FieldsNeverSeen {
        /// The fields, each with the nearest name that was seen.
        fields: Vec<(String, Option<String>)>,
        /// The logsource in words.
        logsource: String,
        /// Events seen of it.
        events: u64,
    },
    /// A correlation none of whose rules can match.
    NoRuleOfIt,
    /// Whatever the event, the condition is false.
    Never,
}

impl fmt::Display for InventoryVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CanMatch { events } => write!(f, "can match: {events} events of this logsource seen"),
            Self::CannotMatch { reason } => write!(f, "cannot match: {reason}"),
        }
    }
}

impl fmt::Display for CannotMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEvents { logsource } => write!(f, "no event of this logsource seen ({logsource})"),
            Self::FieldsNeverSeen { fields, logsource, .. } => {
                let word = if fields.len() == 1 { "field" } else { "fields" };
                let named = fields.iter().map(|(field, near)| match near {
                    Some(near) => format!("{field} (nearest seen: {near})"),
                    None => field.clone(),
                });
                let named: Vec<String> = named.collect();
                write!(f, "{word} {} never seen in this logsource ({logsource})", named.join(", "))
            }
            Self::NoRuleOfIt => f.write_str("none of the rules it refers to can match"),
            Self::Never => f.write_str("the condition is false for every event"),
        }
    }
}

impl FieldInventory {
    /// Adds what `row` of a batch of `mart` has.
    pub fn observe(&mut self, mart: &str, row: EventRow<'_>) {
        let route = plain::route_of(mart, row);
        let (products, categories, services) = route.parts();
        let products: BTreeSet<String> = products.iter().cloned().collect();
        let categories: BTreeSet<String> = categories.iter().map(|category| (*category).to_owned()).collect();
        let services: BTreeSet<String> = services.iter().cloned().collect();
        let place = self.logsources.iter().position(|seen| {
            seen.products == products && seen.categories == categories && seen.services == services
        });
        if place.is_none() {
            if self.logsources.len() >= INVENTORY_LOGSOURCES_MAX {
                self.incomplete = true;
                return;
            }
            let seen = SeenLogsource { products, categories, services, ..SeenLogsource::default() };
            self.logsources.push(seen);
        }
        let place = place.unwrap_or(self.logsources.len().saturating_sub(1));
        if let Some(seen) = self.logsources.get_mut(place) {
            self.incomplete |= seen.add(row);
        }
    }
}

impl SeenLogsource {
    /// Adds an event. Says whether there was no room for a field.
    fn add(&mut self, row: EventRow<'_>) -> bool {
        let mut full = false;
        self.events += 1;
        for (name, _) in row.fields() {
            let room = self.fields.len() < INVENTORY_FIELDS_MAX;
            match self.fields.get_mut(name) {
                Some(count) => *count += 1,
                None if room => {
                    self.fields.insert(name.to_owned(), 1);
                }
                None => full = true,
            }
        }
        let texts = column::TEXT_NAMES.into_iter().filter(|name| row.text(name).is_some());
        let ports = [("src_port", row.src_port()), ("dst_port", row.dst_port())];
        let ports = ports.into_iter().filter_map(|(name, port)| port.map(|_| name));
        for name in texts.chain(ports) {
            if !self.columns.contains(name) {
                self.columns.insert(name.to_owned());
            }
        }
        full
    }

    fn is_taken_by(&self, logsource: &Logsource) -> bool {
        let named = |part: &Option<String>, known: &BTreeSet<String>| {
            part.as_ref().is_none_or(|part| known.contains(part))
        };
        named(&logsource.product, &self.products)
            && named(&logsource.category, &self.categories)
            && named(&logsource.service, &self.services)
    }

    /// Whether a rule's field can have a value in such events.
    fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
            || fallbacks(name).into_iter().any(|fallback| match fallback {
                Fallback::Field(other) => self.fields.contains_key(other),
                Fallback::Header(column) | Fallback::HeaderElsewhere(column) | Fallback::Account(column) => {
                    self.columns.contains(column)
                }
                Fallback::Port { source } => {
                    self.columns.contains(if source { "src_port" } else { "dst_port" })
                }
            })
    }
}

impl RuleSet {
    /// Whether the rule with the index `rule` can match anything of what `inventory` has seen. `None` for an
    /// index that is no rule.
    #[must_use]
    pub fn can_match(&self, rule: usize, inventory: &FieldInventory) -> Option<InventoryVerdict> {
        let compiled = self.rules.get(rule)?;
        if let Body::Correlation(_) = &compiled.body {
            let singles = self.single_rules(rule).into_iter();
            let verdicts = singles.filter_map(|index| self.can_match(index, inventory));
            let events: Vec<u64> = verdicts
                .filter_map(|verdict| match verdict {
                    InventoryVerdict::CanMatch { events } => Some(events),
                    InventoryVerdict::CannotMatch { .. } => None,
                })
                .collect();
            return Some(match events.iter().max() {
                Some(events) => InventoryVerdict::CanMatch { events: *events },
                None => InventoryVerdict::CannotMatch { reason: CannotMatch::NoRuleOfIt },
            });
        }
        let (logsource, expression) = single(compiled)?;
        let taken: Vec<&SeenLogsource> =
            inventory.logsources.iter().filter(|seen| seen.is_taken_by(logsource)).collect();
        let events = taken.iter().map(|seen| seen.events).sum();
        let possible = |seen: &SeenLogsource| Possible { rules: self, seen }.of(expression).0;
        if inventory.incomplete || taken.iter().any(|seen| possible(seen)) {
            return Some(InventoryVerdict::CanMatch { events });
        }
        let words = logsource_words(logsource);
        if taken.is_empty() {
            let reason = CannotMatch::NoEvents { logsource: words };
            return Some(InventoryVerdict::CannotMatch { reason });
        }
        let mut missing = BTreeSet::new();
        for seen in &taken {
            Possible { rules: self, seen }.blame(expression, &mut missing);
        }
        let seen_names = || taken.iter().flat_map(|seen| seen.fields.keys().map(String::as_str));
        let near = |field: &String| nearest(field, seen_names()).map(str::to_owned);
        let fields: Vec<_> = missing.into_iter().map(|field| (near(&field), field)).collect();
        let fields: Vec<_> = fields.into_iter().map(|(near, field)| (field, near)).collect();
        let reason = if fields.is_empty() {
            CannotMatch::Never
        } else {
            CannotMatch::FieldsNeverSeen { fields, logsource: words, events }
        };
        Some(InventoryVerdict::CannotMatch { reason })
    }
}

/// What an expression can be when only the fields seen can have values.
struct Possible<'a> {
    rules: &'a RuleSet,
    seen: &'a SeenLogsource,
}

impl Possible<'_> {
    /// Whether it can be true, and whether it can be false.
    fn of(&self, expression: &Expr<TestId>) -> (bool, bool) {
        match expression {
            Expr::Leaf(id) => self.of_test(*id),
            Expr::Not(part) => {
                let (truth, falsehood) = self.of(part);
                (falsehood, truth)
            }
            Expr::And(parts) => {
                let all: Vec<_> = parts.iter().map(|part| self.of(part)).collect();
                (all.iter().all(|(truth, _)| *truth), all.iter().any(|(_, falsehood)| *falsehood))
            }
            Expr::Or(parts) => self.at_least(1, parts),
            Expr::AtLeast(count, parts) => self.at_least(*count, parts),
        }
    }

    fn at_least(&self, count: usize, parts: &[Expr<TestId>]) -> (bool, bool) {
        let all: Vec<_> = parts.iter().map(|part| self.of(part)).collect();
        let can_hold = all.iter().filter(|(truth, _)| *truth).count();
        let must_hold = all.iter().filter(|(_, falsehood)| !falsehood).count();
        (can_hold >= count, must_hold < count)
    }

    fn of_test(&self, id: TestId) -> (bool, bool) {
        let Some(check) = self.rules.checks.get(id as usize) else { return (false, true) };
        let has = check.name.as_deref().is_none_or(|name| self.seen.has(name));
        match &check.test {
            Test::Never => (false, true),
            Test::Missing if !has => (true, false),
            Test::Field(test) if !self.seen.has(&test.other) => (false, true),
            _ => (has, true),
        }
    }

    /// The fields whose absence makes an expression that cannot be true false.
    fn blame(&self, expression: &Expr<TestId>, missing: &mut BTreeSet<String>) {
        match expression {
            Expr::Leaf(id) => {
                let Some(check) = self.rules.checks.get(*id as usize) else { return };
                let other = match &check.test {
                    Test::Field(test) => Some(&test.other),
                    _ => None,
                };
                let fields = check.name.iter().chain(other);
                missing.extend(fields.filter(|name| !self.seen.has(name)).cloned());
            }
            Expr::Not(_) => {}
            Expr::And(parts) | Expr::Or(parts) | Expr::AtLeast(_, parts) => {
                for part in parts.iter().filter(|part| !self.of(part).0) {
                    self.blame(part, missing);
                }
            }
        }
    }
}
