//! The face that both kinds of model share.

use sentra_model::Digest;

use super::bytes::Reader;
use super::gru::{self, Gru, Scratch};
use super::ngram::Ngram;
use super::{
    Alphabet, Calibration, EntityWindow, GruSettings, ModelKind, NgramSettings, SequenceError, Surprise,
    Surprising, Symbol, TrainingReport, WINDOW_EVENTS,
};

/// Most bytes of a stored model.
pub const MODEL_BYTES_MAX: usize = 64 << 20;
/// Most events that one training takes; what comes after them is left out.
const TRAINING_EVENTS_MAX: usize = 10_000_000;
/// Fewest events to learn from.
const TRAINING_EVENTS_LEAST: usize = 100;
/// Fewest held-out windows of ten events.
const HELD_OUT_WINDOWS_LEAST: usize = 20;
/// Longest piece of a sequence that the network sees at a stretch, in events.
const PIECE_EVENTS_MAX: usize = 256;
/// Every so-manyth piece of the training data tells the network when to stop.
const VALIDATION_EVERY: usize = 10;
/// How many symbols are named as expected.
const EXPECTED: usize = 3;
const MAGIC: &[u8; 4] = b"SSEQ";
const VERSION: u8 = 1;
/// Bytes of the digest at the end of a stored model.
const DIGEST_BYTES: usize = 8;

/// How models are fitted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FitSettings {
    /// For [`ModelKind::Ngram`].
    pub ngram: NgramSettings,
    /// For [`ModelKind::Gru`].
    pub gru: GruSettings,
}

#[derive(Debug, Clone)]
enum Predictor {
    Ngram(Ngram),
    Gru(std::sync::Arc<Gru>),
}

/// A fitted model of what events follow what events, with its alphabet and calibration.
#[derive(Debug, Clone)]
pub struct SequenceModel {
    alphabet: Alphabet,
    predictor: Predictor,
    calibration: Calibration,
    report: TrainingReport,
    /// What "other" costs beyond what the predictor says of it.
    other_bits: f32,
}

impl SequenceModel {
    /// Fits a model of `kind` to `training` and calibrates it on `held_out`, both sequences of one entity each, oldest
    /// event first, in symbols of `alphabet`. The same data and settings give the same model.
    pub fn fit(
        kind: ModelKind,
        alphabet: &Alphabet,
        training: &[Vec<Symbol>],
        held_out: &[Vec<Symbol>],
        settings: &FitSettings,
    ) -> Result<Self, SequenceError> {
        check_symbols(alphabet, training.iter().chain(held_out))?;
        let training = bounded(training);
        let events: usize = training.iter().map(|sequence| sequence.len()).sum();
        let too_little = |set, events: usize, needed: usize| SequenceError::TooLittle {
            set,
            events: events as u64,
            needed: needed as u64,
        };
        if events < TRAINING_EVENTS_LEAST {
            return Err(too_little("training", events, TRAINING_EVENTS_LEAST));
        }
        let (predictor, epochs) = match kind {
            ModelKind::Ngram => (Predictor::Ngram(count(alphabet, &training, settings)?), 1),
            ModelKind::Gru => train(alphabet, &training, events, settings)?,
        };
        let report = TrainingReport {
            kind,
            sequences: training.len() as u64,
            events: events as u64,
            epochs,
            held_out_events: 0,
            held_out_bits: 0.0,
        };
        let mut model = Self {
            other_bits: alphabet.other_bits(),
            alphabet: alphabet.clone(),
            predictor,
            calibration: Calibration::default(),
            report,
        };
        model.calibrate(held_out);
        let windows = model.calibration.windows() as usize;
        if windows < HELD_OUT_WINDOWS_LEAST {
            return Err(too_little("held-out", windows, HELD_OUT_WINDOWS_LEAST));
        }
        Ok(model)
    }

