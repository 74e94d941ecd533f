//! `sentra login-link`

use anyhow::bail;

use crate::cli::LoginLinkArguments;
use crate::commands::access::Access;
use crate::output;

pub(crate) fn run(arguments: &LoginLinkArguments) -> anyhow::Result<()> {
    match Access::open(&arguments.place, false)? {
        Access::Server(client) => output::line(&client.login_link()?.url),
        Access::Embedded { .. } => {
            bail!("no server holds {}: start one with `sentra serve`", arguments.place.data.display())
        }
    }
}
