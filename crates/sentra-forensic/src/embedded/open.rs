//! Opening the index of a tenant. One that is damaged is set aside, named, and begun anew: its position is 0 then, so
//! that the caller fills it again (law SOURCE).

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sentra_model::TenantId;
use tantivy::directory::error::{OpenDirectoryError, OpenReadError};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, IndexReader, ReloadPolicy, TantivyError};

use super::Settings;
use super::schema::{HasTokenizer, TOKENIZER, schema};
use super::tenant::{State, Tenant};
use crate::error::ForensicError;
use crate::index::SetAside;
use crate::ledger::{FORMAT_VERSION, Ledger};

/// The file without which there is no index.
const META: &str = "meta.json";

/// Damaged indexes that are kept for who wants to look at them; the oldest goes before another comes.
const SET_ASIDE_MAX: u32 = 2;

/// Why an index is not used as it is.
enum Unusable {
    Damaged(String),
    Failed(ForensicError),
}

pub(super) fn is_there(directory: &Path) -> Result<bool, ForensicError> {
    directory.try_exists().map_err(ForensicError::io("look for", directory))
}

/// Opens the index in `directory`, which is made when it is missing.
pub(super) fn open(
    directory: &Path,
    tenant: &TenantId,
    settings: &Arc<Settings>,
) -> Result<Tenant, ForensicError> {
    let failed = |source| engine("open the forensic index", tenant, source);
    let mut aside = None;
    if has_files(directory)? {
        match read(directory, tenant, settings) {
            Ok((index, reader, ledger)) => {
                return assembled(directory, tenant, settings, (index, reader, ledger, None));
            }
            Err(Unusable::Failed(error)) => return Err(error),
            Err(Unusable::Damaged(reason)) => {
                let path = set_aside(directory)?;
                tracing::warn!(
                    %tenant, reason, path = %path.display(),
                    "the forensic index is damaged: it was set aside and is filled again"
                );
                aside = Some(SetAside { reason, path });
            }
        }
    }
    fs::create_dir_all(directory).map_err(ForensicError::io("make", directory))?;
    let (schema, _) = schema();
    let index = Index::create_in_dir(directory, schema).map_err(failed)?;
    index.tokenizers().register(TOKENIZER, TextAnalyzer::builder(HasTokenizer::default()).build());
    let reader = reader(&index).map_err(failed)?;
    assembled(directory, tenant, settings, (index, reader, Ledger::default(), aside))
}

fn assembled(
    directory: &Path,
    tenant: &TenantId,
    settings: &Arc<Settings>,
    (index, reader, ledger, set_aside): (Index, IndexReader, Ledger, Option<SetAside>),
) -> Result<Tenant, ForensicError> {
    let state = State {
        writer: None,
        committed: ledger.clone(),
        ledger,
        pending: HashMap::new(),
        pending_bytes: 0,
        bytes: 0,
        is_changed: false,
        merging: None,
    };
    let tenant = Tenant {
        name: tenant.to_string(),
        directory: directory.to_owned(),
        index,
        columns: schema().1,
        reader,
        settings: Arc::clone(settings),
        set_aside,
        state: Mutex::new(state),
    };
    let bytes = tenant.measure()?;
    if let Ok(mut state) = tenant.state.lock() {
        state.bytes = bytes;
    }
    Ok(tenant)
}

/// Whether there is more than a directory that was made and not used.
fn has_files(directory: &Path) -> Result<bool, ForensicError> {
    let failed = || ForensicError::io("read", directory);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed()(error)),
    };
    for entry in entries {
        // Tantivy's own notes, which are there before an index is.
        if !entry.map_err(failed())?.file_name().to_string_lossy().starts_with('.') {
            return Ok(true);
        }
    }
    Ok(false)
}

