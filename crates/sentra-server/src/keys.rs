//! API keys of senders that were made by the command line: `keys.toml` in the data directory. It holds digests,
//! never keys.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use sentra_intake::KeySettings;
use sentra_model::TenantId;

use crate::{Config, ServerError};

/// Name of the file in the data directory.
pub const KEYS_FILE: &str = "keys.toml";
/// Random bytes of a key.
const KEY_BYTES: usize = 32;
/// Longest name of a key.
const NAME_BYTES_MAX: usize = 128;

/// Makes a key for senders of `tenant` and adds its digest to the data directory. The key is returned once
/// and is nowhere else.
///
/// # Errors
/// When there is a key of that name, or the file cannot be read or written.
pub fn create_key(
    directory: &Path,
    name: &str,
    tenant: &TenantId,
    format: Option<String>,
) -> Result<String, ServerError> {
    let mut keys = load_keys(directory)?;
    let is_name = !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.contains(['"', '\\', '\n', '\r']);
    if !is_name || keys.iter().any(|key| key.name == name) {
        return Err(ServerError::KeyName { name: name.chars().take(NAME_BYTES_MAX).collect() });
    }
    let mut bytes = [0_u8; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(ServerError::Random)?;
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let blake3 = blake3::hash(key.as_bytes()).to_hex().to_string();
    keys.push(KeySettings { name: name.to_owned(), blake3, tenant: tenant.clone(), format });
    save(directory, &keys)?;
    Ok(key)
}

/// Removes the key called `name`; false when there is none.
///
/// # Errors
/// When the file cannot be read or written.
pub fn revoke_key(directory: &Path, name: &str) -> Result<bool, ServerError> {
    let mut keys = load_keys(directory)?;
    let before = keys.len();
    keys.retain(|key| key.name != name);
    if keys.len() == before {
        return Ok(false);
    }
    save(directory, &keys).map(|()| true)
}

/// The keys of the data directory.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn load_keys(directory: &Path) -> Result<Vec<KeySettings>, ServerError> {
    let path = directory.join(KEYS_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(ServerError::KeysFile { path, source }),
    };
    let mut config = Config::default();
    config.apply_toml(&path.display().to_string(), &text)?;
    Ok(config.doors.keys)
}

/// Written beside its place and renamed, so that a crash leaves the old or the new keys.
fn save(directory: &Path, keys: &[KeySettings]) -> Result<(), ServerError> {
    let path = directory.join(KEYS_FILE);
    let failed = |source| ServerError::KeysFile { path: path.clone(), source };
    let mut draft = tempfile_beside(directory).map_err(failed)?;
    draft.1.write_all(text_of(keys).as_bytes()).and_then(|()| draft.1.sync_all()).map_err(failed)?;
    std::fs::rename(&draft.0, &path).map_err(failed)
}

fn tempfile_beside(directory: &Path) -> std::io::Result<(PathBuf, std::fs::File)> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = directory.join("keys.toml.draft");
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    Ok((path, file))
}

fn text_of(keys: &[KeySettings]) -> String {
    let mut text = String::from("# Digests of senders' API keys, written by `sentra keys`.\n");
    for key in keys {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        text.push_str(&format!(
            "\n[[keys]]\nname = {}\nblake3 = {}\ntenant = {}\n",
            quoted(&key.name),
            quoted(&key.blake3),
            quoted(key.tenant.as_str())
        ));
        if let Some(format) = &key.format {
            text.push_str(&format!("format = {}\n", quoted(format)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_known_and_revoked() {
        let directory = tempfile::tempdir().unwrap();
        let tenant: TenantId = "bank-a".parse().unwrap();
        let key =
            create_key(directory.path(), "shipper \u{1f4e6}", &tenant, Some("nginx".to_owned())).unwrap();
        assert!(create_key(directory.path(), "shipper \u{1f4e6}", &tenant, None).is_err());
        let text = std::fs::read_to_string(directory.path().join(KEYS_FILE)).unwrap();
        assert!(!text.contains(&key), "the key itself is on disk");
        let keys = load_keys(directory.path()).unwrap();
        assert_eq!(keys[0].blake3, blake3::hash(key.as_bytes()).to_hex().to_string());
        assert_eq!((keys[0].tenant.as_str(), keys[0].format.as_deref()), ("bank-a", Some("nginx")));
        assert!(revoke_key(directory.path(), "shipper \u{1f4e6}").unwrap());
        assert!(!revoke_key(directory.path(), "shipper \u{1f4e6}").unwrap());
        assert!(load_keys(directory.path()).unwrap().is_empty());
    }
}
