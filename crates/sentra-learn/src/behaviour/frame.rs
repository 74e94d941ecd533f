//! From the columns of a batch to observations: every distinct value is looked at once per batch.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType, UInt32Type, UInt64Type};
use arrow_array::{Array, DictionaryArray, StringArray};
use sentra_model::{EventBatch, Mart, column};

use super::Lookups;
use super::address::is_private_address;
use super::codes::{NO_CODE, code_number, is_failing, is_login};
use super::fields::FieldReader;
use super::observation::{Observation, flag};
use crate::baseline::hash::{self, NONE};
use crate::baseline::{BaselineConfig, DAY_SECONDS, Place};

/// Kinds of names, so that a user and a host of the same name are two.
pub(crate) mod kind {
    pub(crate) const USER: u64 = 1;
    pub(crate) const HOST: u64 = 2;
    pub(crate) const ADDRESS: u64 = 3;
    pub(crate) const DOMAIN: u64 = 4;
    pub(crate) const PROCESS: u64 = 5;
    pub(crate) const APP: u64 = 6;
    pub(crate) const AGENT: u64 = 7;
    pub(crate) const COUNTRY: u64 = 8;
    pub(crate) const GROUP: u64 = 9;
}

/// Where an observation stands in what was handed in, and in the backbone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) batch: u32,
    pub(crate) row: u32,
    /// The place of its source address, if it is one of this chunk's.
    pub(crate) place: u32,
}

/// What one chunk showed, in the order of the backbone.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) rows: Vec<(Spot, Observation)>,
    pub(crate) places: Vec<Place>,
    /// Events whose time is too far from their arrival.
    pub(crate) skewed: u64,
}

impl Chunk {
    /// Takes up `batch`, the `number`th of the chunk.
    pub(crate) fn add(
        &mut self,
        number: u32,
        batch: &EventBatch,
        lookups: &Lookups<'_>,
        config: &BaselineConfig,
    ) {
        Reader::new(batch, lookups, config).read(number, self);
    }

    /// Rows of several marts in the order of the backbone: how a chunk was cut must not show.
    pub(crate) fn sort(&mut self) {
        self.rows.sort_by_key(|(spot, _)| (spot.partition, spot.offset, spot.batch, spot.row));
    }
}

/// A text column, and what is known of its distinct values.
pub(crate) struct Column<'a> {
    keys: &'a [i32],
    array: &'a DictionaryArray<Int32Type>,
    texts: &'a StringArray,
    kind: u64,
    folded: bool,
    hashes: Vec<u64>,
    has_nulls: bool,
}

impl<'a> Column<'a> {
    pub(crate) fn new(batch: &'a EventBatch, name: &str, kind: u64, folded: bool) -> Option<Self> {
        let array = batch.text_column(name)?;
        if array.null_count() == array.len() {
            return None;
        }
        let texts: &StringArray = array.values().as_string_opt()?;
        let hashes = vec![NONE; texts.len()];
        Some(Self {
            keys: array.keys().values(),
            array,
            texts,
            kind,
            folded,
            hashes,
            has_nulls: array.null_count() > 0,
        })
    }

    /// How many values there are.
    pub(crate) fn distinct(&self) -> usize {
        self.texts.len()
    }

    /// The number of the row's value.
    #[inline]
    pub(crate) fn value(&self, row: usize) -> Option<usize> {
        if self.has_nulls && self.array.is_null(row) {
            return None;
        }
        self.keys.get(row).map(|key| *key as usize)
    }

    pub(crate) fn text(&self, value: usize) -> &'a str {
        if value < self.texts.len() { self.texts.value(value) } else { "" }
    }

    #[inline]
    pub(crate) fn key(&mut self, row: usize, seed: u64) -> u64 {
        let Some(value) = self.value(row) else { return NONE };
        match self.hashes.get(value).copied() {
            Some(NONE) | None => self.fresh_key(value, seed),
            Some(known) => known,
        }
    }

    fn fresh_key(&mut self, value: usize, seed: u64) -> u64 {
        let text = self.text(value);
        let key = match self.folded {
            // Sources write a dash where they know nothing.
            _ if text.is_empty() || text == "-" => return NONE,
            true => hash::folded_key(seed, self.kind, text),
            false => hash::key(seed, self.kind, text.as_bytes()),
        };
        if let Some(place) = self.hashes.get_mut(value) {
            *place = key;
        }
        key
    }
}

