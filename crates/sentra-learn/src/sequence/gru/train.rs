//! Training by truncated back-propagation through time, with Adam and a clipped gradient.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

use super::math::{add_outer, add_product, add_product_back, sigmoid, softmax, tanh};
use super::{Gru, GruSettings, Weights, seeded};
use crate::sequence::{SequenceError, Symbol};

/// Events after which the weights move.
const STEP_EVENTS: usize = 256;
/// Longest gradient; a longer one is shortened to it.
const GRADIENT_NORM_MAX: f32 = 1.0;
/// How often the step size is halved before training ends early.
const HALVINGS_MAX: usize = 3;
/// Least fall of the validation loss, in nats per event, that counts as one.
const GAIN_LEAST: f64 = 1e-3;

/// What training gives.
pub(crate) struct Trained {
    /// The network as it was when its validation loss was smallest.
    pub(crate) gru: Gru,
    /// Passes over the training data.
    pub(crate) epochs: usize,
}

/// Trains on `training`; stops early by the loss on `validation`. The same data and seed give the same network.
pub(crate) fn train(
    symbols: usize,
    training: &[&[Symbol]],
    validation: &[&[Symbol]],
    settings: &GruSettings,
) -> Result<Trained, SequenceError> {
    settings.check()?;
    let mut random = seeded(settings.seed);
    let mut trainer = Trainer::new(symbols, settings, &mut random);
    let mut order: Vec<usize> = (0..training.len()).collect();
    let mut best = (trainer.loss(validation), trainer.weights.clone());
    let mut rate = settings.learning_rate;
    let (mut epochs, mut halvings) = (0, 0);
    while epochs < settings.epochs_max && halvings <= HALVINGS_MAX {
        shuffle(&mut order, &mut random);
        let mut left = settings.epoch_events_max;
        for sequence in order.iter().filter_map(|place| training.get(*place)) {
            if left == 0 {
                break;
            }
            let part = sequence.get(..sequence.len().min(left)).unwrap_or(sequence);
            trainer.learn(part, settings.truncation_events, rate);
            left -= part.len();
        }
        trainer.move_weights(rate);
        epochs += 1;
        let loss = trainer.loss(validation);
        if loss < best.0 - GAIN_LEAST {
            best = (loss, trainer.weights.clone());
        } else {
            halvings += 1;
            rate /= 2.0;
        }
    }
    let gru = Gru::new(symbols, settings.embedding, settings.hidden, best.1);
    Ok(Trained { gru, epochs })
}

/// Fisher and Yates.
fn shuffle(order: &mut [usize], random: &mut ChaCha8Rng) {
    for last in (1..order.len()).rev() {
        let other = (random.next_u64() % (last as u64 + 1)) as usize;
        order.swap(last, other);
    }
}

/// What the way back needs of one step.
#[derive(Debug, Clone, Default)]
struct Step {
    symbol: u8,
    /// The state before the step.
    before: Vec<f32>,
    /// Gates z, r, n.
    gates: Vec<f32>,
    /// `h·Un`.
    from_n: Vec<f32>,
    /// Probabilities of the symbol that the step took, from the state before it.
    probabilities: Vec<f32>,
}

struct Trainer {
    embedding: usize,
    hidden: usize,
    weights: Weights,
    gradient: Weights,
    /// Adam's running means of the gradient and of its square.
    means: Weights,
    squares: Weights,
    moves: i32,
    /// Events in the gradient.
    events: usize,
    steps: Vec<Step>,
}

impl Trainer {
    fn new(symbols: usize, settings: &GruSettings, random: &mut ChaCha8Rng) -> Self {
        let (embedding, hidden) = (settings.embedding, settings.hidden);
        let zero = Weights::zero(symbols, embedding, hidden);
        Self {
            embedding,
            hidden,
            weights: Weights::random(symbols, embedding, hidden, random),
            gradient: zero.clone(),
            means: zero.clone(),
            squares: zero,
            moves: 0,
            events: 0,
            steps: vec![Step::default(); settings.truncation_events],
        }
    }

    /// Adds the gradient of one sequence, segment by segment; moves the weights when enough is gathered.
    fn learn(&mut self, sequence: &[Symbol], truncation: usize, rate: f32) {
        let mut state = vec![0.0; self.hidden];
        for segment in sequence.chunks(truncation.max(1)) {
            self.forward(segment, &mut state);
            self.backward(segment.len());
            self.events += segment.len();
            if self.events >= STEP_EVENTS {
                self.move_weights(rate);
            }
        }
    }

    /// Runs over a segment, keeping what the way back needs; the sum of −ln p.
    fn forward(&mut self, segment: &[Symbol], state: &mut [f32]) -> f64 {
        let mut loss = 0.0;
        for (symbol, step) in segment.iter().zip(&mut self.steps) {
            step.symbol = symbol.0;
            forward_step(&self.weights, self.embedding, *symbol, state, step);
            let probability = step.probabilities.get(usize::from(symbol.0)).copied().unwrap_or(1.0);
            loss -= f64::from(probability.max(f32::MIN_POSITIVE)).ln();
        }
        loss
    }

