use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sentra_backbone::{AppendBatch, Stream};
use sentra_decode::Decoded;
use sentra_model::{
    DeadLetter, EventId, Mart, OwnedRecord, RawRecord, Source, TenantScope, Timestamp, Topic,
};
use sentra_store::LetterReplay;
use tokio::task::JoinSet;

use super::bytes::{LetterBytes, Reader};
use super::interrupted::{Fate, Open, digest_of, fates};
use super::{
    Desk, LETTERS_PER_REPLAY_MAX, LetterError, LetterReplayReport, LetterReplayRequest, LetterSelection,
    RefusedLetter, ReplayedLetter,
};

/// Bytes of records that are appended together: with one record more still below what the log takes.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A record that is understood now.
struct Planned {
    id: EventId,
    partition: u32,
    source: Source,
    record: OwnedRecord,
    format: String,
    mart: Mart,
}

/// What can become of a letter.
enum Judged {
    /// It was replayed before.
    Done(EventId),
    /// An interrupted replay had got as far as its record.
    Found(ReplayedLetter),
    Understood(Planned),
    StillDead(String),
    NotReplayable(String),
}

/// What is known about earlier replays of a letter.
struct Known<'a> {
    replay: Option<&'a LetterReplay>,
    /// Of an intent that was left open.
    fate: Option<&'a Fate>,
}

/// What the letters asked for are, and what is known about their replays.
struct Selected {
    letters: Vec<(EventId, Option<DeadLetter>)>,
    replays: BTreeMap<EventId, LetterReplay>,
    next: Option<EventId>,
    /// Whether each was named, so that each is answered.
    named: bool,
}

impl Desk {
    pub(super) async fn replay(
        &self,
        scope: &TenantScope,
        request: LetterReplayRequest,
    ) -> Result<LetterReplayReport, LetterError> {
        self.check_format(request.format.as_deref())?;
        let mut turn = self.turn.lock().await;
        let selected = self.select(scope, &request.selection).await?;
        let mut report = LetterReplayReport { next: selected.next, ..LetterReplayReport::default() };
        let fates = self.settle(scope, &selected, request.dry_run).await?;
        let mut reader = Reader::new(self.log.as_ref(), scope);
        let (mut planned, mut bytes): (Vec<Planned>, usize) = (Vec::new(), 0);
        for (id, letter) in &selected.letters {
            let refused = |why| RefusedLetter { id: *id, why };
            let Some(letter) = letter else {
                report.not_replayable.push(refused("there is no such letter".to_owned()));
                continue;
            };
            let known = Known { replay: selected.replays.get(id), fate: fates.get(id) };
            match self.judge(&mut reader, *id, letter, known, request.format.as_deref()).await? {
                Judged::Done(event) if selected.named => {
                    report.not_replayable.push(refused(format!("it was replayed as {event}")));
                }
                Judged::Done(_) => {}
                Judged::Found(found) => report.replayed.push(found),
                Judged::Understood(plan) => {
                    bytes += plan.record.bytes.len();
                    planned.push(plan);
                }
                Judged::StillDead(why) => report.still_dead.push(refused(why)),
                Judged::NotReplayable(why) => report.not_replayable.push(refused(why)),
            }
            if bytes >= GROUP_BYTES_MAX {
                let group = std::mem::take(&mut planned);
                report.replayed.extend(self.carry_out(scope, group, request.dry_run, &mut turn).await?);
                bytes = 0;
            }
        }
        report.replayed.extend(self.carry_out(scope, planned, request.dry_run, &mut turn).await?);
        report.replayed.sort_by_key(|replayed| replayed.id);
        Ok(report)
    }

    /// Refuses a format that the decoder in force does not know.
    fn check_format(&self, format: Option<&str>) -> Result<(), LetterError> {
        let Some(name) = format else { return Ok(()) };
        let decoder = (self.decoder)();
        if decoder.knows_format(name) {
            return Ok(());
        }
        Err(LetterError::FormatUnknown {
            name: name.chars().take(80).collect(),
            known: decoder.formats().map(|format| format.name.to_owned()).collect(),
        })
    }

