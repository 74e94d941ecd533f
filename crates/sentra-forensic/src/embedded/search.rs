//! Reading the Tantivy index. Documents are walked by hand, so that a deadline stops between any two of them.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use sentra_model::{EventId, Timestamp, Topic};
use tantivy::columnar::{Column, StrColumn};
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, EnableScoring, Occur, PhraseQuery, Query, TermQuery,
};
use tantivy::schema::{IndexRecordOption, Term as TantivyTerm};
use tantivy::{DocId, Searcher, SegmentReader, TERMINATED, TantivyError};

use super::schema::{CLASS, OFFSET, PLACE, TIME, WHY};
use super::tenant::Tenant;
use crate::admission::Filed;
use crate::query::{Deadline, Hit, Lookup, Term, TextAnswer};

/// How many documents are looked at between two looks at the deadline.
const DEADLINE_EVERY: u32 = 128;

type Tried<T> = Result<T, TantivyError>;

/// An event's id, so that ids sort as bytes.
pub(super) fn id_bytes(id: EventId) -> [u8; 16] {
    ((u128::from(place(id)) << 64) | u128::from(id.offset)).to_be_bytes()
}

/// Topic and partition as one number.
pub(super) fn place(id: EventId) -> u64 {
    let topic = Topic::ALL.iter().position(|topic| *topic == id.topic).unwrap_or_default();
    (topic as u64) << 32 | u64::from(id.partition)
}

fn id_of(place: u64, offset: u64) -> EventId {
    let topic = usize::try_from(place >> 32).unwrap_or_default();
    let topic = Topic::ALL.get(topic).copied().unwrap_or(Topic::Raw);
    let partition = u32::try_from(place & u64::from(u32::MAX)).unwrap_or_default();
    EventId { topic, partition, offset }
}

/// A document found: what orders it, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    time: i64,
    id: EventId,
    segment: usize,
    doc: DocId,
}

/// The columns of a segment.
struct Reading<'a> {
    reader: &'a SegmentReader,
    place: Column<u64>,
    offset: Column<u64>,
    time: Column<i64>,
}

impl<'a> Reading<'a> {
    fn open(reader: &'a SegmentReader) -> Tried<Self> {
        let columns = reader.fast_fields();
        let (place, offset, time) = (columns.u64(PLACE)?, columns.u64(OFFSET)?, columns.i64(TIME)?);
        Ok(Self { reader, place, offset, time })
    }

    fn time(&self, doc: DocId) -> i64 {
        self.time.first(doc).unwrap_or_default()
    }

    fn id(&self, doc: DocId) -> EventId {
        id_of(self.place.first(doc).unwrap_or_default(), self.offset.first(doc).unwrap_or_default())
    }
}

impl Found {
    pub(super) fn search(
        searcher: &Searcher,
        tenant: &Tenant,
        lookup: &Lookup,
        deadline: &Deadline,
    ) -> Tried<TextAnswer> {
        let query = query_of(tenant, lookup);
        let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
        let mut newest: BinaryHeap<Reverse<Self>> = BinaryHeap::new();
        let mut answer = TextAnswer { complete: true, ..TextAnswer::default() };
        'segments: for (segment, reader) in searcher.segment_readers().iter().enumerate() {
            if deadline.is_over() {
                answer.complete = false;
                break;
            }
            let reading = Reading::open(reader)?;
            let mut scorer = weight.scorer(reader, 1.0)?;
            let mut looked_at = 0_u32;
            while scorer.doc() != TERMINATED {
                let doc = scorer.doc();
                looked_at += 1;
                if looked_at.is_multiple_of(DEADLINE_EVERY) && deadline.is_over() {
                    answer.complete = false;
                    break 'segments;
                }
                let time = reading.time(doc);
                if !reader.is_deleted(doc) && lookup.range.contains(time) {
                    answer.total += 1;
                    newest.push(Reverse(Self { time, id: reading.id(doc), segment, doc }));
                    if newest.len() > lookup.limit {
                        newest.pop();
                    }
                }
                scorer.advance();
            }
        }
        for Reverse(found) in newest.into_sorted_vec() {
            let Some(reader) = searcher.segment_readers().get(found.segment) else { continue };
            let Filed { class, whys } = filed(reader, found.doc)?;
            let (id, time) = (found.id, Timestamp::from_micros(found.time));
            answer.hits.push(Hit { id, time, class, why: whys.into_iter().collect() });
        }
        Ok(answer)
    }

    /// As what the document with `id` is held.
    pub(super) fn by_id(searcher: &Searcher, id: &TantivyTerm) -> Tried<Option<Filed>> {
        for reader in searcher.segment_readers() {
            let index = reader.inverted_index(id.field())?;
            let Some(mut postings) = index.read_postings(id, IndexRecordOption::Basic)? else { continue };
            while tantivy::DocSet::doc(&postings) != TERMINATED {
                let doc = tantivy::DocSet::doc(&postings);
                if !reader.is_deleted(doc) {
                    return filed(reader, doc).map(Some);
                }
                tantivy::DocSet::advance(&mut postings);
            }
        }
        Ok(None)
    }
}