    /// A model that has seen nothing, for a tenant that has no data yet: it counts what comes, but as nothing was held
    /// out it has no threshold, so that nothing is reported until a fitted model takes its place.
    pub fn blank(alphabet: &Alphabet, settings: &FitSettings) -> Result<Self, SequenceError> {
        settings.ngram.check()?;
        Ok(Self::blank_of(alphabet, settings))
    }

    /// [`Self::blank`], with settings that were checked.
    pub(crate) fn blank_of(alphabet: &Alphabet, settings: &FitSettings) -> Self {
        let predictor = Predictor::Ngram(Ngram::of(alphabet.size(), settings.ngram));
        let report = TrainingReport {
            kind: ModelKind::Ngram,
            sequences: 0,
            events: 0,
            epochs: 0,
            held_out_events: 0,
            held_out_bits: 0.0,
        };
        let calibration = Calibration::default();
        Self { other_bits: alphabet.other_bits(), alphabet: alphabet.clone(), predictor, calibration, report }
    }

    fn calibrate(&mut self, held_out: &[Vec<Symbol>]) {
        let (mut sum, mut events, mut scores) = (0.0, 0_u32, Vec::new());
        let mut scratch = Scratch::default();
        for sequence in bounded(held_out) {
            let (mut window, mut memory) = (EntityWindow::default(), self.memory());
            for symbol in sequence {
                sum += f64::from(self.observe(&mut window, &mut memory, *symbol, &mut scratch));
                events += 1;
                if window.is_full() {
                    scores.push(window.mean_bits());
                }
            }
        }
        self.report.held_out_events = u64::from(events);
        self.report.held_out_bits = sum / f64::from(events.max(1));
        self.calibration = Calibration::of(scores);
    }

    /// The alphabet of its symbols.
    #[must_use]
    pub fn alphabet(&self) -> &Alphabet {
        &self.alphabet
    }

    /// The distribution of its score on held-out normal data.
    #[must_use]
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// What it was made of.
    #[must_use]
    pub fn report(&self) -> &TrainingReport {
        &self.report
    }

    /// How surprising the last ten of `symbols` are, oldest first, after the ones before them. `None` while there are
    /// fewer than ten.
    #[must_use]
    pub fn surprise(&self, symbols: &[Symbol]) -> Option<Surprise> {
        let (mut window, mut memory) = (EntityWindow::default(), self.memory());
        let mut scratch = Scratch::default();
        for symbol in symbols {
            self.observe(&mut window, &mut memory, *symbol, &mut scratch);
        }
        window.is_full().then(|| self.explain(&window))
    }

    /// The mean −log2 p of the most surprising ten events in a row among `symbols`; `None` while there are fewer.
    #[must_use]
    pub fn peak(&self, symbols: &[Symbol]) -> Option<f32> {
        let (mut window, mut memory) = (EntityWindow::default(), self.memory());
        let mut scratch = Scratch::default();
        let mut peak: Option<f32> = None;
        for symbol in symbols {
            self.observe(&mut window, &mut memory, *symbol, &mut scratch);
            if window.is_full() {
                peak = Some(peak.unwrap_or_default().max(window.mean_bits()));
            }
        }
        peak
    }

    /// The probability of every symbol, by its number, after `symbols`; they sum to 1.
    #[must_use]
    pub fn distribution(&self, symbols: &[Symbol]) -> Vec<f64> {
        let codes: Vec<u8> = symbols.iter().map(|symbol| symbol.0).collect();
        self.distribution_after(&codes)
    }

    fn distribution_after(&self, codes: &[u8]) -> Vec<f64> {
        match &self.predictor {
            Predictor::Ngram(ngram) => ngram.distribution(codes),
            Predictor::Gru(gru) => {
                let (mut memory, mut scratch) = (self.memory(), Scratch::default());
                for code in codes {
                    gru.step(&mut memory, Symbol(*code), &mut scratch);
                }
                gru.distribution(&memory, &mut scratch)
            }
        }
    }