    /// What can become of one letter.
    async fn judge(
        &self,
        reader: &mut Reader<'_>,
        id: EventId,
        letter: &DeadLetter,
        known: Known<'_>,
        format: Option<&str>,
    ) -> Result<Judged, LetterError> {
        if let Some(event) = known.replay.and_then(|replay| replay.event) {
            return Ok(Judged::Done(event));
        }
        match known.fate {
            Some(Fate::Unknown) => Ok(Judged::NotReplayable(
                "its replay was interrupted, and what came behind it is not in the backbone any more"
                    .to_owned(),
            )),
            Some(Fate::There(event)) => {
                let named = known.replay.and_then(|replay| replay.format.as_deref()).unwrap_or("auto");
                let understood = match self.understand(reader, id, letter, Some(named)).await? {
                    Judged::Understood(plan) => Some((plan.format, plan.mart)),
                    _ => None,
                };
                let (format, mart) = understood.unwrap_or_else(|| ("unknown".to_owned(), Mart::LINUX));
                Ok(Judged::Found(ReplayedLetter { id, event: Some(*event), format, mart }))
            }
            Some(Fate::NotThere) | None => self.understand(reader, id, letter, format).await,
        }
    }

    async fn select(
        &self,
        scope: &TenantScope,
        selection: &LetterSelection,
    ) -> Result<Selected, LetterError> {
        let (letters, next, named) = match selection {
            LetterSelection::Ids(ids) if ids.len() > LETTERS_PER_REPLAY_MAX => {
                return Err(LetterError::LettersTooMany { letters: ids.len() });
            }
            LetterSelection::Ids(ids) => {
                // In the order of their places, each once.
                let mut ids = ids.clone();
                ids.sort_unstable();
                ids.dedup();
                let mut letters = Vec::with_capacity(ids.len());
                for id in ids {
                    letters.push((id, self.records.dead_letter(scope, id).await?));
                }
                (letters, None, true)
            }
            LetterSelection::All { reason, after } => {
                let page =
                    self.records.dead_letters_of(scope, *reason, *after, LETTERS_PER_REPLAY_MAX).await?;
                let letters: Vec<_> = page.items.into_iter().map(|(id, letter)| (id, Some(letter))).collect();
                let next = letters.last().filter(|_| page.next.is_some()).map(|(id, _)| *id);
                (letters, next, false)
            }
        };
        let ids: Vec<EventId> = letters.iter().map(|(id, _)| *id).collect();
        let replays = self.records.letter_replays(scope, &ids).await?;
        let replays = replays.into_iter().map(|replay| (replay.letter, replay)).collect();
        Ok(Selected { letters, replays, next, named })
    }

