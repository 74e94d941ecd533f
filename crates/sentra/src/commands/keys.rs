//! `sentra keys`

use std::path::Path;

use anyhow::{Context, bail};
use sentra_server::{create_key, load_keys, revoke_key};

use crate::cli::{KeysCreateArguments, KeysListArguments, KeysRevokeArguments, Place};
use crate::commands::access::running_server;
use crate::output;

pub(crate) fn create(arguments: &KeysCreateArguments) -> anyhow::Result<()> {
    let place = &arguments.place;
    let directory = directory(place)?;
    let key = create_key(directory, &arguments.name, &place.tenant, arguments.format.clone())?;
    output::line(&key)?;
    output::remark("this is the only time the key is shown");
    tell_server(place)
}

pub(crate) fn list(arguments: &KeysListArguments) -> anyhow::Result<()> {
    for key in load_keys(directory(&arguments.place)?)? {
        let format = key.format.as_deref().unwrap_or("-");
        output::line(&format!("{}\t{}\t{format}", key.name, key.tenant))?;
    }
    Ok(())
}

pub(crate) fn revoke(arguments: &KeysRevokeArguments) -> anyhow::Result<()> {
    let place = &arguments.place;
    if !revoke_key(directory(place)?, &arguments.name)? {
        bail!("there is no key called {:?}; `sentra keys list` names them", arguments.name);
    }
    tell_server(place)
}

/// Keys live in the data directory, so that making one needs no server.
fn directory(place: &Place) -> anyhow::Result<&Path> {
    if place.server.is_some() {
        bail!("keys are made on the machine with the data directory; use --data");
    }
    let known = std::fs::metadata(&place.data);
    known.with_context(|| format!("there is no data directory {}", place.data.display()))?;
    Ok(&place.data)
}

/// A server on the directory takes the change at once.
fn tell_server(place: &Place) -> anyhow::Result<()> {
    match running_server(place)? {
        Some(client) => client.reload().map(|_| ()),
        None => Ok(()),
    }
}