    /// What made `window` as surprising as it is. The network is run anew over the events kept, so that what it
    /// expected may differ a little from what it expected when it knew all earlier ones too.
    #[must_use]
    pub fn explain(&self, window: &EntityWindow) -> Surprise {
        let place = window.most_surprising();
        let known = window.codes();
        let before = known.len().saturating_sub(WINDOW_EVENTS) + place;
        let probabilities = self.distribution_after(known.get(..before).unwrap_or_default());
        let mut expected: Vec<(Symbol, f64)> = (0..=u8::MAX).map(Symbol).zip(probabilities).collect();
        expected.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        expected.truncate(EXPECTED);
        let bits = window.mean_bits();
        let most = Surprising {
            place,
            symbol: known.get(before).map_or(Symbol::OTHER, |code| Symbol(*code)),
            bits: window.bits().nth(place).unwrap_or_default(),
            expected,
        };
        Surprise { bits, p_value: self.calibration.p_value(bits), most }
    }

    /// An entity's memory before its first event.
    fn memory(&self) -> Vec<i8> {
        vec![0; self.memory_bytes()]
    }

    /// Bytes of memory that the model needs per entity beside its window.
    pub(crate) fn memory_bytes(&self) -> usize {
        match &self.predictor {
            Predictor::Ngram(_) => 0,
            Predictor::Gru(gru) => gru.hidden(),
        }
    }

    /// Takes an event into an entity's window and memory; −log2 p of it.
    #[inline]
    pub(crate) fn observe(
        &self,
        window: &mut EntityWindow,
        memory: &mut [i8],
        symbol: Symbol,
        scratch: &mut Scratch,
    ) -> f32 {
        let bits = match &self.predictor {
            Predictor::Ngram(ngram) => -ngram.probability(window.codes(), symbol).log2() as f32,
            Predictor::Gru(gru) => gru.step(memory, symbol, scratch) * std::f32::consts::LOG2_E,
        };
        let bits = if symbol == Symbol::OTHER { bits + self.other_bits } else { bits };
        window.push(symbol, bits);
        bits
    }

    /// The counts, where it learns by counting.
    pub(crate) fn ngram_mut(&mut self) -> Option<&mut Ngram> {
        match &mut self.predictor {
            Predictor::Ngram(ngram) => Some(ngram),
            Predictor::Gru(_) => None,
        }
    }

    /// The counts, where it learns by counting.
    pub(crate) fn ngram(&self) -> Option<&Ngram> {
        match &self.predictor {
            Predictor::Ngram(ngram) => Some(ngram),
            Predictor::Gru(_) => None,
        }
    }

    /// What tells this model from any other.
    pub(crate) fn digest(&self) -> u64 {
        digest(&self.to_bytes())
    }