    /// Finds out what became of intents that were left open, and marks those whose record is there.
    async fn settle(
        &self,
        scope: &TenantScope,
        selected: &Selected,
        dry_run: bool,
    ) -> Result<BTreeMap<EventId, Fate>, LetterError> {
        let mut reader = Reader::new(self.log.as_ref(), scope);
        let mut open = Vec::new();
        for (id, letter) in &selected.letters {
            let intent = selected.replays.get(id).filter(|replay| replay.event.is_none());
            let (Some(intent), Some(letter)) = (intent, letter) else { continue };
            let digest = match reader.of(letter).await? {
                LetterBytes::Whole(bytes) => Some(digest_of(&bytes)),
                LetterBytes::Missing { .. } => None,
            };
            open.push(Open { intent, letter, digest });
        }
        if open.is_empty() {
            return Ok(BTreeMap::new());
        }
        let fates = fates(self.log.as_ref(), scope, &open).await?;
        let mark = |open: &Open<'_>| match fates.get(&open.intent.letter) {
            Some(Fate::There(event)) => Some(LetterReplay {
                event: Some(*event),
                done: Some(self.clock.now()),
                ..open.intent.clone()
            }),
            _ => None,
        };
        let marks: Vec<LetterReplay> = open.iter().filter_map(mark).collect();
        if !dry_run && !marks.is_empty() {
            tracing::info!(tenant = %scope.tenant(), letters = marks.len(), "interrupted replays are complete");
            self.records.put_letter_replays(scope, &marks).await?;
        }
        Ok(fates)
    }

    /// What the decoder in force makes of the letter's record.
    async fn understand(
        &self,
        reader: &mut Reader<'_>,
        id: EventId,
        letter: &DeadLetter,
        format: Option<&str>,
    ) -> Result<Judged, LetterError> {
        let bytes = match reader.of(letter).await? {
            LetterBytes::Whole(bytes) => bytes,
            LetterBytes::Missing { why } => return Ok(Judged::NotReplayable(why)),
        };
        let mut source = letter.source.clone();
        if let Some(format) = format {
            source.format = Some(format.to_owned()).filter(|format| format != "auto");
        }
        let partition = letter.event.map_or(0, |event| event.partition);
        let record = RawRecord {
            source: &source,
            position: letter.position,
            received: self.clock.now(),
            bytes: &bytes,
        };
        let (format, mart) = match (self.decoder)().decode(&record) {
            Decoded::Event(event) => (event.format.to_string(), event.mart.clone()),
            Decoded::Dead { detail, .. } => return Ok(Judged::StillDead(detail)),
        };
        let record = OwnedRecord { position: letter.position, bytes };
        Ok(Judged::Understood(Planned { id, partition, source, record, format, mart }))
    }

    /// Appends the records and marks their letters: first the intents, then the records, then the marks.
    async fn carry_out(
        &self,
        scope: &TenantScope,
        planned: Vec<Planned>,
        dry_run: bool,
        turn: &mut Timestamp,
    ) -> Result<Vec<ReplayedLetter>, LetterError> {
        if dry_run || planned.is_empty() {
            let would = |Planned { id, format, mart, .. }| ReplayedLetter { id, event: None, format, mart };
            return Ok(planned.into_iter().map(would).collect());
        }
        // No two replays begin at the same moment: it is what an interrupted one's records are known by.
        let begun = self.clock.now().max(turn.plus_micros(1));
        *turn = begun;
        let mut intents: Vec<LetterReplay> = Vec::with_capacity(planned.len());
        for plan in &planned {
            let stream = raw(scope, plan.partition);
            intents.push(LetterReplay {
                letter: plan.id,
                begun,
                partition: plan.partition,
                from_offset: self.log.extent(&stream).await?.end,
                format: plan.source.format.clone(),
                event: None,
                done: None,
            });
        }
        self.records.put_letter_replays(scope, &intents).await?;
        let mut batches: HashMap<(u32, Source), Vec<Planned>> = HashMap::new();
        for plan in planned {
            batches.entry((plan.partition, plan.source.clone())).or_default().push(plan);
        }
        self.append_all(scope, begun, batches).await
    }

    /// Appends batches and marks the letters of those that were taken, also where others were not.
    async fn append_all(
        &self,
        scope: &TenantScope,
        begun: Timestamp,
        batches: HashMap<(u32, Source), Vec<Planned>>,
    ) -> Result<Vec<ReplayedLetter>, LetterError> {
        // Together, so that letters of many sources share an fsync.
        let mut appends = JoinSet::new();
        for ((partition, source), plans) in batches {
            let (log, stream) = (Arc::clone(&self.log), raw(scope, partition));
            let records = plans.iter().map(|plan| plan.record.clone()).collect();
            let batch = AppendBatch { received: begun, source, records };
            appends.spawn(async move { (partition, plans, log.append(&stream, batch).await) });
        }
        let (mut replayed, mut marks, mut failure) = (Vec::new(), Vec::new(), None);
        while let Some(ended) = appends.join_next().await {
            let Ok((partition, plans, outcome)) = ended else { return Err(LetterError::Stopped) };
            let from_offset = match outcome {
                Ok(appended) => appended.first_offset,
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            };
            for (Planned { id, source, format, mart, .. }, offset) in plans.into_iter().zip(from_offset..) {
                let event = Some(EventId::raw(partition, offset));
                let (format_named, done) = (source.format, Some(self.clock.now()));
                marks.push(LetterReplay {
                    letter: id,
                    begun,
                    partition,
                    from_offset,
                    format: format_named,
                    event,
                    done,
                });
                replayed.push(ReplayedLetter { id, event, format, mart });
            }
        }
        self.records.put_letter_replays(scope, &marks).await?;
        metrics::counter!("sentra_factory_replayed_letters_total").increment(marks.len() as u64);
        match failure {
            None => Ok(replayed),
            Some(error) => Err(error.into()),
        }
    }
}

fn raw(scope: &TenantScope, partition: u32) -> Stream {
    Stream { tenant: scope.tenant().clone(), topic: Topic::Raw, partition }
}
