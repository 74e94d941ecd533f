//! `sentra rules backtest`

use std::io::Read;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sentra_factory::RULE_TEXT_BYTES_MAX;
use sentra_server::api::types::{BacktestAnswer, BacktestBody, BacktestMatch, BacktestRule};

use crate::cli::RulesBacktestArguments;
use crate::commands::access::Access;
use crate::output;
use crate::progress::{bar, counted};

pub(super) fn run(arguments: &RulesBacktestArguments) -> anyhow::Result<()> {
    let body = BacktestBody {
        rules: arguments.file.as_deref().map(rule_text).transpose()?,
        rule_ids: arguments.ids.clone(),
        from: arguments.from,
        to: arguments.to,
        marts: (!arguments.marts.is_empty()).then(|| arguments.marts.clone()),
        matches_max: Some(arguments.limit),
    };
    let answer = answer(arguments, body)?;
    if arguments.json {
        return output::json(&answer);
    }
    for problem in &answer.problems {
        output::remark(&format!("{}:{}: {}", problem.path, problem.line, problem.message));
    }
    let rules: Vec<Vec<String>> = answer.rules.iter().map(rule_row).collect();
    output::table(&["matches", "level", "rule", "title"], &rules)?;
    if !answer.matches.is_empty() {
        output::line("")?;
        let matches: Vec<Vec<String>> = answer.matches.iter().map(match_row).collect();
        output::table(&["time", "rule", "event", "events", "group"], &matches)?;
    }
    let total = answer.matches.len() as u64 + answer.not_described;
    let seconds = std::time::Duration::from_millis(answer.elapsed_ms).as_secs_f64();
    output::remark(&format!(
        "{} in {}, {seconds:.1} s{}",
        counted(total, "finding"),
        counted(answer.events, "event"),
        if answer.not_described > 0 { ": --limit shows more" } else { "" },
    ));
    Ok(())
}

fn answer(arguments: &RulesBacktestArguments, body: BacktestBody) -> anyhow::Result<BacktestAnswer> {
    match Access::open(&arguments.place, false)? {
        Access::Server(client) => {
            client.post("/api/v1/rules/backtest", &serde_json::to_vec(&body)?, "application/json")
        }
        Access::Embedded { runtime, engines, scope } => runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let question = body.into_question().map_err(output::Usage)?;
            let spinner = event_spinner();
            let started = Instant::now();
            let progress = |events| spinner.set_position(events);
            let (report, problems) = engines.rule_desk().backtest(&scope, question, progress).await?;
            spinner.finish_and_clear();
            Ok(BacktestAnswer::new(report, problems, started.elapsed()))
        }),
    }
}

fn event_spinner() -> ProgressBar {
    let spinner = bar(None);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} events, {per_sec}") {
        spinner.set_style(style);
    }
    spinner
}

/// What stands in a rule file, within the limit of what a server takes.
pub(super) fn rule_text(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let limit = RULE_TEXT_BYTES_MAX as u64 + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().take(limit).read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        file.take(limit).read_to_string(&mut text)
    };
    read.with_context(|| format!("cannot read rules from {}", path.display()))?;
    if text.len() > RULE_TEXT_BYTES_MAX {
        bail!(
            "{} has more than the {RULE_TEXT_BYTES_MAX} bytes of rules that can be tried at once",
            path.display()
        );
    }
    Ok(text)
}

fn rule_row(rule: &BacktestRule) -> Vec<String> {
    vec![rule.matches.to_string(), rule.level.as_str().to_owned(), rule.id.clone(), rule.title.clone()]
}

fn match_row(found: &BacktestMatch) -> Vec<String> {
    let group: Vec<String> = found.group.iter().map(|(name, value)| format!("{name}={value}")).collect();
    vec![
        found.time.to_string(),
        found.rule.clone(),
        found.event.to_string(),
        found.events.to_string(),
        group.join(" "),
    ]
}
