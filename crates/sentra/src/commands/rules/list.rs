//! `sentra rules list`

use std::collections::BTreeMap;

use sentra_server::api::types::{RuleView, RulesView};

use crate::cli::RulesListArguments;
use crate::commands::access::Access;
use crate::output;
use crate::progress::counted;

pub(super) fn run(arguments: &RulesListArguments) -> anyhow::Result<()> {
    let mut view: RulesView = match Access::open(&arguments.place, false)? {
        Access::Server(client) => client.get("/api/v1/rules")?,
        Access::Embedded { engines, .. } => engines.content.rules_view(&BTreeMap::new(), &BTreeMap::new()),
    };
    let words: Vec<String> = arguments.words.iter().map(|word| word.to_lowercase()).collect();
    view.rules.retain(|rule| has_all(rule, &words));
    view.rules.sort_by(|a, b| (&a.pack, &a.title, &a.id).cmp(&(&b.pack, &b.title, &b.id)));
    if arguments.json {
        return output::json(&view);
    }
    let row = |rule: &RuleView| {
        let [id, title, pack] = [&rule.id, &rule.title, &rule.pack].map(|text| output::visible(text));
        vec![pack, rule.level.as_str().to_owned(), rule.matches.to_string(), title, id]
    };
    let rows: Vec<Vec<String>> = view.rules.iter().map(row).collect();
    output::table(&["pack", "level", "matches", "title", "id"], &rows)?;
    output::remark(&counted(rows.len() as u64, "rule"));
    if !view.problems.is_empty() {
        let problems = counted(view.problems.len() as u64, "problem");
        output::remark(&format!("{problems} with rules or formats: `sentra rules check` says which"));
    }
    Ok(())
}

fn has_all(rule: &RuleView, words: &[String]) -> bool {
    let texts = [&rule.id, &rule.title, &rule.pack].into_iter().chain(&rule.tags);
    let texts: Vec<String> = texts.map(|text| text.to_lowercase()).collect();
    words.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
}
