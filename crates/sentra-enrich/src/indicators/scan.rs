//! The events of a batch that name an indicator.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, DictionaryArray, StringArray};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use sentra_model::{EntityRef, EntityType, EventBatch, Role, Timestamp, column};

use super::index::{IndicatorId, Indicators, Parts};
use super::indicator::Indicator;
use super::kind::IndicatorFamily;
use super::look::{Look, Looker, looked_at};
use super::named::{Groups, NamedValues};
use super::names::look_of;
use super::probe::Probes;

/// Hits of one event that are told; further ones are counted.
pub const HITS_PER_EVENT_MAX: usize = 16;
/// Bytes of the value of a hit that are kept.
pub const OBSERVED_BYTES_MAX: usize = 512;

/// The text columns that are looked at. The others name no indicator, or say what a source field says in one value:
/// a file's path, a program, a message.
const COLUMNS: [(&str, Look); 6] = [
    ("src_ip", Look::Host),
    ("dst_ip", Look::Host),
    ("domain", Look::Host),
    ("command", Look::Text),
    ("user", Look::Mails),
    ("target_user", Look::Mails),
];

/// Where in an event an indicator was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum HitPlace {
    /// In a text column, by its name.
    Column(&'static str),
    /// In a source field, by its name.
    Field(Arc<str>),
}

impl HitPlace {
    /// The name of the column or field.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Column(name) => name,
            Self::Field(name) => name,
        }
    }
}

/// An event that names an indicator.
#[derive(Debug, Clone, PartialEq)]
pub struct IndicatorHit {
    /// Row of the batch.
    pub row: usize,
    /// Where in the event.
    pub place: HitPlace,
    /// What stands there, cut to [`OBSERVED_BYTES_MAX`].
    pub observed: Arc<str>,
    /// The indicator.
    pub indicator: Arc<Indicator>,
    /// What is left of its confidence.
    pub confidence: f64,
}

impl IndicatorHit {
    /// The entity that the indicator is about, in the part it played; `None` for digests, which name no entity.
    #[must_use]
    pub fn entity(&self) -> Option<EntityRef> {
        let role = match &self.place {
            HitPlace::Column("src_ip") => Role::Source,
            HitPlace::Column("dst_ip" | "domain") => Role::Destination,
            _ => Role::Related,
        };
        let is_address = self.observed.parse::<std::net::IpAddr>().is_ok();
        match self.indicator.kind.family() {
            IndicatorFamily::Address if is_address => {
                Some(EntityRef::new(EntityType::Ip, role, self.observed.as_ref()))
            }
            IndicatorFamily::Address => {
                let is_one = self.indicator.kind == super::IndicatorKind::Address;
                is_one.then(|| EntityRef::new(EntityType::Ip, role, self.indicator.value.as_str()))
            }
            IndicatorFamily::Domain => {
                Some(EntityRef::new(EntityType::Domain, role, self.indicator.value.as_str()))
            }
            IndicatorFamily::Url => {
                let mut url = super::url::Url::default();
                let is_read = url.read(&self.indicator.value);
                let host = url.host();
                let kind = if host.parse::<std::net::IpAddr>().is_ok() {
                    EntityType::Ip
                } else {
                    EntityType::Domain
                };
                is_read.then(|| EntityRef::new(kind, role, host))
            }
            IndicatorFamily::Mail => {
                Some(EntityRef::new(EntityType::User, role, self.indicator.value.as_str()))
            }
            IndicatorFamily::Hash => None,
        }
    }
}

/// What a scan found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndicatorHits {
    /// In the order of the rows, within a row in the order of the places.
    pub hits: Vec<IndicatorHit>,
    /// Hits beyond [`HITS_PER_EVENT_MAX`] of their event (law LOSS).
    pub hits_dropped: u64,
}

/// At which moment an indicator must be one.
#[derive(Debug, Clone, Copy)]
enum AsOf<'a> {
    Moment(Timestamp),
    Arrival(&'a [i64]),
}

/// A value in a row.
struct Occurrence<'v> {
    row: usize,
    place: HitPlace,
    groups: Groups<'v>,
    text: &'v str,
}

