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
        check_format(request.format.as_deref())?;
        let mut turn = self.turn.lock().await;
        let selected = self.select(scope, &request.selection).await?;
        let mut report = LetterReplayReport { next: selected.next, ..LetterReplayReport::default() };
        let known_fates = self.settle(scope, &selected, request.dry_run).await?;
        let mut reader = Reader::new(self.log.as_ref(), scope);
        let (mut planned, mut bytes): (Vec<Planned>, usize) = (Vec::new(), 0);
        for (id, letter) in &selected.letters {
            let done = selected.replays.get(id).and_then(|replay| replay.event);
            let mut refuse = |why: String| report.not_replayable.push(RefusedLetter { id: *id, why });
            match (letter, done, known_fates.get(id)) {
                (None, ..) => refuse("there is no such letter".to_owned()),
                (_, Some(event), _) if selected.named => refuse(format!("it was replayed as {event}")),
                (_, Some(_), _) => {}
                (_, _, Some(Fate::Unknown)) => refuse(
                    "its replay was interrupted, and what came behind it is not in the backbone any more"
                        .to_owned(),
                ),
                (Some(letter), _, Some(Fate::There(event))) => {
                    let format = selected.replays.get(id).and_then(|replay| replay.format.clone());
                    let found = self.found(&mut reader, letter, format, *id, *event).await?;
                    report.replayed.push(found);
                }
                (Some(letter), ..) => match self
                    .plan(&mut reader, letter, *id, request.format.as_deref())
                    .await?
                {
                    Ok(plan) => {
                        bytes += plan.record.bytes.len();
                        planned.push(plan);
                    }
                    Err(Refusal::StillDead(why)) => report.still_dead.push(RefusedLetter { id: *id, why }),
                    Err(Refusal::NotReplayable(why)) => refuse(why),
                },
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

    /// A replay that an interrupted one had already carried out.
    async fn found(
        &self,
        reader: &mut Reader<'_>,
        letter: &DeadLetter,
        format: Option<String>,
        id: EventId,
        event: EventId,
    ) -> Result<ReplayedLetter, LetterError> {
        let named = Some(format.unwrap_or_else(|| "auto".to_owned()));
        let plan = self.plan(reader, letter, id, named.as_deref()).await?.ok();
        let (format, mart) =
            plan.map_or_else(|| ("unknown".to_owned(), Mart::LINUX), |plan| (plan.format, plan.mart));
        Ok(ReplayedLetter { id, event: Some(event), format, mart })
    }

    /// What the decoder in force makes of the letter's record.
    async fn plan(
        &self,
        reader: &mut Reader<'_>,
        letter: &DeadLetter,
        id: EventId,
        format: Option<&str>,
    ) -> Result<Result<Planned, Refusal>, LetterError> {
        let bytes = match reader.of(letter).await? {
            LetterBytes::Whole(bytes) => bytes,
            LetterBytes::Missing { why } => return Ok(Err(Refusal::NotReplayable(why))),
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
            Decoded::Dead { detail, .. } => return Ok(Err(Refusal::StillDead(detail))),
        };
        let record = OwnedRecord { position: letter.position, bytes };
        Ok(Ok(Planned { id, partition, source, record, format, mart }))
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

/// Why a letter is not replayed.
enum Refusal {
    StillDead(String),
    NotReplayable(String),
}

fn raw(scope: &TenantScope, partition: u32) -> Stream {
    Stream { tenant: scope.tenant().clone(), topic: Topic::Raw, partition }
}

fn check_format(format: Option<&str>) -> Result<(), LetterError> {
    let Some(name) = format else { return Ok(()) };
    let known = || sentra_decode::formats().iter().map(|format| format.name);
    if known().any(|format| format == name) {
        return Ok(());
    }
    Err(LetterError::FormatUnknown {
        name: name.chars().take(80).collect(),
        known: known().map(str::to_owned).collect(),
    })
}