/// What a lookup said about a distinct value; asked once.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Asked<T> {
    No,
    Yes(T),
}

struct Reader<'a> {
    batch: &'a EventBatch,
    lookups: &'a Lookups<'a>,
    config: &'a BaselineConfig,
    user: Option<Column<'a>>,
    host: Option<Column<'a>>,
    src: Option<Column<'a>>,
    dst: Option<Column<'a>>,
    domain: Option<Column<'a>>,
    process: Option<Column<'a>>,
    parent: Option<Column<'a>>,
    app: Option<Column<'a>>,
    code: Option<Column<'a>>,
    codes: Vec<u8>,
    outcome: Option<Column<'a>>,
    failure: Option<usize>,
    groups: Vec<Asked<u64>>,
    /// By the number of the source address: its place's number, or `u32::MAX`.
    places: Vec<Asked<(u32, u64, bool)>>,
    src_private: Vec<Asked<bool>>,
    dst_private: Vec<Asked<bool>>,
    fields: Option<FieldReader<'a>>,
    is_network: bool,
}

impl<'a> Reader<'a> {
    fn new(batch: &'a EventBatch, lookups: &'a Lookups<'a>, config: &'a BaselineConfig) -> Self {
        let column = |name, kind| Column::new(batch, name, kind, true);
        let code = column("code", 0);
        let codes = code.as_ref().map_or_else(Vec::new, |column| {
            (0..column.texts.len()).map(|value| code_number(column.text(value))).collect()
        });
        let outcome = column("outcome", 0);
        let failure = outcome
            .as_ref()
            .and_then(|column| (0..column.texts.len()).find(|value| column.text(*value) == "failure"));
        let (user, src, dst) =
            (column("user", kind::USER), column("src_ip", kind::ADDRESS), column("dst_ip", kind::ADDRESS));
        let distinct = |column: &Option<Column<'_>>| column.as_ref().map_or(0, |column| column.texts.len());
        Self {
            batch,
            lookups,
            config,
            host: column("host", kind::HOST),
            domain: column("domain", kind::DOMAIN),
            process: column("process", kind::PROCESS),
            parent: column("parent_process", kind::PROCESS),
            app: column("app", kind::APP),
            code,
            codes,
            outcome,
            failure,
            groups: vec![Asked::No; distinct(&user)],
            places: vec![Asked::No; distinct(&src)],
            src_private: vec![Asked::No; distinct(&src)],
            dst_private: vec![Asked::No; distinct(&dst)],
            user,
            src,
            dst,
            fields: FieldReader::new(batch, config.seed),
            is_network: [Mart::FIREWALL, Mart::PROXY].contains(batch.mart()),
        }
    }

    fn read(mut self, number: u32, chunk: &mut Chunk) {
        if self.user.is_none() && self.host.is_none() && self.src.is_none() {
            return;
        }
        let record = self.batch.record();
        let times = record.column(column::TIME).as_primitive::<TimestampMicrosecondType>().values();
        let seens = record.column(column::SEEN).as_primitive::<TimestampMicrosecondType>().values();
        let counts = record.column(column::COUNT).as_primitive::<UInt32Type>().values();
        let partitions = record.column(column::PARTITION).as_primitive::<UInt32Type>().values();
        let offsets = record.column(column::OFFSET).as_primitive::<UInt64Type>().values();
        chunk.rows.reserve(record.num_rows());
        let columns = times.iter().zip(seens).zip(counts).zip(partitions).zip(offsets);
        for (row, ((((time, seen), count), partition), offset)) in columns.enumerate() {
            let (time, seen) = (time.div_euclid(1_000_000), seen.div_euclid(1_000_000));
            let ahead = time - seen;
            let is_skewed = ahead > i64::from(self.config.ahead_seconds_max)
                || -ahead > i64::from(self.config.behind_days_max) * i64::from(DAY_SECONDS);
            let (Ok(time), Ok(seen), false) = (u32::try_from(time), u32::try_from(seen), is_skewed) else {
                chunk.skewed += 1;
                continue;
            };
            let mut observation =
                Observation { time, seen, count: (*count).max(1), ..Observation::default() };
            let place = self.fill(row, &mut observation, chunk);
            if observation.user != NONE || observation.host != NONE || observation.machine != NONE {
                let spot =
                    Spot { partition: *partition, offset: *offset, batch: number, row: row as u32, place };
                chunk.rows.push((spot, observation));
            }
        }
    }