fn read(
    directory: &Path,
    tenant: &TenantId,
    settings: &Settings,
) -> Result<(Index, IndexReader, Ledger), Unusable> {
    let unusable = |source| unusable(tenant, source);
    let is_there = directory.join(META).try_exists();
    if !is_there.map_err(|error| Unusable::Failed(ForensicError::io("look for", directory)(error)))? {
        return Err(Unusable::Damaged(format!("{META} is missing")));
    }
    let index = Index::open_in_dir(directory).map_err(unusable)?;
    let metas = index.load_metas().map_err(unusable)?;
    let ledger = match &metas.payload {
        Some(payload) => ledger(payload, directory)?,
        // Made, and never committed.
        None => Ledger::default(),
    };
    if index.schema() != schema().0 {
        return Err(Unusable::Damaged("it has the shape of another version".into()));
    }
    let mut bytes = 0;
    for file in metas.list_segment_files() {
        bytes += fs::metadata(directory.join(file)).map_or(0, |metadata| metadata.len());
    }
    if bytes <= settings.options.checked_at_open_bytes_max
        && let Some(file) = index.validate_checksum().map_err(unusable)?.iter().min()
    {
        return Err(Unusable::Damaged(format!("{} has another checksum", file.display())));
    }
    index.tokenizers().register(TOKENIZER, TextAnalyzer::builder(HasTokenizer::default()).build());
    let reader = reader(&index).map_err(unusable)?;
    Ok((index, reader, ledger))
}

fn ledger(payload: &str, directory: &Path) -> Result<Ledger, Unusable> {
    #[derive(serde::Deserialize)]
    struct Version {
        version: u32,
    }
    let unreadable = |error| Unusable::Damaged(format!("its position cannot be read: {error}"));
    let Version { version } = serde_json::from_str(payload).map_err(unreadable)?;
    if version > FORMAT_VERSION {
        let path = directory.to_owned();
        return Err(Unusable::Failed(ForensicError::Newer { path, found: version, known: FORMAT_VERSION }));
    }
    if version < FORMAT_VERSION {
        return Err(Unusable::Damaged(format!("it has the older version {version}")));
    }
    serde_json::from_str(payload).map_err(unreadable)
}

fn reader(index: &Index) -> Result<IndexReader, TantivyError> {
    // Commits say when there is something new; a thread that watches the directory is not needed.
    index.reader_builder().reload_policy(ReloadPolicy::Manual).doc_store_cache_num_blocks(1).try_into()
}

/// Whether an error means that what is stored is damaged, or only that it cannot be read now.
fn unusable(tenant: &TenantId, source: TantivyError) -> Unusable {
    let is_damage = match &source {
        TantivyError::DataCorruption(_)
        | TantivyError::IncompatibleIndex(_)
        | TantivyError::SchemaError(_)
        | TantivyError::InvalidArgument(_)
        | TantivyError::FieldNotFound(_)
        | TantivyError::InternalError(_)
        | TantivyError::DeserializeError(_)
        | TantivyError::OpenReadError(
            OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_),
        ) => true,
        TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error, .. })
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. })
        | TantivyError::IoError(io_error) => {
            matches!(
                io_error.kind(),
                ErrorKind::InvalidData
                    | ErrorKind::UnexpectedEof
                    | ErrorKind::InvalidInput
                    | ErrorKind::Other
            )
        }
        _ => false,
    };
    if is_damage {
        Unusable::Damaged(source.to_string())
    } else {
        Unusable::Failed(engine("open the forensic index", tenant, source))
    }
}

fn engine(operation: &'static str, tenant: &TenantId, source: TantivyError) -> ForensicError {
    ForensicError::Engine { operation, tenant: tenant.to_string(), source }
}

/// Renames `directory` to the next free name; no tenant's name has a dot.
fn set_aside(directory: &Path) -> Result<PathBuf, ForensicError> {
    let failed = |path: &Path| ForensicError::io("set aside", path.to_owned());
    let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let place = |number: u32| directory.with_file_name(format!("{name}.damaged-{number}"));
    // The newest has the number 1.
    let last = place(SET_ASIDE_MAX);
    match fs::remove_dir_all(&last) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&last)(error)),
        _ => {}
    }
    for number in (1..SET_ASIDE_MAX).rev() {
        let (from, to) = (place(number), place(number + 1));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&from)(error)),
            _ => {}
        }
    }
    let path = place(1);
    fs::rename(directory, &path).map_err(failed(directory))?;
    Ok(path)
}