    /// Mean −ln p per event.
    fn loss(&mut self, sequences: &[&[Symbol]]) -> f64 {
        let (mut loss, mut events) = (0.0, 0);
        let truncation = self.steps.len();
        for sequence in sequences {
            let mut state = vec![0.0; self.hidden];
            for segment in sequence.chunks(truncation) {
                loss += self.forward(segment, &mut state);
            }
            events += sequence.len();
        }
        loss / f64::from(u32::try_from(events.max(1)).unwrap_or(u32::MAX))
    }

    /// Adds the gradient of the first `length` steps kept.
    fn backward(&mut self, length: usize) {
        let mut state = vec![0.0; self.hidden];
        let mut before = vec![0.0; self.hidden];
        let mut gates = vec![0.0; 3 * self.hidden];
        let mut recurrent = vec![0.0; 3 * self.hidden];
        let mut embedded = vec![0.0; self.embedding];
        for step in self.steps.iter_mut().take(length).rev() {
            step_gradient(step, &state, &mut before, &mut gates, &mut recurrent);
            let (weights, gradient) = (&self.weights, &mut self.gradient);
            let embedding = weights.embedding(Symbol(step.symbol), self.embedding);
            add(&mut gradient.bias, &gates);
            add_outer(&mut gradient.input, embedding, &gates);
            add_outer(&mut gradient.recurrent, &step.before, &recurrent);
            add_product_back(&mut before, &recurrent, &weights.recurrent);
            embedded.fill(0.0);
            add_product_back(&mut embedded, &gates, &weights.input);
            let row = gradient.embed.chunks_exact_mut(self.embedding).nth(usize::from(step.symbol));
            add(row.unwrap_or_default(), &embedded);
            // The loss of the symbol, from the state before it.
            if let Some(own) = step.probabilities.get_mut(usize::from(step.symbol)) {
                *own -= 1.0;
            }
            add(&mut gradient.output_bias, &step.probabilities);
            add_outer(&mut gradient.output, &step.before, &step.probabilities);
            add_product_back(&mut before, &step.probabilities, &weights.output);
            std::mem::swap(&mut state, &mut before);
        }
    }

    /// One step of Adam along the gathered gradient, which is then empty.
    fn move_weights(&mut self, rate: f32) {
        const MEAN: f32 = 0.9;
        const SQUARE: f32 = 0.999;
        if self.events == 0 {
            return;
        }
        let scale = 1.0 / self.events as f32;
        let parts = self.gradient.parts();
        let squared: f32 = parts.into_iter().flatten().map(|part| part * part).sum();
        let norm = squared.sqrt() * scale;
        let scale = if norm > GRADIENT_NORM_MAX { scale * GRADIENT_NORM_MAX / norm } else { scale };
        self.events = 0;
        self.moves += 1;
        let mean_share = 1.0 - MEAN.powi(self.moves);
        let square_share = 1.0 - SQUARE.powi(self.moves);
        let all = self.weights.parts_mut().into_iter().zip(self.gradient.parts_mut());
        let all = all.zip(self.means.parts_mut()).zip(self.squares.parts_mut());
        for (((weights, gradients), means), squares) in all {
            let each = weights.iter_mut().zip(gradients).zip(means).zip(squares);
            for (((weight, gradient), mean), square) in each {
                let slope = *gradient * scale;
                *gradient = 0.0;
                *mean = MEAN * *mean + (1.0 - MEAN) * slope;
                *square = SQUARE * *square + (1.0 - SQUARE) * slope * slope;
                *weight -= rate * (*mean / mean_share) / ((*square / square_share).sqrt() + 1e-8);
            }
        }
    }
}

/// Predicts `symbol` from `state`, then takes it into `state`; `step` keeps both.
fn forward_step(weights: &Weights, embedding: usize, symbol: Symbol, state: &mut [f32], step: &mut Step) {
    let hidden = state.len();
    step.before.clear();
    step.before.extend_from_slice(state);
    step.probabilities.clone_from(&weights.output_bias);
    add_product(&mut step.probabilities, state, &weights.output);
    softmax(&mut step.probabilities);
    step.gates.clone_from(&weights.bias);
    add_product(&mut step.gates, weights.embedding(symbol, embedding), &weights.input);
    step.from_n.resize(3 * hidden, 0.0);
    step.from_n.fill(0.0);
    add_product(&mut step.from_n, state, &weights.recurrent);
    let (zr, n) = step.gates.split_at_mut(2 * hidden);
    let (from_zr, from_n) = step.from_n.split_at(2 * hidden);
    for (gate, from) in zr.iter_mut().zip(from_zr) {
        *gate = sigmoid(*gate + from);
    }
    let (z, r) = zr.split_at(hidden);
    for (((n, r), from), (z, unit)) in n.iter_mut().zip(r).zip(from_n).zip(z.iter().zip(state)) {
        *n = tanh(*n + r * from);
        *unit = (1.0 - z) * *n + z * *unit;
    }
}

