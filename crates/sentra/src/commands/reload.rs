//! `sentra reload`

use anyhow::bail;

use crate::cli::ReloadArguments;
use crate::commands::access::running_server;
use crate::output;

pub(crate) fn run(arguments: &ReloadArguments) -> anyhow::Result<()> {
    let Some(client) = running_server(&arguments.place)? else {
        bail!("no server holds {}: there is nothing to reload", arguments.place.data.display());
    };
    let answer = client.reload()?;
    let has_changed = !answer.opened.is_empty() || !answer.closed.is_empty();
    if !has_changed {
        output::remark("settings, rules, formats and enrichment were read again; no listener changed");
    }
    for (what, names) in [("opened", &answer.opened), ("closed", &answer.closed), ("unchanged", &answer.kept)]
    {
        if !names.is_empty() {
            output::line(&format!("{what}: {}", names.join(", ")))?;
        }
    }
    if !answer.restart_needed.is_empty() {
        output::remark(&format!("after a restart: {}", answer.restart_needed.join(", ")));
    }
    answer.problems.iter().for_each(|problem| output::remark(problem));
    Ok(())
}