impl Indicators {
    /// The events that name what is an indicator at `now`.
    ///
    /// Each distinct value is looked up once. Looked at are the text columns `src_ip`, `dst_ip`, `domain` (addresses
    /// and names), `command` (URLs in it), `user` and `target_user` (mail addresses), and the source fields whose names
    /// say that they hold addresses, names, URLs, digests, mail addresses or commands.
    #[must_use]
    pub fn scan(&self, batch: &EventBatch, now: Timestamp) -> IndicatorHits {
        self.scan_as_of(batch, AsOf::Moment(now))
    }

    /// As [`Indicators::scan`], each event judged at its arrival. So what is found depends neither on how events are
    /// cut into batches nor on when they are replayed (law IDENTITY), and a source that lies about its time hides
    /// nothing.
    #[must_use]
    pub fn scan_at_arrival(&self, batch: &EventBatch) -> IndicatorHits {
        let arrivals = batch.record().column(column::SEEN).as_primitive::<TimestampMicrosecondType>();
        self.scan_as_of(batch, AsOf::Arrival(arrivals.values()))
    }

    fn scan_as_of(&self, batch: &EventBatch, as_of: AsOf<'_>) -> IndicatorHits {
        if self.is_empty() || batch.is_empty() {
            return IndicatorHits::default();
        }
        let mut search = Search::default();
        let mut writer = Writer::new(self, as_of);
        for (name, look) in COLUMNS {
            if let Some(column) = batch.text_column(name) {
                self.scan_column(name, look, column, &mut search, &mut writer);
            }
        }
        self.scan_fields(batch, &mut search, &mut writer);
        writer.finish()
    }

    fn scan_column(
        &self,
        name: &'static str,
        look: Look,
        column: &DictionaryArray<Int32Type>,
        search: &mut Search,
        writer: &mut Writer<'_>,
    ) {
        let Some(texts) = column.values().as_string_opt::<i32>() else { return };
        for value in 0..texts.len() {
            search.put(&self.parts, value, look, text_at(texts, value));
        }
        let named = search.finish(&self.parts, texts);
        if named.is_empty() {
            return;
        }
        for row in 0..column.len() {
            let Some(key) = column.key(row) else { continue };
            if let Some(groups) = named.get(key, look) {
                let place = HitPlace::Column(name);
                writer.put(&Occurrence { row, place, groups, text: text_at(texts, key) });
            }
        }
    }

    fn scan_fields(&self, batch: &EventBatch, search: &mut Search, writer: &mut Writer<'_>) {
        let (names, values) = (batch.field_names(), batch.field_values());
        let (Some(name_texts), Some(texts)) =
            (names.values().as_string_opt(), values.values().as_string_opt())
        else {
            return;
        };
        let looks: Vec<Option<Look>> = name_texts.iter().map(|name: Option<&str>| look_of(name?)).collect();
        if looks.iter().all(Option::is_none) {
            return;
        }
        let offsets = batch.fields().value_offsets();
        let bound = |offset: Option<&i32>| {
            offset.and_then(|offset| usize::try_from(*offset).ok()).unwrap_or_default()
        };
        let (start, end) = (bound(offsets.first()), bound(offsets.last()));
        let (name_keys, value_keys) = (names.keys().values(), values.keys().values());
        let entries = || {
            let all = name_keys.iter().zip(value_keys.iter()).enumerate().take(end).skip(start);
            all.filter_map(|(entry, (name, value))| {
                let look = looks.get(*name as usize).copied().flatten()?;
                (!values.is_null(entry)).then_some((entry, *value as usize, look))
            })
        };
        // Per value, the bits of the looks that it is asked for by.
        let mut asked = vec![0_u8; texts.len()];
        for (_, value, look) in entries() {
            if let Some(bits) = asked.get_mut(value).filter(|bits| **bits & look.bit() == 0) {
                *bits |= look.bit();
                search.put(&self.parts, value, look, text_at(texts, value));
            }
        }
        let named = search.finish(&self.parts, texts);
        if named.is_empty() {
            return;
        }
        let mut row = 0;
        for (entry, value, look) in entries() {
            let Some(groups) = named.get(value, look) else { continue };
            while row < batch.len() && bound(offsets.get(row + 1)) <= entry {
                row += 1;
            }
            let Some(name) = names.key(entry) else { continue };
            let place = HitPlace::Field(text_at(name_texts, name).into());
            writer.put(&Occurrence { row, place, groups, text: text_at(texts, value) });
        }
    }
}

