//! `sentra marts`

mod rollups;

use sentra_factory::MartError;
use sentra_model::{MartDefinition, MartState};
use sentra_server::api::types::{MartBody, MartChangeBody, MartDetail, MartItem, MartRemoved, MartsAnswer};

use crate::cli::{
    MartsAlterArguments, MartsCommand, MartsCreateArguments, MartsListArguments, MartsRemoveArguments,
    MartsShowArguments,
};
use crate::client::percent_encoded;
use crate::commands::access::Access;
use crate::output;
use crate::progress::counted;

/// Who changes something where nobody is named.
const SOMEBODY: &str = "administrator";

pub(crate) fn run(command: &MartsCommand) -> anyhow::Result<()> {
    match command {
        MartsCommand::List(arguments) => list(arguments),
        MartsCommand::Show(arguments) => show(arguments),
        MartsCommand::Create(arguments) => create(arguments),
        MartsCommand::Alter(arguments) => alter(arguments),
        MartsCommand::Remove(arguments) => remove(arguments),
        MartsCommand::Rollup(command) => rollups::run(command),
    }
}

fn list(arguments: &MartsListArguments) -> anyhow::Result<()> {
    let answer: MartsAnswer = match Access::open(&arguments.place, false)? {
        Access::Server(client) => client.get("/api/v1/marts")?,
        Access::Embedded { runtime, engines, scope } => runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let marts = engines.mart_desk.list(&scope).await?;
            anyhow::Ok(MartsAnswer { marts: marts.into_iter().map(Into::into).collect() })
        })?,
    };
    if arguments.json {
        return output::json(&answer);
    }
    let rows: Vec<Vec<String>> = answer.marts.iter().map(row).collect();
    output::table(&["mart", "state", "events", "bytes", "kept", "filter"], &rows)
}

fn row(item: &MartItem) -> Vec<String> {
    let MartItem { summary, definition, .. } = item;
    let events = summary.rows + summary.memory_rows;
    vec![
        summary.mart.to_string(),
        definition.as_ref().map_or("default", |definition| state(definition)).to_owned(),
        events.to_string(),
        summary.bytes.to_string(),
        kept(definition.as_ref()),
        definition.as_ref().map(|definition| definition.filter.clone()).unwrap_or_default(),
    ]
}

fn state(definition: &MartDefinition) -> &'static str {
    match definition.state {
        MartState::Active => "active",
        MartState::Removed => "removed",
        MartState::Purged => "purged",
    }
}

fn kept(definition: Option<&MartDefinition>) -> String {
    let days = definition.and_then(|definition| definition.retention_days);
    days.map(|days| format!("{days}d")).unwrap_or_default()
}

