//! The columns of the batches of a chunk, with what was looked up once per distinct value.

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt32Type, UInt64Type};
use sentra_model::{EntityType, EventBatch, EventCode, column};

use super::entities::Entities;
use super::feature::{Party, group_of, place};
use super::window::{Fact, PEER, SOURCE};
use crate::baseline::hash::NONE;
use crate::behaviour::codes::{NO_CODE, code_number};
use crate::behaviour::fields::FieldReader;
use crate::behaviour::frame::{Column, kind};
use crate::sequence::entity_key;

/// The seed of the hashes of things; they only meet others of their own tenant.
const SEED: u64 = 0x6b65_6570;

/// An entity that a value names.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    key: u64,
    /// Where it is kept, plus one; 0 while it was not looked up.
    slot: u32,
}

/// The columns of one batch.
pub(super) struct Frame<'a> {
    times: &'a [i64],
    seens: &'a [i64],
    counts: &'a [u32],
    partitions: &'a [u32],
    offsets: &'a [u64],
    code: Option<Column<'a>>,
    /// Per value of the code column: its bit, and what it counts as.
    codes: Vec<(u64, u8)>,
    outcome: Option<Column<'a>>,
    failure: Option<usize>,
    user: Option<Column<'a>>,
    host: Option<Column<'a>>,
    src: Option<Column<'a>>,
    dst: Option<Column<'a>>,
    domain: Option<Column<'a>>,
    process: Option<Column<'a>>,
    target: Option<Column<'a>>,
    fields: Option<FieldReader<'a>>,
    users: Vec<Known>,
    hosts: Vec<Known>,
}

/// Where an event stands: its batch and row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    partition: u32,
    offset: u64,
    /// By the mart's name, so that several events of one record have an order.
    rank: u32,
    row: u32,
    batch: u32,
}

impl Spot {
    pub(super) fn batch(self) -> usize {
        self.batch as usize
    }

    pub(super) fn row(self) -> usize {
        self.row as usize
    }
}

fn coded(text: &str) -> (u64, u8) {
    let number = code_number(text);
    let code = EventCode::ALL.get(usize::from(number)).filter(|_| number != NO_CODE);
    let group = code.and_then(|code| group_of(*code)).unwrap_or(place::EVENTS);
    (code.map_or(0, |_| 1_u64.checked_shl(u32::from(number)).unwrap_or_default()), group as u8)
}

impl<'a> Frame<'a> {
    pub(super) fn new(batch: &'a EventBatch) -> Self {
        let column = |name, kind| Column::new(batch, name, kind, true);
        let record = batch.record();
        let (code, outcome) = (column("code", 0), column("outcome", 0));
        let codes = code.as_ref().map_or_else(Vec::new, |column| {
            (0..column.distinct()).map(|value| coded(column.text(value))).collect()
        });
        let failure = outcome
            .as_ref()
            .and_then(|column| (0..column.distinct()).find(|value| column.text(*value) == "failure"));
        let (user, host) = (column("user", kind::USER), column("host", kind::HOST));
        let known =
            |column: &Option<Column<'_>>| vec![Known::default(); column.as_ref().map_or(0, Column::distinct)];
        Self {
            times: record.column(column::TIME).as_primitive::<TimestampMicrosecondType>().values(),
            seens: record.column(column::SEEN).as_primitive::<TimestampMicrosecondType>().values(),
            counts: record.column(column::COUNT).as_primitive::<UInt32Type>().values(),
            partitions: record.column(column::PARTITION).as_primitive::<UInt32Type>().values(),
            offsets: record.column(column::OFFSET).as_primitive::<UInt64Type>().values(),
            code,
            codes,
            outcome,
            failure,
            src: column("src_ip", kind::ADDRESS),
            dst: column("dst_ip", kind::ADDRESS),
            domain: column("domain", kind::DOMAIN),
            process: column("process", kind::PROCESS),
            target: column("target_user", kind::USER),
            fields: FieldReader::new(batch, SEED),
            users: known(&user),
            hosts: known(&host),
            user,
            host,
        }
    }