    /// Fills in everything but the times; returns the number of the source's place.
    #[inline]
    fn fill(&mut self, row: usize, observation: &mut Observation, chunk: &mut Chunk) -> u32 {
        let seed = self.config.seed;
        let key =
            |column: &mut Option<Column<'_>>| column.as_mut().map_or(NONE, |column| column.key(row, seed));
        observation.user = key(&mut self.user);
        observation.host = key(&mut self.host);
        observation.src = key(&mut self.src);
        observation.dst = key(&mut self.dst);
        observation.domain = key(&mut self.domain);
        observation.process = key(&mut self.process);
        observation.parent = key(&mut self.parent);
        observation.app = key(&mut self.app);
        observation.code = self.code(row);
        let is_failure = self
            .outcome
            .as_ref()
            .is_some_and(|column| self.failure.is_some() && column.value(row) == self.failure);
        if is_failure || is_failing(observation.code) {
            observation.flags |= flag::FAILURE;
        }
        if observation.src != NONE && is_private(&self.src, &mut self.src_private, row) {
            observation.flags |= flag::SOURCE_PRIVATE;
        }
        let goes_out = match observation.dst {
            NONE => observation.domain != NONE,
            _ => !is_private(&self.dst, &mut self.dst_private, row),
        };
        if goes_out {
            observation.flags |= flag::DESTINATION_EXTERNAL;
        }
        let is_machine_source = self.is_network && observation.has(flag::SOURCE_PRIVATE);
        observation.machine = match self.is_network {
            true if is_machine_source => observation.src,
            true => NONE,
            false => observation.host,
        };
        if let Some(fields) = &mut self.fields {
            (observation.bytes, observation.agent) = fields.read(row);
        }
        if observation.code < NO_CODE || observation.bytes > 0.0 {
            observation.group = self.group(row, observation.user);
        }
        if is_login(observation.code) && !observation.has(flag::FAILURE) {
            observation.flags |= flag::LOGIN;
            return self.place(row, observation, chunk);
        }
        u32::MAX
    }

    fn code(&self, row: usize) -> u8 {
        let value = self.code.as_ref().and_then(|column| column.value(row));
        value.and_then(|value| self.codes.get(value)).copied().unwrap_or(NO_CODE)
    }

    fn group(&mut self, row: usize, user: u64) -> u64 {
        let Some(column) = self.user.as_ref().filter(|_| user != NONE) else { return NONE };
        let Some(value) = column.value(row) else { return NONE };
        match self.groups.get(value) {
            Some(Asked::Yes(group)) => *group,
            _ => {
                let group = (self.lookups.group)(column.text(value));
                let group =
                    group.map_or(NONE, |group| hash::folded_key(self.config.seed, kind::GROUP, &group));
                if let Some(asked) = self.groups.get_mut(value) {
                    *asked = Asked::Yes(group);
                }
                group
            }
        }
    }

    fn place(&mut self, row: usize, observation: &mut Observation, chunk: &mut Chunk) -> u32 {
        let Some(column) = &self.src else { return u32::MAX };
        let Some(value) = column.value(row) else { return u32::MAX };
        let asked = self.places.get(value).copied().unwrap_or(Asked::No);
        let (number, country, is_exempt) = match asked {
            Asked::Yes(known) => known,
            Asked::No => {
                let address = column.text(value);
                let place = (self.lookups.place)(address)
                    .filter(|place| place.latitude.is_finite() && place.longitude.is_finite());
                let country = place.as_ref().filter(|place| !place.country.is_empty());
                let country = country
                    .map_or(NONE, |place| hash::folded_key(self.config.seed, kind::COUNTRY, &place.country));
                let number = place.map_or(u32::MAX, |place| {
                    chunk.places.push(place);
                    chunk.places.len() as u32 - 1
                });
                let known = (number, country, (self.lookups.is_exempt)(address));
                if let Some(place) = self.places.get_mut(value) {
                    *place = Asked::Yes(known);
                }
                known
            }
        };
        observation.country = country;
        if is_exempt {
            observation.flags |= flag::EXEMPT;
        }
        number
    }
}

fn is_private(column: &Option<Column<'_>>, asked: &mut [Asked<bool>], row: usize) -> bool {
    let Some(column) = column else { return false };
    let Some(value) = column.value(row) else { return false };
    match asked.get_mut(value) {
        Some(Asked::Yes(known)) => *known,
        Some(place) => {
            let known = is_private_address(column.text(value));
            *place = Asked::Yes(known);
            known
        }
        None => false,
    }
}