fn show(arguments: &MartsShowArguments) -> anyhow::Result<()> {
    let detail: MartDetail = match Access::open(&arguments.place, false)? {
        Access::Server(client) => {
            client.get(&format!("/api/v1/marts/{}", percent_encoded(&arguments.name)))?
        }
        Access::Embedded { runtime, engines, scope } => runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let desk = &engines.mart_desk;
            let (view, history) = desk.show(&scope, &arguments.name).await.map_err(usage)?;
            anyhow::Ok(MartDetail::new(view, history, desk.epochs(&scope).await?))
        })?,
    };
    if arguments.json {
        return output::json(&detail);
    }
    output::table(&["mart", "state", "events", "bytes", "kept", "filter"], &[row(&detail.item)])?;
    if let Some(definition) = &detail.item.definition {
        if !definition.description.is_empty() {
            output::line(&output::visible(&definition.description))?;
        }
        for column in &definition.columns {
            let kind = serde_json::to_value(column.kind)?;
            let kind = kind.as_str().unwrap_or_default();
            output::line(&format!("  {:<32} {kind}", output::visible(&column.name)))?;
        }
    }
    if detail.history.is_empty() {
        return Ok(());
    }
    output::line("")?;
    let version = |version: &MartDefinition| {
        vec![
            version.version.to_string(),
            version.time.to_string(),
            version.changed_by.clone(),
            state(version).to_owned(),
            kept(Some(version)),
            version.filter.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = detail.history.iter().map(version).collect();
    output::table(&["version", "time", "by", "state", "kept", "filter"], &rows)
}

fn create(arguments: &MartsCreateArguments) -> anyhow::Result<()> {
    let body = MartBody {
        name: arguments.name.clone(),
        description: arguments.description.clone(),
        filter: arguments.filter.clone(),
        columns: arguments.columns.clone(),
        retention_days: arguments.retention_days,
        by: arguments.by.clone(),
    };
    let detail: MartDetail = match Access::open(&arguments.place, true)? {
        Access::Server(client) => client.send("POST", "/api/v1/marts", &serde_json::to_vec(&body)?)?,
        Access::Embedded { runtime, engines, scope } => runtime.block_on(async {
            // What stands in the backbone came before the mart.
            engines.catch_up(|_| {}).await?;
            let by = body.by.clone().unwrap_or_else(|| SOMEBODY.to_owned());
            let desk = &engines.mart_desk;
            desk.create(&scope, &arguments.name, body.into(), &by).await.map_err(usage)?;
            let (view, history) = desk.show(&scope, &arguments.name).await?;
            anyhow::Ok(MartDetail::new(view, history, desk.epochs(&scope).await?))
        })?,
    };
    output::remark(&format!(
        "{} takes events from now on: sentra query '{} | take 5'",
        arguments.name, arguments.name
    ));
    if arguments.json { output::json(&detail) } else { Ok(()) }
}

fn alter(arguments: &MartsAlterArguments) -> anyhow::Result<()> {
    let retention_days = match arguments.default_retention {
        true => Some(None),
        false => arguments.retention_days.map(Some),
    };
    let body = MartChangeBody {
        description: arguments.description.clone(),
        filter: arguments.filter.clone(),
        columns: (!arguments.columns.is_empty()).then(|| arguments.columns.clone()),
        retention_days,
        by: arguments.by.clone(),
    };
    let detail: MartDetail = match Access::open(&arguments.place, false)? {
        Access::Server(client) => {
            let path = format!("/api/v1/marts/{}", percent_encoded(&arguments.name));
            client.send("PUT", &path, &serde_json::to_vec(&body)?)?
        }
        Access::Embedded { runtime, engines, scope } => runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let by = body.by.clone().unwrap_or_else(|| SOMEBODY.to_owned());
            let desk = &engines.mart_desk;
            desk.alter(&scope, &arguments.name, body.into(), &by).await.map_err(usage)?;
            let (view, history) = desk.show(&scope, &arguments.name).await?;
            anyhow::Ok(MartDetail::new(view, history, desk.epochs(&scope).await?))
        })?,
    };
    let version = detail.item.definition.as_ref().map_or(0, |definition| definition.version);
    output::remark(&format!("{} has version {version} now", arguments.name));
    if arguments.json { output::json(&detail) } else { Ok(()) }
}

fn remove(arguments: &MartsRemoveArguments) -> anyhow::Result<()> {
    let MartsRemoveArguments { name, purge, by, .. } = arguments;
    let removed: MartRemoved = match Access::open(&arguments.place, false)? {
        Access::Server(client) => {
            let by = by.as_deref().map(|by| format!("&by={}", percent_encoded(by))).unwrap_or_default();
            client.send(
                "DELETE",
                &format!("/api/v1/marts/{}?purge={purge}{by}", percent_encoded(name)),
                b"",
            )?
        }
        Access::Embedded { runtime, engines, scope } => runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let by = by.as_deref().unwrap_or(SOMEBODY);
            let (definition, deleted) =
                engines.mart_desk.remove(&scope, name, *purge, by).await.map_err(usage)?;
            anyhow::Ok(MartRemoved { definition, deleted })
        })?,
    };
    match purge {
        true => {
            let events = counted(removed.deleted, "event");
            output::remark(&format!("{name} is removed, and {events} with it"));
        }
        false => output::remark(&format!(
            "{name} takes no more events; what it holds stays until its retention ends (--purge deletes it)"
        )),
    }
    if arguments.json { output::json(&removed) } else { Ok(()) }
}

/// What was typed wrongly ends with another code than what a store refuses.
fn usage(error: MartError) -> anyhow::Error {
    match error {
        MartError::Store(error) => error.into(),
        MartError::Filter(problem) => {
            let hint = problem.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            let at = format!("line {}, column {}", problem.line, problem.column);
            output::Usage(format!("the filter is no condition on events: {at}: {problem}{hint}")).into()
        }
        other => output::Usage(other.to_string()).into(),
    }
}
