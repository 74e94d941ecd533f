use std::path::{Path, PathBuf};

use candle_core::{DType, Device, IndexOp, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use tokenizers::{PaddingParams, PostProcessor, Tokenizer, TruncationParams};

use crate::words::head;
use crate::{Embedder, Space, Subject, Vector, VectorError};

/// Version of how sentences are made and pooled; the model's own version is its digest.
const POOLING_VERSION: u32 = 1;

/// Law LIMIT: tokens of a text that the model reads, as it was trained.
const TOKENS_MAX: usize = 256;

/// Law LIMIT: texts that go through the model at once.
const TEXTS_AT_ONCE_MAX: usize = 16;

/// Law LIMIT: a file of the model, bytes.
const MODEL_FILE_BYTES_MAX: u64 = 512 << 20;

/// Law LIMIT: layers of a model; the largest of this family have 24.
const LAYERS_MAX: usize = 48;

/// Texts that a model is tried with before it is used: a sentence, and what has no words for it.
const TRIED: [&str; 3] = ["This is an example sentence", "", "\u{fffd}"];

/// all-MiniLM-L6-v2, or another BERT sentence model with mean pooling, from a directory with `config.json`,
/// `tokenizer.json` and `model.safetensors`. It runs on the processor; nothing is fetched.
///
/// It compares what is said about an item, not who took part, so it is better at other words for the same thing, and
/// blind to a shared address.
pub struct MiniLm {
    directory: PathBuf,
    space: Space,
    model: BertModel,
    tokenizer: Tokenizer,
}

impl std::fmt::Debug for MiniLm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MiniLm").field("directory", &self.directory).field("space", &self.space).finish()
    }
}

fn read(directory: &Path, name: &str) -> Result<Vec<u8>, VectorError> {
    let path = directory.join(name);
    let length = std::fs::metadata(&path).map_err(VectorError::file("read", &path))?.len();
    if length > MODEL_FILE_BYTES_MAX {
        let reason = format!(
            "{name} has {length} bytes, {MODEL_FILE_BYTES_MAX} are allowed: is it a model of this kind?"
        );
        return Err(VectorError::Model { path: directory.to_owned(), reason });
    }
    std::fs::read(&path).map_err(VectorError::file("read", &path))
}

impl MiniLm {
    /// Reads the model in `directory`, and tries it.
    ///
    /// # Errors
    ///
    /// Files that are not there, damaged, of another kind of model, or that do not belong together.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, VectorError> {
        let directory = directory.into();
        let failed = |reason: String| VectorError::Model { path: directory.clone(), reason };
        let (config, tokens) = (read(&directory, "config.json")?, read(&directory, "tokenizer.json")?);
        let weights = read(&directory, "model.safetensors")?;
        let config: Config =
            serde_json::from_slice(&config).map_err(|error| failed(format!("config.json: {error}")))?;
        check(&config).map_err(|reason| failed(format!("config.json: {reason}")))?;
        let dimensions = u16::try_from(config.hidden_size)
            .map_err(|_| failed(format!("config.json: hidden_size {} is too large", config.hidden_size)))?;
        let digest = blake3::Hasher::new().update(&tokens).update(&weights).finalize().to_hex();
        let digest = digest.get(..12).unwrap_or_default();
        let tokenizer = tokenizer(&tokens).map_err(|error| failed(format!("tokenizer.json: {error}")))?;
        let tokenizer = truncating(tokenizer, config.max_position_embeddings)
            .map_err(|error| failed(format!("config.json: max_position_embeddings: {error}")))?;
        let (words, rows) = (tokenizer.get_vocab_size(true), config.vocab_size);
        if words > rows {
            let reason =
                format!("tokenizer.json knows {words} tokens and the model {rows}: they are of two models");
            return Err(failed(reason));
        }
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu);
        let model = weights.and_then(|weights| BertModel::load(weights, &config));
        let model = model.map_err(|error| failed(format!("model.safetensors: {}", first_line(&error))))?;
        let space = Space::known(format!("minilm-{POOLING_VERSION}-{digest}"), dimensions);
        let model = Self { directory, space, model, tokenizer };
        model.sentences(&TRIED)?;
        Ok(model)
    }

    fn failed(&self, reason: String) -> VectorError {
        VectorError::Model { path: self.directory.clone(), reason }
    }

    /// The sentences' vectors before they are brought to fixed point, each of length 1.
    ///
    /// # Errors
    ///
    /// What the model says.
    pub fn sentences(&self, sentences: &[&str]) -> Result<Vec<Vec<f32>>, VectorError> {
        let mut vectors = Vec::with_capacity(sentences.len());
        for some in sentences.chunks(TEXTS_AT_ONCE_MAX) {
            let cut: Vec<&str> = some.iter().map(|sentence| head(sentence)).collect();
            vectors.extend(self.run(&cut).map_err(|error| self.failed(first_line(&error)))?);
        }
        if !vectors.iter().flatten().all(|number| number.is_finite()) {
            let reason = "what it computes are no numbers: model.safetensors is damaged or of another model";
            return Err(self.failed(reason.to_owned()));
        }
        Ok(vectors)
    }

    fn run(&self, sentences: &[&str]) -> candle_core::Result<Vec<Vec<f32>>> {
        let encodings = self.tokenizer.encode_batch(sentences.to_vec(), true);
        let encodings = encodings.map_err(|error| candle_core::Error::Msg(error.to_string()))?;
        let ids: Vec<&[u32]> = encodings.iter().map(tokenizers::Encoding::get_ids).collect();
        let masks: Vec<&[u32]> = encodings.iter().map(tokenizers::Encoding::get_attention_mask).collect();
        let ids = stacked(&ids)?;
        let mask = stacked(&masks)?;
        let states = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        // The mean of the tokens that are there.
        let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        let sums = states.broadcast_mul(&mask)?.sum(1)?;
        let means = sums.broadcast_div(&mask.sum(1)?)?;
        let lengths = means.sqr()?.sum_keepdim(1)?.sqrt()?;
        let unit = means.broadcast_div(&lengths)?;
        (0..sentences.len()).map(|row| unit.i(row)?.to_vec1()).collect()
    }
}

