use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::secret::Secret;
use crate::ServerError;

/// Name of the file with the token, in the data directory.
pub const TOKEN_FILE: &str = "admin.token";
/// Longest token file: the token and a line end, with room for an editor's habits.
const TOKEN_FILE_BYTES_MAX: u64 = 128;
/// Permission bits that nobody but the owner may have.
const OTHERS: u32 = 0o077;

/// The token of the data directory as text, for the command line.
///
/// # Errors
/// When there is none, it cannot be read, or others may read it.
pub fn read_admin_token(directory: &Path) -> Result<String, ServerError> {
    read(&directory.join(TOKEN_FILE)).map(|secret| secret.text())
}

/// The token of the data directory; a new one is made when there is none yet.
pub(crate) fn load_or_create(directory: &Path) -> Result<Secret, ServerError> {
    let path = directory.join(TOKEN_FILE);
    match read(&path) {
        Err(ServerError::TokenFile { source, .. }) if source.kind() == ErrorKind::NotFound => {
            create(directory, &path)
        }
        other => other,
    }
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ServerError {
    let path = path.to_owned();
    move |source| ServerError::TokenFile { operation, path, source }
}

fn no_follow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

fn read(path: &Path) -> Result<Secret, ServerError> {
    let file =
        OpenOptions::new().read(true).custom_flags(no_follow()).open(path).map_err(failed("open", path))?;
    let metadata = file.metadata().map_err(failed("read", path))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(ServerError::TokenReadable { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(TOKEN_FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed("read", path))?;
    Secret::parse(text.trim()).ok_or_else(|| ServerError::TokenInvalid { path: path.to_owned() })
}

/// Written beside its place and then linked into it: a crash leaves no half token, and of two that start
/// at the same time one makes the token and the other reads it.
fn create(directory: &Path, path: &Path) -> Result<Secret, ServerError> {
    let secret = Secret::random()?;
    let draft = draft_path(directory)?;
    let written = write_draft(&draft, &secret).and_then(|()| std::fs::hard_link(&draft, path));
    let _ = std::fs::remove_file(&draft);
    match written {
        Ok(()) => {
            let synced = File::open(directory).and_then(|directory| directory.sync_all());
            synced.map_err(failed("sync", directory))?;
            Ok(secret)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(failed("write", path)(error)),
    }
}

fn draft_path(directory: &Path) -> Result<PathBuf, ServerError> {
    let random = Secret::random()?.text();
    Ok(directory.join(format!(".{TOKEN_FILE}.{}", random.get(..16).unwrap_or_default())))
}

fn write_draft(path: &Path, secret: &Secret) -> std::io::Result<()> {
    // `create_new` is O_EXCL: nobody can have put a file or a link there.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{}", secret.text())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_made_once_and_readable_by_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let made = load_or_create(directory.path()).unwrap();
        assert!(load_or_create(directory.path()).unwrap().matches(&made));
        assert_eq!(read_admin_token(directory.path()).unwrap(), made.text());
        let mode = std::fs::metadata(directory.path().join("admin.token")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let files = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(files, 1, "the draft is gone");
    }

    #[test]
    fn a_token_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        load_or_create(directory.path()).unwrap();
        let path = directory.path().join("admin.token");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load_or_create(directory.path()), Err(ServerError::TokenReadable { .. })));
    }

    #[test]
    fn a_link_and_a_damaged_token_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("admin.token");
        let elsewhere = directory.path().join("elsewhere");
        std::fs::write(&elsewhere, Secret::random().unwrap().text()).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(matches!(load_or_create(directory.path()), Err(ServerError::TokenFile { .. })));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(load_or_create(directory.path()), Err(ServerError::TokenInvalid { .. })));
    }
}
