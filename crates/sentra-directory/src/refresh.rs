//! Reads a directory and keeps what it answered.

use std::io::{self, Read as _, Write as _};
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sentra_enrich::DirectorySource;

use crate::error::DirectoryError;
use crate::fetch::{Question, ask};
use crate::ldif::ldif_of;

/// Law LIMIT: bytes of a file that holds a password.
pub const SECRET_BYTES_MAX: u64 = 4 << 10;

/// What a reading brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refreshed {
    /// How many entries the directory gave.
    pub entries: usize,
    /// Whether they differ from those of the reading before: then knowledge is to be read anew.
    pub is_new: bool,
}

/// Reads the directory `source` and replaces its copy below the data directory `data`, at once and as a whole; files that the
/// source names are relative to `data`. An error leaves the copy as it was: what the directory said last still counts,
/// with the day on which it did.
///
/// # Errors
/// [`DirectoryError`].
pub async fn refresh(source: &DirectorySource, data: &Path) -> Result<Refreshed, DirectoryError> {
    let password = password(source, data)?;
    let bind = source.bind_dn.as_deref().zip(password.as_deref().map(str::as_bytes));
    let question = Question {
        url: &source.url,
        roots: roots(&data.join(&source.ca_file))?,
        bind,
        base: &source.base,
        filter: &source.filter,
        attributes: source.attributes.iter().map(String::as_str).collect(),
    };
    let found = ask(&question).await?;
    let entries = found.len();
    let path = data.join(source.copy_path());
    let copy = |source| DirectoryError::Copy { path: path.display().to_string(), source };
    let place = path.clone();
    // A large copy takes its time: others go on meanwhile.
    let kept = tokio::task::spawn_blocking(move || keep(&place, ldif_of(&found).as_bytes())).await;
    let is_new = kept.map_err(|error| copy(io::Error::other(error)))?.map_err(copy)?;
    tracing::info!(directory = source.url, entries, is_new, "a directory was read");
    Ok(Refreshed { entries, is_new })
}

/// The password, where the source binds as somebody. An empty one is refused: directories take it for nobody at all.
fn password(source: &DirectorySource, data: &Path) -> Result<Option<String>, DirectoryError> {
    let Some(_) = &source.bind_dn else { return Ok(None) };
    let wrong = |place: &str, detail: String| DirectoryError::Setting {
        what: "password of a directory",
        place: place.to_owned(),
        detail,
    };
    let (place, found) = match (&source.password_file, &source.password_env) {
        (Some(file), _) => {
            let path = data.join(file);
            let mut text = String::new();
            let read = std::fs::File::open(&path)
                .and_then(|file| file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text));
            read.map_err(|error| wrong(&path.display().to_string(), error.to_string()))?;
            if text.len() as u64 > SECRET_BYTES_MAX {
                return Err(wrong(
                    &path.display().to_string(),
                    format!("longer than {SECRET_BYTES_MAX} bytes"),
                ));
            }
            (path.display().to_string(), text)
        }
        (None, Some(name)) => {
            (name.clone(), std::env::var(name).map_err(|error| wrong(name, error.to_string()))?)
        }
        (None, None) => {
            return Err(wrong("nowhere", "bind_dn needs password_file or password_env".to_owned()));
        }
    };
    let found = found.trim_end_matches(['\r', '\n']);
    if found.is_empty() {
        return Err(wrong(&place, "is empty".to_owned()));
    }
    Ok(Some(found.to_owned()))
}

fn roots(path: &Path) -> Result<RootCertStore, DirectoryError> {
    let wrong = |detail: String| DirectoryError::Setting {
        what: "certificates of an authority",
        place: path.display().to_string(),
        detail,
    };
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut roots = RootCertStore::empty();
    for certificate in found.map_err(|error| wrong(error.to_string()))? {
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("holds no certificate".to_owned())) } else { Ok(roots) }
}

/// Replaces the file at once, readable by its owner alone; whether it says anything new. Its time is that of this reading
/// in any case: what it says was true then.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    std::fs::create_dir_all(directory)?;
    let is_new = match std::fs::read(path) {
        Ok(before) => before != bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(error),
    };
    let mut file = tempfile::Builder::new().prefix(".copy-").tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    std::fs::File::open(directory)?.sync_all()?;
    Ok(is_new)
}