    /// The rows of all frames in the order of the backbone.
    pub(super) fn order(batches: &[EventBatch], frames: &[Self]) -> Vec<Spot> {
        let mut ranked: Vec<(u32, &EventBatch, &Self)> =
            (0..).zip(batches).zip(frames).map(|((number, batch), frame)| (number, batch, frame)).collect();
        ranked.sort_by_key(|(_, batch, _)| batch.mart().as_str());
        let mut spots = Vec::with_capacity(batches.iter().map(EventBatch::len).sum());
        for (rank, (batch, _, frame)) in (0_u32..).zip(ranked) {
            if frame.user.is_none() && frame.host.is_none() {
                continue;
            }
            let places = frame.partitions.iter().zip(frame.offsets);
            spots.extend((0_u32..).zip(places).map(|(row, (partition, offset))| Spot {
                partition: *partition,
                offset: *offset,
                rank,
                row,
                batch,
            }));
        }
        if batches.len() > 1 {
            // Batches are in order already: a sort that keeps runs merges them.
            spots.sort();
        }
        spots
    }

    /// When the event of `row` was and when it came.
    #[inline]
    pub(super) fn when(&self, row: usize) -> Option<(i64, i64)> {
        Some((*self.times.get(row)?, *self.seens.get(row)?))
    }

    /// What the event of `row` adds, but for its peer.
    #[inline]
    pub(super) fn fact(&mut self, row: usize, time: i64) -> Fact {
        let key =
            |column: &mut Option<Column<'_>>| column.as_mut().map_or(NONE, |column| column.key(row, SEED));
        let destination = match key(&mut self.dst) {
            NONE => key(&mut self.domain),
            known => known,
        };
        let things = [NONE, key(&mut self.src), destination, key(&mut self.process), key(&mut self.target)];
        let code = self.code.as_ref().and_then(|column| column.value(row));
        let (code, mut group) = code.and_then(|value| self.codes.get(value)).copied().unwrap_or_default();
        let outcome = self.outcome.as_ref().and_then(|column| column.value(row));
        if usize::from(group) == place::EVENTS && self.failure.is_some() && outcome == self.failure {
            group = place::FAILURES as u8;
        }
        Fact {
            partition: self.partitions.get(row).copied().unwrap_or_default(),
            offset: self.offsets.get(row).copied().unwrap_or_default(),
            time,
            count: self.counts.get(row).copied().unwrap_or(1).max(1),
            code,
            group,
            bytes: self.fields.as_mut().map_or(0.0, |fields| fields.read(row).0),
            things,
        }
    }

    /// The hashes of the user and of the host of `row`.
    #[inline]
    pub(super) fn parties(&mut self, row: usize) -> [u64; 2] {
        let key =
            |column: &mut Option<Column<'_>>| column.as_mut().map_or(NONE, |column| column.key(row, SEED));
        [key(&mut self.user), key(&mut self.host)]
    }

    /// Where the user or host of `row` is kept.
    #[inline]
    pub(super) fn slot(&mut self, row: usize, party: Party, entities: &mut Entities) -> Option<u32> {
        let (column, known) = match party {
            Party::User => (&self.user, &mut self.users),
            Party::Host => (&self.host, &mut self.hosts),
        };
        let column = column.as_ref()?;
        let value = column.value(row)?;
        let known = known.get_mut(value)?;
        if known.slot == 0 {
            known.key = entity_key(party.entity_type(), column.text(value));
        } else if entities.get(known.slot - 1).is_some_and(|entity| entity.key == known.key) {
            return Some(known.slot - 1);
        }
        let slot = entities.find_or_take_in(known.key, party)?;
        known.slot = slot + 1;
        Some(slot)
    }

    /// The name of the user or host of `row`.
    pub(super) fn name(&self, row: usize, party: Party) -> &'a str {
        let column = match party {
            Party::User => &self.user,
            Party::Host => &self.host,
        };
        text(column, row).unwrap_or_default()
    }

    /// The name of a thing of `row` that is new to an entity of `party`.
    pub(super) fn thing(&self, row: usize, party: Party, number: usize) -> Option<(EntityType, &'a str)> {
        match number {
            PEER if party == Party::User => Some((EntityType::Host, text(&self.host, row)?)),
            PEER => Some((EntityType::User, text(&self.user, row)?)),
            SOURCE => Some((EntityType::Ip, text(&self.src, row)?)),
            _ => Some((EntityType::Process, text(&self.process, row)?)),
        }
    }
}

fn text<'a>(column: &Option<Column<'a>>, row: usize) -> Option<&'a str> {
    let column = column.as_ref()?;
    Some(column.text(column.value(row)?))
}