/// A search in the values of one dictionary.
#[derive(Default)]
struct Search {
    looker: Looker,
    probes: Probes,
    /// What was put in: which value, by which look.
    queue: Vec<(usize, Look)>,
}

impl Search {
    #[inline]
    fn put(&mut self, parts: &Parts, value: usize, look: Look, text: &str) {
        let Ok(number) = u32::try_from(self.queue.len()) else { return };
        self.queue.push((value, look));
        self.probes.put(parts, look, number, looked_at(text));
    }

    /// The values that name indicators; the search is empty again.
    fn finish(&mut self, parts: &Parts, texts: &StringArray) -> NamedValues {
        let mut named = NamedValues::default();
        for number in self.probes.take_candidates(parts) {
            let Some((value, look)) = self.queue.get(number as usize).copied() else { continue };
            if self.looker.look(parts, look, text_at(texts, value)) {
                named.push(value, look, self.looker.groups());
            }
        }
        self.queue.clear();
        named.close(texts.len());
        named
    }
}

fn text_at(texts: &StringArray, key: usize) -> &str {
    if key < texts.len() { texts.value(key) } else { "" }
}

/// Collects hits.
struct Writer<'i> {
    indicators: &'i Indicators,
    as_of: AsOf<'i>,
    known: HashMap<IndicatorId, Arc<Indicator>, FixedState>,
    found: Vec<(IndicatorId, IndicatorHit)>,
    /// What was found in the row that is being looked at, in this column or in its fields.
    recent: (usize, Vec<IndicatorId>),
    dropped: u64,
}

impl<'i> Writer<'i> {
    fn new(indicators: &'i Indicators, as_of: AsOf<'i>) -> Self {
        let recent = (usize::MAX, Vec::new());
        Self { indicators, as_of, known: HashMap::default(), found: Vec::new(), recent, dropped: 0 }
    }

    /// Whether `id` is new in `row` and there is room for it: an event may name one a million times.
    fn is_new(&mut self, row: usize, id: IndicatorId) -> bool {
        if self.recent.0 != row {
            self.recent.0 = row;
            self.recent.1.clear();
        }
        if self.recent.1.contains(&id) {
            return false;
        }
        if self.recent.1.len() >= HITS_PER_EVENT_MAX {
            self.dropped += 1;
            return false;
        }
        self.recent.1.push(id);
        true
    }

    fn put(&mut self, occurrence: &Occurrence<'_>) {
        let now = match self.as_of {
            AsOf::Moment(now) => now,
            AsOf::Arrival(arrivals) => {
                Timestamp::from_micros(arrivals.get(occurrence.row).copied().unwrap_or_default())
            }
        };
        for group in occurrence.groups.iter() {
            let Some((id, confidence)) = self.indicators.best(group, now) else { continue };
            if !self.is_new(occurrence.row, id) {
                continue;
            }
            let indicator = match self.known.get(&id) {
                Some(known) => Arc::clone(known),
                None => {
                    let Some(indicator) = self.indicators.indicator(id).map(Arc::new) else { continue };
                    self.known.insert(id, Arc::clone(&indicator));
                    indicator
                }
            };
            let text = occurrence.text;
            let observed =
                text.get(..text.floor_char_boundary(OBSERVED_BYTES_MAX)).unwrap_or_default().into();
            let place = occurrence.place.clone();
            self.found
                .push((id, IndicatorHit { row: occurrence.row, place, observed, indicator, confidence }));
        }
    }

    /// By row; an indicator once per row, where it was found first.
    fn finish(self) -> IndicatorHits {
        let mut found = self.found;
        // Stable: within a row the order of the places stays.
        found.sort_by_key(|(_, hit)| hit.row);
        let mut all = IndicatorHits { hits: Vec::new(), hits_dropped: self.dropped };
        let mut ids: Vec<IndicatorId> = Vec::new();
        let mut row = None;
        for (id, hit) in found {
            if row != Some(hit.row) {
                row = Some(hit.row);
                ids.clear();
            }
            if ids.contains(&id) {
                continue;
            }
            if ids.len() >= HITS_PER_EVENT_MAX {
                all.hits_dropped += 1;
                continue;
            }
            ids.push(id);
            all.hits.push(hit);
        }
        all
    }
}
