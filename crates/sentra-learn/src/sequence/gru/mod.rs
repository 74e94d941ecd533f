//! A gated recurrent unit: an embedding of the symbols, one layer of units, a softmax over what comes next.
//!
//! ```text
//! z = σ(x·Wz + h·Uz + bz)    r = σ(x·Wr + h·Ur + br)    n = tanh(x·Wn + r ∘ (h·Un) + bn)
//! h' = (1 − z) ∘ n + z ∘ h       p(next) = softmax(h'·O + c)
//! ```

mod math;
mod train;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use self::math::{add_product, exp, rounded, sigmoid, softmax, sum, tanh};
pub(crate) use self::train::train;
use super::bytes::Reader;
use super::error::checked;
use super::{Alphabet, SequenceError, Symbol};

/// Most units of the layer, and most dimensions of the embedding.
pub const HIDDEN_UNITS_MAX: usize = 128;

/// The shape of the network and the bounds of its training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GruSettings {
    /// Dimensions of a symbol's embedding, up to [`HIDDEN_UNITS_MAX`].
    pub embedding: usize,
    /// Units of the layer, up to [`HIDDEN_UNITS_MAX`].
    pub hidden: usize,
    /// Passes over the training data at most.
    pub epochs_max: usize,
    /// Events of one pass at most; sequences are drawn anew for each pass.
    pub epoch_events_max: usize,
    /// Events after which the gradient is cut (truncated back-propagation through time).
    pub truncation_events: usize,
    /// Step size of Adam at the start; it is halved when the loss on the validation part no longer falls.
    pub learning_rate: f32,
    /// Whence all randomness comes.
    pub seed: u64,
}

impl Default for GruSettings {
    fn default() -> Self {
        Self {
            embedding: 16,
            hidden: 32,
            epochs_max: 30,
            epoch_events_max: 200_000,
            truncation_events: 32,
            learning_rate: 0.01,
            seed: 1,
        }
    }
}

impl GruSettings {
    pub(crate) fn check(&self) -> Result<(), SequenceError> {
        checked("embedding", self.embedding, 1, HIDDEN_UNITS_MAX)?;
        checked("hidden", self.hidden, 1, HIDDEN_UNITS_MAX)?;
        checked("epochs_max", self.epochs_max, 1, 1_000)?;
        checked("epoch_events_max", self.epoch_events_max, 1, 10_000_000)?;
        checked("truncation_events", self.truncation_events, 2, 1_024)?;
        checked("learning_rate in millionths", (self.learning_rate * 1e6) as usize, 1, 1_000_000)
    }
}

/// Every number that training moves.
#[derive(Debug, Clone, PartialEq)]
struct Weights {
    /// symbols × embedding
    embed: Vec<f32>,
    /// embedding × 3 · hidden, gates z, r, n
    input: Vec<f32>,
    /// hidden × 3 · hidden
    recurrent: Vec<f32>,
    /// 3 · hidden
    bias: Vec<f32>,
    /// hidden × symbols
    output: Vec<f32>,
    /// symbols
    output_bias: Vec<f32>,
}

impl Weights {
    fn zero(symbols: usize, embedding: usize, hidden: usize) -> Self {
        Self {
            embed: vec![0.0; symbols * embedding],
            input: vec![0.0; embedding * 3 * hidden],
            recurrent: vec![0.0; hidden * 3 * hidden],
            bias: vec![0.0; 3 * hidden],
            output: vec![0.0; hidden * symbols],
            output_bias: vec![0.0; symbols],
        }
    }

    fn random(symbols: usize, embedding: usize, hidden: usize, random: &mut ChaCha8Rng) -> Self {
        let mut weights = Self::zero(symbols, embedding, hidden);
        let bound = |inputs: usize| 1.0 / (inputs as f32).sqrt();
        let parts = [
            (&mut weights.embed, 0.5),
            (&mut weights.input, bound(embedding)),
            (&mut weights.recurrent, bound(hidden)),
            (&mut weights.output, bound(hidden)),
        ];
        for (part, bound) in parts {
            for weight in part {
                // 24 bits are what a number of this type can tell apart.
                let unit = (random.next_u32() >> 8) as f32 / (1_u32 << 24) as f32;
                *weight = (2.0 * unit - 1.0) * bound;
            }
        }
        weights
    }

    fn parts(&self) -> [&Vec<f32>; 6] {
        [&self.embed, &self.input, &self.recurrent, &self.bias, &self.output, &self.output_bias]
    }

    fn parts_mut(&mut self) -> [&mut Vec<f32>; 6] {
        [
            &mut self.embed,
            &mut self.input,
            &mut self.recurrent,
            &mut self.bias,
            &mut self.output,
            &mut self.output_bias,
        ]
    }

    fn embedding(&self, symbol: Symbol, width: usize) -> &[f32] {
        self.embed.chunks_exact(width.max(1)).nth(usize::from(symbol.0)).unwrap_or_default()
    }
}

/// A trained network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gru {
    symbols: usize,
    embedding: usize,
    hidden: usize,
    weights: Weights,
    /// `x·W + b` of every symbol: symbols × 3 · hidden.
    table: Vec<f32>,
}

