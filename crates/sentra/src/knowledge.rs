//! `enrich.toml` of a data directory: where identities, assets, networks, places and indicators are read from.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use sentra_enrich::PlaceSource;
use sentra_factory::{Knowledge, KnowledgeHandle, KnowledgeProblem, KnowledgeSources, SourceContent};
use sentra_model::{Clock, Timestamp};

/// Law LIMIT: bytes of one source, unpacked.
const SOURCE_BYTES_MAX: u64 = 2 << 30;

/// What `DATA/enrich.toml` names, and the databases in `DATA/geo` where it names no places. Paths are relative to it.
pub(crate) fn sources(data: &Path) -> anyhow::Result<KnowledgeSources> {
    let path = data.join("enrich.toml");
    let mut sources = match std::fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text).with_context(|| format!("{} is not understood", path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => KnowledgeSources::default(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if sources.enrich.places.is_empty() {
        sources.enrich.places = installed_places(data)?;
    }
    Ok(sources)
}

/// Reads everything that [`sources`] name.
pub(crate) fn read(data: &Path, clock: &dyn Clock) -> anyhow::Result<(Knowledge, Vec<KnowledgeProblem>)> {
    Ok(Knowledge::read(sources(data)?, clock.now(), |name| content(&data.join(name))))
}

/// The databases in `DATA/geo`, in the order of their names.
fn installed_places(data: &Path) -> anyhow::Result<Vec<PlaceSource>> {
    let directory = data.join("geo");
    let entries = match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read {}", directory.display()))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.with_context(|| format!("cannot read {}", directory.display()))?.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".mmdb") && !name.starts_with('.') {
            names.push(format!("geo/{name}"));
        }
    }
    names.sort_unstable();
    Ok(names.into_iter().map(|path| PlaceSource { path, name: None }).collect())
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

#[cfg(test)]
mod tests {
    use sentra_model::SystemClock;

    use super::*;

    #[test]
    fn databases_that_stand_in_geo_are_used_where_no_places_are_named() {
        let data = tempfile::tempdir().unwrap();
        let problems = || {
            let (_, problems) = read(data.path(), &SystemClock).unwrap();
            problems.into_iter().map(|problem| problem.source).collect::<Vec<_>>()
        };
        assert!(problems().is_empty(), "neither enrich.toml nor geo");
        std::fs::create_dir(data.path().join("geo")).unwrap();
        for name in ["b.mmdb", "a.mmdb", ".c.mmdb", "NOTICE"] {
            std::fs::write(data.path().join("geo").join(name), "no database").unwrap();
        }
        assert_eq!(problems(), ["places:a.mmdb", "places:b.mmdb"], "each is read, and told to be none");
        std::fs::write(data.path().join("enrich.toml"), "[[enrich.places]]\npath = \"mine.mmdb\"\n").unwrap();
        assert_eq!(problems(), ["mine.mmdb"], "who names places has those alone");
    }
}