    /// The model as bytes, closed by their digest.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.push(match self.report.kind {
            ModelKind::Ngram => 0,
            ModelKind::Gru => 1,
        });
        let report = &self.report;
        for number in [report.sequences, report.events, report.held_out_events] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&report.epochs.to_le_bytes());
        bytes.extend_from_slice(&report.held_out_bits.to_le_bytes());
        self.alphabet.write(&mut bytes);
        self.calibration.write(&mut bytes);
        match &self.predictor {
            Predictor::Ngram(ngram) => ngram.write(&mut bytes),
            Predictor::Gru(gru) => gru.write(&mut bytes),
        }
        bytes.extend_from_slice(&digest(&bytes).to_le_bytes());
        bytes
    }

    /// The model that [`Self::to_bytes`] gave; anything else is an error that says where it goes wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SequenceError> {
        let problem = |at, problem| SequenceError::Bytes { at, problem };
        if bytes.len() > MODEL_BYTES_MAX {
            return Err(problem(MODEL_BYTES_MAX, "more bytes than a model may have"));
        }
        let body = bytes.len().checked_sub(DIGEST_BYTES).ok_or_else(|| problem(0, "ends too early"))?;
        let (body, stated) = bytes.split_at(body);
        if digest(body).to_le_bytes() != stated {
            return Err(problem(body.len(), "digest does not fit: the bytes were changed or cut"));
        }
        Self::read(body)
    }

    /// Reads what stands before the digest.
    fn read(body: &[u8]) -> Result<Self, SequenceError> {
        let mut reader = Reader::new(body);
        if reader.take(MAGIC.len())? != MAGIC || reader.u8()? != VERSION {
            return Err(reader.problem("no sequence model of this version"));
        }
        let kind = match reader.u8()? {
            0 => ModelKind::Ngram,
            1 => ModelKind::Gru,
            _ => return Err(reader.problem("unknown kind of model")),
        };
        let (sequences, events, held_out_events) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let (epochs, held_out_bits) = (reader.u32()?, reader.f64()?);
        let alphabet = Alphabet::read(&mut reader)?;
        let calibration = Calibration::read(&mut reader)?;
        let predictor = match kind {
            ModelKind::Ngram => Predictor::Ngram(Ngram::read(&mut reader, &alphabet)?),
            ModelKind::Gru => Predictor::Gru(Gru::read(&mut reader, &alphabet)?.into()),
        };
        reader.finish()?;
        let report = TrainingReport { kind, sequences, events, epochs, held_out_events, held_out_bits };
        Ok(Self { other_bits: alphabet.other_bits(), alphabet, predictor, calibration, report })
    }
}

fn digest(bytes: &[u8]) -> u64 {
    Digest::new("sequence model").bytes(bytes).first_u64()
}

/// As many of `sequences` as [`TRAINING_EVENTS_MAX`] allows, the last one cut.
fn bounded(sequences: &[Vec<Symbol>]) -> Vec<&[Symbol]> {
    let mut left = TRAINING_EVENTS_MAX;
    let mut taken = Vec::new();
    for sequence in sequences {
        let part = sequence.get(..sequence.len().min(left)).unwrap_or_default();
        left -= part.len();
        if !part.is_empty() {
            taken.push(part);
        }
    }
    taken
}

fn check_symbols<'a>(
    alphabet: &Alphabet,
    sequences: impl Iterator<Item = &'a Vec<Symbol>>,
) -> Result<(), SequenceError> {
    let symbols = alphabet.size();
    match sequences.flatten().find(|symbol| usize::from(symbol.0) >= symbols) {
        Some(symbol) => Err(SequenceError::Symbol { symbol: symbol.0, symbols }),
        None => Ok(()),
    }
}

fn count(
    alphabet: &Alphabet,
    training: &[&[Symbol]],
    settings: &FitSettings,
) -> Result<Ngram, SequenceError> {
    let mut ngram = Ngram::new(alphabet.size(), settings.ngram)?;
    for sequence in training {
        let codes: Vec<u8> = sequence.iter().map(|symbol| symbol.0).collect();
        for (place, symbol) in sequence.iter().enumerate() {
            ngram.count(codes.get(..place).unwrap_or_default(), *symbol);
        }
    }
    ngram.settle();
    Ok(ngram)
}

fn train(
    alphabet: &Alphabet,
    training: &[&[Symbol]],
    events: usize,
    settings: &FitSettings,
) -> Result<(Predictor, u32), SequenceError> {
    // Short enough that there are some to hold back, however few the sequences.
    let piece = (events / (2 * VALIDATION_EVERY)).clamp(1, PIECE_EVENTS_MAX);
    let pieces = training.iter().flat_map(|sequence| sequence.chunks(piece));
    let (mut learned, mut validation) = (Vec::new(), Vec::new());
    for (number, piece) in pieces.enumerate() {
        let set =
            if number % VALIDATION_EVERY == VALIDATION_EVERY / 2 { &mut validation } else { &mut learned };
        set.push(piece);
    }
    let trained = gru::train(alphabet.size(), &learned, &validation, &settings.gru)?;
    Ok((Predictor::Gru(trained.gru.into()), trained.epochs as u32))
}

#[cfg(test)]
mod tests;