/// Room for one step, so that none is allocated per event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scratch {
    state: Vec<f32>,
    gates: Vec<f32>,
    recurrent: Vec<f32>,
    logits: Vec<f32>,
}

impl Scratch {
    fn fit(&mut self, hidden: usize) {
        self.state.resize(hidden, 0.0);
        self.gates.resize(3 * hidden, 0.0);
        self.recurrent.resize(3 * hidden, 0.0);
    }
}

/// Steps per unit in which a unit's state, between −1 and 1, is kept between two events.
const STATE_STEPS: f32 = 127.0;

impl Gru {
    fn new(symbols: usize, embedding: usize, hidden: usize, weights: Weights) -> Self {
        let mut table = Vec::with_capacity(symbols * 3 * hidden);
        for embedded in weights.embed.chunks_exact(embedding) {
            let mut row = weights.bias.clone();
            add_product(&mut row, embedded, &weights.input);
            table.append(&mut row);
        }
        Self { symbols, embedding, hidden, weights, table }
    }

    /// Bytes of state per entity.
    pub(crate) fn hidden(&self) -> usize {
        self.hidden
    }

    fn load(&self, memory: &[i8], scratch: &mut Scratch) {
        scratch.fit(self.hidden);
        for (unit, kept) in scratch.state.iter_mut().zip(memory) {
            *unit = f32::from(*kept) / STATE_STEPS;
        }
    }

    fn logits(&self, scratch: &mut Scratch) {
        scratch.logits.clone_from(&self.weights.output_bias);
        add_product(&mut scratch.logits, &scratch.state, &self.weights.output);
    }

    /// −ln p of `symbol` coming next, and `memory` after it came.
    #[inline]
    pub(crate) fn step(&self, memory: &mut [i8], symbol: Symbol, scratch: &mut Scratch) -> f32 {
        self.load(memory, scratch);
        self.logits(scratch);
        let most = scratch.logits.iter().copied().fold(f32::MIN, f32::max);
        let own = scratch.logits.get(usize::from(symbol.0)).map_or(0.0, |logit| *logit - most);
        for logit in &mut scratch.logits {
            *logit = exp(*logit - most);
        }
        let loss = sum(&scratch.logits).ln() - own;
        self.advance(symbol, scratch);
        for (kept, unit) in memory.iter_mut().zip(&scratch.state) {
            *kept = rounded(unit * STATE_STEPS);
        }
        loss
    }

    /// The state in `scratch` after `symbol`.
    #[inline]
    fn advance(&self, symbol: Symbol, scratch: &mut Scratch) {
        let hidden = self.hidden;
        let row = self.table.chunks_exact(3 * hidden).nth(usize::from(symbol.0)).unwrap_or_default();
        scratch.recurrent.fill(0.0);
        add_product(&mut scratch.recurrent, &scratch.state, &self.weights.recurrent);
        let (from_zr, from_n) = scratch.recurrent.split_at(2 * hidden);
        let (row_zr, row_n) = row.split_at(row.len().min(2 * hidden));
        let (zr, n) = scratch.gates.split_at_mut(2 * hidden);
        for ((gate, x), h) in zr.iter_mut().zip(row_zr).zip(from_zr) {
            *gate = sigmoid(x + h);
        }
        let (z, r) = zr.split_at(hidden);
        for (((n, r), x), h) in n.iter_mut().zip(r).zip(row_n).zip(from_n) {
            *n = tanh(x + r * h);
        }
        for ((unit, z), n) in scratch.state.iter_mut().zip(z).zip(&*n) {
            *unit = (1.0 - z) * n + z * *unit;
        }
    }

    /// The probability of every symbol after the state in `memory`.
    pub(crate) fn distribution(&self, memory: &[i8], scratch: &mut Scratch) -> Vec<f64> {
        self.load(memory, scratch);
        self.logits(scratch);
        softmax(&mut scratch.logits);
        scratch.logits.iter().map(|probability| f64::from(*probability)).collect()
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.embedding as u8);
        bytes.push(self.hidden as u8);
        for weight in self.weights.parts().into_iter().flatten() {
            bytes.extend_from_slice(&weight.to_le_bytes());
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>, alphabet: &Alphabet) -> Result<Self, SequenceError> {
        let (embedding, hidden) = (usize::from(reader.u8()?), usize::from(reader.u8()?));
        checked("embedding", embedding, 1, HIDDEN_UNITS_MAX)?;
        checked("hidden", hidden, 1, HIDDEN_UNITS_MAX)?;
        let mut weights = Weights::zero(alphabet.size(), embedding, hidden);
        for weight in weights.parts_mut().into_iter().flatten() {
            *weight = reader.f32()?;
            if weight.abs() > WEIGHT_MAX {
                return Err(reader.problem("weight is too large"));
            }
        }
        Ok(Self::new(alphabet.size(), embedding, hidden, weights))
    }
}

/// Largest weight that is read, so that no sum overflows.
const WEIGHT_MAX: f32 = 1e6;

fn seeded(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}
