//! `sentra rules explain`, `sentra rules coverage`

use anyhow::Context;
use sentra_detect::Explanation;
use sentra_server::api::types::{CoverageAnswer, ExplainAnswer, ExplainBody};

use super::backtest::rule_text;
use crate::cli::{RulesCoverageArguments, RulesExplainArguments};
use crate::commands::access::Access;
use crate::output;
use crate::progress::counted;

pub(super) fn run(arguments: &RulesExplainArguments) -> anyhow::Result<()> {
    let body = ExplainBody {
        event: arguments.event,
        rules: arguments.file.as_deref().map(rule_text).transpose()?,
        rule_ids: arguments.ids.clone(),
    };
    let answer: ExplainAnswer = match Access::open(&arguments.place, false)? {
        Access::Server(client) => {
            client.post("/api/v1/rules/explain", &serde_json::to_vec(&body)?, "application/json")?
        }
        Access::Embedded { runtime, engines, scope } => runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let (selection, event) = body.selection().map_err(|wrong| output::Usage(wrong.to_owned()))?;
            anyhow::Ok(engines.rule_desk().explain(&scope, selection, event).await?.into())
        })?,
    };
    if arguments.json {
        return output::json(&answer);
    }
    for problem in &answer.problems {
        output::remark(&format!("{}:{}: {}", problem.path, problem.line, problem.message));
    }
    for explanation in &answer.explanations {
        let explanation: Explanation = serde_json::from_value(explanation.clone())
            .context("the server's answer is not what this version expects")?;
        // Values of events are hostile: only the line ends of the explanation itself are line ends.
        for line in explanation.to_string().lines() {
            output::line(&output::visible(line))?;
        }
    }
    output::remark(&counted(answer.explanations.len() as u64, "rule"));
    Ok(())
}

pub(super) fn coverage(arguments: &RulesCoverageArguments) -> anyhow::Result<()> {
    let answer: CoverageAnswer = match Access::open(&arguments.place, false)? {
        Access::Server(client) => client.get("/api/v1/rules/coverage")?,
        Access::Embedded { engines, scope, .. } => engines.rule_desk().coverage(&scope).into(),
    };
    if arguments.navigator {
        return output::json(&answer.navigator);
    }
    if arguments.json {
        return output::json(&answer);
    }
    let number = |value: Option<&serde_json::Value>| value.map(ToString::to_string).unwrap_or_default();
    let techniques = answer.techniques.as_object();
    let rows: Vec<Vec<String>> = techniques
        .into_iter()
        .flatten()
        .map(|(id, covered)| vec![id.clone(), number(covered.get("rules")), number(covered.get("disabled"))])
        .collect();
    output::table(&["technique", "rules", "disabled"], &rows)?;
    output::remark(&format!(
        "{} by {}, {} disabled",
        counted(rows.len() as u64, "technique"),
        counted(answer.rules as u64, "rule"),
        answer.disabled
    ));
    Ok(())
}
