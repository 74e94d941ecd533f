//! `sentra rules disable|enable|tuning|except|unexcept`

use anyhow::Context;
use sentra_model::TenantScope;
use sentra_server::api::types::{
    DisableBody, ExceptionBody, ImpactAnswer, NamedBody, PreviewBody, TuningAnswer, period,
};
use serde::Serialize;
use serde_json::Value;

use crate::cli::{
    Place, RulesDisableArguments, RulesExceptArguments, RulesNamedArguments, RulesTuningArguments,
};
use crate::client::Client;
use crate::commands::access::Access;
use crate::engines::Engines;
use crate::output;

pub(super) fn disable(arguments: &RulesDisableArguments) -> anyhow::Result<()> {
    let RulesDisableArguments { place, id, owner, reason, until } = arguments;
    let body = DisableBody { rule: id.clone(), owner: owner.clone(), reason: reason.clone(), until: *until };
    match Access::open(place, false)? {
        Access::Server(client) => changed(&client, "disable", &body)?,
        Access::Embedded { runtime, engines, scope } => {
            let DisableBody { rule, owner, reason, until } = body;
            runtime.block_on(engines.rule_desk().disable(&scope, &rule, owner, reason, until))?;
        }
    }
    output::remark(&format!("{id} reports nothing from now on; `sentra rules tuning` counts what it hides"));
    Ok(())
}

pub(super) fn enable(arguments: &RulesNamedArguments) -> anyhow::Result<()> {
    let RulesNamedArguments { place, id } = arguments;
    match Access::open(place, false)? {
        Access::Server(client) => changed(&client, "enable", &NamedBody { id: id.clone() })?,
        Access::Embedded { runtime, engines, scope } => {
            runtime.block_on(engines.rule_desk().enable(&scope, id))?;
        }
    }
    output::remark(&format!("{id} reports again"));
    Ok(())
}

pub(super) fn unexcept(arguments: &RulesNamedArguments) -> anyhow::Result<()> {
    let RulesNamedArguments { place, id } = arguments;
    match Access::open(place, false)? {
        Access::Server(client) => changed(&client, "exceptions/remove", &NamedBody { id: id.clone() })?,
        Access::Embedded { runtime, engines, scope } => {
            runtime.block_on(engines.rule_desk().remove_exception(&scope, id))?;
        }
    }
    output::remark(&format!("the exception {id} is over"));
    Ok(())
}

pub(super) fn except(arguments: &RulesExceptArguments) -> anyhow::Result<()> {
    let condition: Value = serde_json::from_str(&arguments.when)
        .map_err(|error| output::Usage(format!("--when is no JSON: {error}")))?;
    let exception = ExceptionBody {
        id: arguments.id.clone(),
        rules: arguments.rules.clone(),
        pack: arguments.pack.clone(),
        condition,
        owner: arguments.owner.clone(),
        reason: arguments.reason.clone(),
        expires: arguments.expires,
    };
    let access = Access::open(&arguments.place, false)?;
    if arguments.preview {
        let impact = preview(access, PreviewBody { exception, from: arguments.from, to: None })?;
        output::line(&impact.sentence)?;
        let rows: Vec<Vec<String>> = impact
            .examples
            .iter()
            .map(|example| vec![example.time.to_string(), example.rule.clone(), example.title.clone()])
            .collect();
        return if rows.is_empty() { Ok(()) } else { output::table(&["time", "rule", "title"], &rows) };
    }
    match access {
        Access::Server(client) => changed(&client, "exceptions", &exception)?,
        Access::Embedded { runtime, engines, scope } => {
            let draft = exception.into_draft().map_err(|wrong| output::Usage(wrong.to_owned()))?;
            runtime.block_on(engines.rule_desk().except(&scope, draft))?;
        }
    }
    let (id, expires) = (&arguments.id, arguments.expires);
    output::remark(&format!("the exception {id} is in force until {expires}"));
    Ok(())
}

fn preview(access: Access, body: PreviewBody) -> anyhow::Result<ImpactAnswer> {
    match access {
        Access::Server(client) => {
            client.post("/api/v1/rules/exceptions/preview", &serde_json::to_vec(&body)?, "application/json")
        }
        Access::Embedded { runtime, engines, scope } => runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let question = body.into_question().map_err(|wrong| output::Usage(wrong.to_owned()));
            let (draft, range) = question?;
            let impact = engines.rule_desk().preview(&scope, draft, range).await?;
            Ok(ImpactAnswer::new(impact, &period(range)))
        }),
    }
}

pub(super) fn list(arguments: &RulesTuningArguments) -> anyhow::Result<()> {
    let answer = tuning(&arguments.place)?;
    if arguments.json {
        return output::json(&answer);
    }
    let text = |entry: &Value, name: &str| match entry.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let row = |kind: &str, id: &str, until: &str, entry: &Value| {
        let hidden = entry.pointer("/used/hidden").map(ToString::to_string).unwrap_or_default();
        let last = [text(entry, until), hidden, text(entry, "owner"), text(entry, "reason")];
        [kind.to_owned(), text(entry, id)].into_iter().chain(last).collect::<Vec<String>>()
    };
    let disabled = answer.disabled.iter().map(|entry| row("disabled", "rule", "until", entry));
    let exceptions = answer.exceptions.iter().map(|entry| row("exception", "id", "expires", entry));
    let rows: Vec<Vec<String>> = disabled.chain(exceptions).collect();
    output::table(&["what", "id", "until", "hidden", "owner", "reason"], &rows)
}

fn tuning(place: &Place) -> anyhow::Result<TuningAnswer> {
    match Access::open(place, false)? {
        Access::Server(client) => client.get("/api/v1/rules/tuning"),
        Access::Embedded { engines, scope, .. } => Ok(of_engines(&engines, &scope)),
    }
}

fn of_engines(engines: &Engines, scope: &TenantScope) -> TuningAnswer {
    engines.rule_desk().tuning(scope).into()
}

/// Asks the server for a change; its answer, the tuning after it, is not needed.
fn changed(client: &Client, what: &str, body: &impl Serialize) -> anyhow::Result<()> {
    let path = format!("/api/v1/rules/{what}");
    let body = serde_json::to_vec(body).context("cannot write the request")?;
    client.post::<TuningAnswer>(&path, &body, "application/json").map(drop)
}
