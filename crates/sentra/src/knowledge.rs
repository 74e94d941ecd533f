//! `enrich.toml` of a data directory: where identities, assets, networks, places and indicators are read from.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use sentra_factory::{Knowledge, KnowledgeHandle, KnowledgeProblem, KnowledgeSources, SourceContent};
use sentra_model::{Clock, Timestamp};

/// Law LIMIT: bytes of one source, unpacked.
const SOURCE_BYTES_MAX: u64 = 2 << 30;

/// Reads what `DATA/enrich.toml` names; nothing is known where there is no such file. Paths are relative to it.
pub(crate) fn read(data: &Path, clock: &dyn Clock) -> anyhow::Result<(Knowledge, Vec<KnowledgeProblem>)> {
    let path = data.join("enrich.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok((Knowledge::default(), Vec::new()));
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let sources: KnowledgeSources =
        toml::from_str(&text).with_context(|| format!("{} is not understood", path.display()))?;
    Ok(Knowledge::read(sources, clock.now(), |name| content(&data.join(name))))
}

/// A handle to what is known, and its problems told to the log.
pub(crate) fn open(data: &Path, clock: &dyn Clock) -> anyhow::Result<KnowledgeHandle> {
    let (knowledge, problems) = read(data, clock)?;
    tell(&problems);
    Ok(KnowledgeHandle::new(knowledge))
}

/// Tells what was wrong with sources.
pub(crate) fn tell(problems: &[KnowledgeProblem]) {
    for problem in problems {
        tracing::warn!(
            source = problem.source,
            line = problem.line,
            what = problem.what,
            "a source of enrichment"
        );
    }
}

fn content(path: &Path) -> Result<SourceContent, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let changed = file.metadata().and_then(|data| data.modified()).ok();
    let as_of = changed.and_then(|time| {
        let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(Timestamp::from_micros(i64::try_from(since.as_micros()).ok()?))
    });
    let name = path.to_string_lossy();
    let reader: Box<dyn Read> = match () {
        () if name.ends_with(".gz") => Box::new(flate2::read::MultiGzDecoder::new(file)),
        () if name.ends_with(".zst") => {
            Box::new(zstd::stream::read::Decoder::new(file).map_err(|error| error.to_string())?)
        }
        () => Box::new(file),
    };
    let mut bytes = Vec::new();
    reader.take(SOURCE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > SOURCE_BYTES_MAX {
        return Err(format!("longer than {SOURCE_BYTES_MAX} bytes"));
    }
    Ok(SourceContent { bytes, as_of })
}