/// From the gradient of the state after a step to those of its gates (`gates` for the input's side, `recurrent` for
/// the state's) and, in `before`, the part that passes to the state before it directly.
fn step_gradient(step: &Step, after: &[f32], before: &mut [f32], gates: &mut [f32], recurrent: &mut [f32]) {
    let hidden = after.len();
    let (z, rest) = step.gates.split_at(hidden);
    let (r, n) = rest.split_at(hidden);
    let from_n = step.from_n.get(2 * hidden..).unwrap_or_default();
    let (to_z, rest) = gates.split_at_mut(hidden);
    let (to_r, to_n) = rest.split_at_mut(hidden);
    let values = z.iter().zip(r).zip(n).zip(from_n).zip(&step.before).zip(after);
    let slopes = to_z.iter_mut().zip(to_r).zip(&mut *to_n).zip(before);
    for ((((((z, r), n), from), unit), slope), (((to_z, to_r), to_n), before)) in values.zip(slopes) {
        *before = slope * z;
        *to_n = slope * (1.0 - z) * (1.0 - n * n);
        *to_z = slope * (unit - n) * z * (1.0 - z);
        *to_r = *to_n * from * r * (1.0 - r);
    }
    recurrent.copy_from_slice(gates);
    for (to, r) in recurrent.iter_mut().skip(2 * hidden).zip(r) {
        *to *= r;
    }
}

fn add(out: &mut [f32], values: &[f32]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out += value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(codes: &[u8]) -> Vec<Symbol> {
        codes.iter().map(|code| Symbol(*code)).collect()
    }

    /// Every weight is moved a little to both sides; the loss must change as the gradient says.
    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let settings =
            GruSettings { embedding: 3, hidden: 5, truncation_events: 12, ..GruSettings::default() };
        let mut trainer = Trainer::new(4, &settings, &mut seeded(7));
        let sequence = symbols(&[1, 2, 3, 1, 2, 0, 3, 3, 1, 2, 0]);
        trainer.forward(&sequence, &mut [0.0; 5]);
        trainer.backward(sequence.len());
        let gradient = trainer.gradient.clone();
        let mut checked = 0;
        for part in 0..6 {
            for place in 0..gradient.parts()[part].len() {
                let mut loss_with = |change: f32| {
                    trainer.weights.parts_mut()[part][place] += change;
                    let loss = trainer.forward(&sequence, &mut [0.0; 5]);
                    trainer.weights.parts_mut()[part][place] -= change;
                    loss
                };
                let eps = 5e-3;
                let measured = (loss_with(eps) - loss_with(-eps)) / (2.0 * f64::from(eps));
                let stated = f64::from(gradient.parts()[part][place]);
                assert!(
                    (measured - stated).abs() < 2e-3 + 0.01 * stated.abs(),
                    "part {part}, weight {place}: {stated} stated, {measured} measured"
                );
                checked += 1;
            }
        }
        assert_eq!(checked, 4 * 3 + 3 * 15 + 5 * 15 + 15 + 5 * 4 + 4);
        let largest = gradient.parts().into_iter().flatten().fold(0.0_f32, |most, part| most.max(part.abs()));
        assert!(largest > 0.5, "a gradient of nothing proves nothing");
    }

    #[test]
    fn it_learns_what_no_short_context_tells_and_the_seed_decides() {
        // What comes after the four 3s depends on what came before them.
        let sequence = symbols(&[1, 3, 3, 3, 3, 1, 2, 3, 3, 3, 3, 2]);
        let mut random = seeded(3);
        let draw = |random: &mut ChaCha8Rng| {
            let first = 6 * usize::from(random.next_u32().is_multiple_of(2));
            sequence[first..first + 6].to_vec()
        };
        let all: Vec<Symbol> = (0..300).flat_map(|_| draw(&mut random)).collect();
        let parts: Vec<&[Symbol]> = all.chunks(60).collect();
        let settings = GruSettings { hidden: 12, embedding: 4, epochs_max: 40, ..GruSettings::default() };
        let (training, validation) = parts.split_at(25);
        let trained = train(4, training, validation, &settings).unwrap();
        let again = train(4, training, validation, &settings).unwrap();
        assert_eq!(trained.gru, again.gru);
        let other = train(4, training, validation, &GruSettings { seed: 2, ..settings }).unwrap();
        assert_ne!(trained.gru, other.gru);
        // One free choice of two in six events: 0.116 nats per event.
        let (mut loss, mut scratch) = (0.0, crate::sequence::gru::Scratch::default());
        for sequence in validation {
            let mut memory = vec![0; 12];
            loss += sequence.iter().map(|s| trained.gru.step(&mut memory, *s, &mut scratch)).sum::<f32>();
        }
        let loss = loss / 300.0;
        assert!(loss < 0.16, "{loss} nats per event after {} epochs", trained.epochs);
    }
}