fn stacked(rows: &[&[u32]]) -> candle_core::Result<Tensor> {
    let rows: candle_core::Result<Vec<Tensor>> =
        rows.iter().map(|row| Tensor::new(*row, &Device::Cpu)).collect();
    Tensor::stack(&rows?, 0)
}

/// What the library would divide by, or walk through, without looking.
fn check(config: &Config) -> Result<(), String> {
    let Config { hidden_size, num_attention_heads, num_hidden_layers, .. } = *config;
    if hidden_size == 0 || num_attention_heads == 0 || hidden_size % num_attention_heads != 0 {
        return Err(format!("hidden_size {hidden_size} is not a multiple of {num_attention_heads} heads"));
    }
    if num_hidden_layers == 0 || num_hidden_layers > LAYERS_MAX {
        return Err(format!("num_hidden_layers is {num_hidden_layers}, 1 to {LAYERS_MAX} are allowed"));
    }
    Ok(())
}

/// The library puts a trace of its calls below what it says.
fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Texts are cut where the model was trained to, and never beyond the `positions` that it has.
fn tokenizer(bytes: &[u8]) -> tokenizers::Result<Tokenizer> {
    let mut tokenizer = Tokenizer::from_bytes(bytes)?;
    tokenizer.with_padding(Some(PaddingParams::default()));
    Ok(tokenizer)
}

/// Of a model that reads so many tokens at once.
fn truncating(mut tokenizer: Tokenizer, positions: usize) -> tokenizers::Result<Tokenizer> {
    // Tokens that stand around every text; the library subtracts them without looking.
    let around = tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(false));
    if positions <= around {
        return Err(format!("{positions} are none for a text, {around} tokens stand around each").into());
    }
    let max_length = TOKENS_MAX.min(positions);
    let truncation = TruncationParams { max_length, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(truncation))?;
    Ok(tokenizer)
}

impl Embedder for MiniLm {
    fn space(&self) -> &Space {
        &self.space
    }

    fn subjects(&self, subjects: &[Subject]) -> Result<Vec<Vector>, VectorError> {
        let texts: Vec<&str> = subjects.iter().map(Subject::text).collect();
        self.sentences(&texts)?.into_iter().map(|numbers| to_vector(&numbers)).collect()
    }

    fn text(&self, text: &str) -> Result<Vector, VectorError> {
        if !text.contains(char::is_alphanumeric) {
            return Err(VectorError::EmptyText);
        }
        self.sentences(&[text])?.first().map_or(Err(VectorError::EmptyText), |numbers| to_vector(numbers))
    }
}

fn to_vector(numbers: &[f32]) -> Result<Vector, VectorError> {
    let numbers: Vec<f64> = numbers.iter().copied().map(f64::from).collect();
    Vector::towards(&numbers).ok_or(VectorError::EmptyText)
}