/// Class and reasons of a document.
fn filed(reader: &SegmentReader, doc: DocId) -> Tried<Filed> {
    let words = |name: &str| -> Tried<BTreeSet<String>> {
        let column: Option<StrColumn> = reader.fast_fields().str(name)?;
        let Some(column) = column else { return Ok(BTreeSet::new()) };
        let mut found = BTreeSet::new();
        for number in column.term_ords(doc) {
            let mut word = String::new();
            column.ord_to_str(number, &mut word)?;
            found.insert(word);
        }
        Ok(found)
    };
    let class = words(CLASS)?.pop_first().unwrap_or_default();
    Ok(Filed { class, whys: words(WHY)? })
}

/// The times of the documents that `query` finds.
pub(super) fn times_of(searcher: &Searcher, query: &dyn Query, mut each: impl FnMut(i64)) -> Tried<()> {
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    for reader in searcher.segment_readers() {
        let reading = Reading::open(reader)?;
        let mut scorer = weight.scorer(reader, 1.0)?;
        while scorer.doc() != TERMINATED {
            if !reading.reader.is_deleted(scorer.doc()) {
                each(reading.time(scorer.doc()));
            }
            scorer.advance();
        }
    }
    Ok(())
}

fn query_of(tenant: &Tenant, lookup: &Lookup) -> BooleanQuery {
    let must = lookup.must.iter().map(|term| (Occur::Must, term_query(tenant, term)));
    let not = lookup.not.iter().map(|term| (Occur::MustNot, term_query(tenant, term)));
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = must.chain(not).collect();
    if lookup.must.is_empty() {
        clauses.push((Occur::Must, Box::new(AllQuery)));
    }
    BooleanQuery::new(clauses)
}

fn term_query(tenant: &Tenant, term: &Term) -> Box<dyn Query> {
    let all = |terms: &[Term]| terms.iter().map(|term| term_query(tenant, term)).collect::<Vec<_>>();
    match term {
        Term::Whole(whole) => Box::new(TermQuery::new(tenant.whole_term(whole), IndexRecordOption::Basic)),
        Term::Phrase(phrase) => {
            let terms: Vec<TantivyTerm> =
                phrase.iter().map(|term| TantivyTerm::from_field_text(tenant.columns.text, term)).collect();
            match <[TantivyTerm; 1]>::try_from(terms) {
                Ok([only]) => Box::new(TermQuery::new(only, IndexRecordOption::Basic)),
                Err(terms) => Box::new(PhraseQuery::new(terms)),
            }
        }
        Term::Any(terms) if terms.is_empty() => Box::new(EmptyQuery),
        Term::All(terms) if terms.is_empty() => Box::new(AllQuery),
        Term::Any(terms) => Box::new(BooleanQuery::union(all(terms))),
        Term::All(terms) => Box::new(BooleanQuery::intersection(all(terms))),
    }
}
