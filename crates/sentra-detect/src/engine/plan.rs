//! Which rules are tried on which events of a batch.

use hashbrown::HashMap;
use sentra_model::EventBatch;

use crate::fields::{FieldId, FieldTable};
use crate::index::{BatchView, ROUTE_HEADERS, RouteKeys};
use crate::logsource::{Route, RouteFacts};

use super::compiled::Compiled;

/// Law LIMIT: kinds of events whose plan is remembered.
const ROUTES_MAX: usize = 16_384;
/// Law LIMIT: bytes of what tells a kind of events from others, if its plan is to be remembered.
const ROUTE_BYTES_MAX: usize = 1_024;
/// Law LIMIT: plans that are remembered.
const PLANS_MAX: usize = 1_024;

/// No column looks at the field.
const NO_COLUMN: u16 = u16::MAX;

/// What is done with events that belong to the same logsources.
#[derive(Debug)]
pub(crate) struct Plan {
    /// By section: whether its rules are tried.
    has: Vec<bool>,
    pub(crate) columns: Vec<PlanColumn>,
    column_of: Vec<u16>,
    pub(crate) keywords: Option<usize>,
    /// Rules that are tried on every one of the events.
    pub(crate) always: Vec<u32>,
}

/// A field that rules of the plan look at.
#[derive(Debug)]
pub(crate) struct PlanColumn {
    /// `None` for keywords.
    pub(crate) field: Option<FieldId>,
    /// What its values are searched for.
    pub(crate) groups: Vec<u32>,
    /// Number of these groups together, the same in every plan that has them.
    pub(crate) search: u32,
    /// Whether a rule is tried because the field is there.
    pub(crate) leads_by_presence: bool,
}

impl Plan {
    /// The column of a field.
    pub(crate) fn column(&self, field: FieldId) -> Option<usize> {
        self.column_of
            .get(field as usize)
            .filter(|column| **column != NO_COLUMN)
            .map(|column| *column as usize)
    }

    /// The column of a field or of keywords.
    pub(crate) fn column_of(&self, field: Option<FieldId>) -> Option<usize> {
        field.map_or(self.keywords, |field| self.column(field))
    }

    pub(crate) fn takes(&self, section: u32) -> bool {
        self.has.get(section as usize).is_some_and(|has| *has)
    }
}

/// Plans made so far, and the rows of the batch at hand by plan.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    pub(crate) plans: Vec<Plan>,
    by_sections: HashMap<Vec<u32>, u32, foldhash::fast::RandomState>,
    routes: HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>,
    searches: HashMap<Vec<u32>, u32, foldhash::fast::RandomState>,
    kinds: HashMap<RouteKeys, u32, foldhash::fast::RandomState>,
    key: Vec<u8>,
    /// By plan: rows of the batch.
    pub(crate) rows: Vec<Vec<u32>>,
    /// Plans that have rows.
    pub(crate) used: Vec<u32>,
}

impl Plans {
    /// Between batches: forgets plans when there are too many. What is remembered by their searches is then void.
    pub(crate) fn make_room(&mut self) -> bool {
        if self.routes.len() >= ROUTES_MAX {
            self.routes.clear();
        }
        let full = self.plans.len() >= PLANS_MAX;
        if full {
            *self = Self::default();
        }
        full
    }

    /// Gives every row of the batch to a plan.
    pub(crate) fn assign(&mut self, view: &BatchView<'_>, compiled: &Compiled, table: &FieldTable) {
        for plan in self.used.drain(..) {
            if let Some(rows) = self.rows.get_mut(plan as usize) {
                rows.clear();
            }
        }
        self.kinds.clear();
        let mut last: Option<(RouteKeys, u32)> = None;
        view.each_route(table, |row, keys| {
            let plan = match &last {
                Some((known, plan)) if known == keys => *plan,
                _ => match self.kinds.get(keys) {
                    Some(plan) => *plan,
                    None => {
                        let plan = self.of_kind(view, row, keys, compiled, table);
                        self.kinds.insert(*keys, plan);
                        plan
                    }
                },
            };
            last = Some((*keys, plan));
            if let Some(rows) = self.rows.get_mut(plan as usize) {
                if rows.is_empty() {
                    self.used.push(plan);
                }
                rows.push(row as u32);
            }
        });
    }

