use std::path::{Path, PathBuf};

use candle_core::{DType, Device, IndexOp, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use tokenizers::{PaddingParams, Tokenizer, TruncationParams};

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
    /// Reads the model in `directory`.
    ///
    /// # Errors
    ///
    /// Files that are not there or not such a model.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, VectorError> {
        let directory = directory.into();
        let failed = |reason: String| VectorError::Model { path: directory.clone(), reason };
        let (config, tokens) = (read(&directory, "config.json")?, read(&directory, "tokenizer.json")?);
        let weights = read(&directory, "model.safetensors")?;
        let config: Config =
            serde_json::from_slice(&config).map_err(|error| failed(format!("config.json: {error}")))?;
        let dimensions = u16::try_from(config.hidden_size)
            .map_err(|_| failed(format!("config.json: hidden_size {} is too large", config.hidden_size)))?;
        let digest = blake3::Hasher::new().update(&tokens).update(&weights).finalize().to_hex();
        let digest = digest.get(..12).unwrap_or_default();
        let tokenizer = tokenizer(&tokens).map_err(|error| failed(format!("tokenizer.json: {error}")))?;
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu);
        let model = weights.and_then(|weights| BertModel::load(weights, &config));
        let model = model.map_err(|error| failed(format!("model.safetensors: {error}")))?;
        let space = Space::known(format!("minilm-{POOLING_VERSION}-{digest}"), dimensions);
        Ok(Self { directory, space, model, tokenizer })
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
            vectors.extend(self.run(&cut).map_err(|error| VectorError::Model {
                path: self.directory.clone(),
                reason: error.to_string(),
            })?);
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

fn tokenizer(bytes: &[u8]) -> tokenizers::Result<Tokenizer> {
    let mut tokenizer = Tokenizer::from_bytes(bytes)?;
    let truncation = TruncationParams { max_length: TOKENS_MAX, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(truncation))?;
    tokenizer.with_padding(Some(PaddingParams::default()));
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