    fn of_kind(
        &mut self,
        view: &BatchView<'_>,
        row: usize,
        (values, _, class): &RouteKeys,
        compiled: &Compiled,
        table: &FieldTable,
    ) -> u32 {
        let [channel, event_id, event_type] = values.map(|id| id.map_or("", |id| view.value(id)));
        let [product, service, code] = ROUTE_HEADERS.map(|name| header(view.batch, row, name));
        let mart = view.batch.mart().as_str();
        self.key.clear();
        self.key.extend(class.to_le_bytes());
        for text in [product, service, mart, code, channel, event_id, event_type] {
            // Its length comes before a text, so that no two kinds have the same key.
            self.key.extend((text.len() as u64).to_le_bytes());
            self.key.extend(text.as_bytes());
        }
        if let Some(plan) = self.routes.get(self.key.as_slice()) {
            return *plan;
        }
        let facts = RouteFacts { product, service, mart, code, class: *class, channel, event_id, event_type };
        let route = Route::of(&facts);
        let sections: Vec<u32> = (0..)
            .zip(&compiled.sections)
            .filter(|(_, section)| section.logsource.takes(&route))
            .map(|(number, _)| number)
            .collect();
        let plan = self.of_sections(sections, compiled, table);
        if self.key.len() <= ROUTE_BYTES_MAX {
            self.routes.insert(self.key.as_slice().into(), plan);
        }
        plan
    }

    fn of_sections(&mut self, sections: Vec<u32>, compiled: &Compiled, table: &FieldTable) -> u32 {
        if let Some(plan) = self.by_sections.get(&sections) {
            return *plan;
        }
        let number = self.plans.len() as u32;
        let plan = self.plan(&sections, compiled, table);
        self.plans.push(plan);
        self.rows.push(Vec::new());
        self.by_sections.insert(sections, number);
        number
    }

    fn plan(&mut self, sections: &[u32], compiled: &Compiled, table: &FieldTable) -> Plan {
        let mut plan = Plan {
            has: vec![false; compiled.sections.len()],
            columns: Vec::new(),
            column_of: vec![NO_COLUMN; table.names().len()],
            keywords: None,
            always: Vec::new(),
        };
        let mut fields: Vec<(Option<FieldId>, Option<u32>)> = Vec::new();
        for number in sections {
            let Some(section) = compiled.sections.get(*number as usize) else { continue };
            if let Some(has) = plan.has.get_mut(*number as usize) {
                *has = true;
            }
            plan.always.extend(&section.always);
            fields.extend(&section.fields);
        }
        fields.sort_unstable();
        for of_field in fields.chunk_by(|left, right| left.0 == right.0) {
            let Some((field, _)) = of_field.first() else { continue };
            let groups: Vec<u32> = of_field.iter().filter_map(|(_, group)| *group).collect();
            let next = self.searches.len() as u32;
            let search = *self.searches.entry_ref(&groups).or_insert(next);
            let led_to = compiled.led_to(compiled.presence(*field));
            let leads_by_presence = led_to.iter().any(|rule| {
                compiled.section_of.get(*rule as usize).is_some_and(|section| plan.takes(*section))
            });
            match field {
                Some(field) => {
                    if let Some(column) = plan.column_of.get_mut(*field as usize) {
                        *column = plan.columns.len() as u16;
                    }
                }
                None => plan.keywords = Some(plan.columns.len()),
            }
            plan.columns.push(PlanColumn { field: *field, groups, search, leads_by_presence });
        }
        plan
    }
}

fn header<'a>(batch: &'a EventBatch, row: usize, name: &str) -> &'a str {
    batch.row(row).and_then(|row| row.text(name)).unwrap_or_default()
}
