//! Lists and data tables of packs, as rules ask them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_detect::{
    ListKind, ListSource, Lists, Placeholders, ProblemSeverity, RuleProblem, RuleSet, SharedLists,
};

use crate::files::{ListFile, PackFiles};

/// The lists and tables of `files`, for rules that ask them by name (`%name`, `%table.column`), and what is wrong with
/// them. Of two lists with one name the first counts.
#[must_use]
pub fn shared_lists(files: &PackFiles) -> (Arc<SharedLists>, Vec<RuleProblem>) {
    let mut problems = Vec::new();
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    let mut sources = Vec::new();
    for list in &files.lists {
        if let Some(other) = known.get(list.name.as_str()) {
            let message = format!("there is another list {:?}: {other}", list.name);
            problems.push(problem(list, 1, ProblemSeverity::Error, message));
            continue;
        }
        known.insert(&list.name, &list.path);
        let kind = list.kind();
        let text =
            if kind == ListKind::Table { list.text.clone().into() } else { without_comments(&list.text) };
        let is_entry = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
        if kind != ListKind::Table && !text.lines().any(is_entry) {
            problems.push(problem(list, 1, ProblemSeverity::Warning, "the list is empty".to_owned()));
        }
        if let Some((line, _)) = (1..).zip(text.lines()).find(|(_, line)| line.contains('\0')) {
            let message = "a list is text; here is a zero byte".to_owned();
            problems.push(problem(list, line, ProblemSeverity::Error, message));
            continue;
        }
        let (path, name) = (list.path.clone(), list.name.clone());
        sources.push(ListSource { path, name, kind, text: text.into_owned() });
    }
    let (lists, more) = Lists::load(sources);
    problems.extend(more);
    (Arc::new(SharedLists::new(lists)), problems)
}

/// The lists of texts for the placeholders `%name%` of Sigma rules, and the files of those that have more values than
/// a placeholder can take.
pub(crate) fn placeholders<'a>(files: &'a PackFiles, lists: &Lists) -> (Placeholders, Vec<&'a ListFile>) {
    let mut placeholders = Placeholders::new();
    let mut cut: Vec<&ListFile> = Vec::new();
    for list in files.lists.iter().filter(|list| list.kind() == ListKind::Text) {
        let is_twin = placeholders.get(&list.name).is_some();
        if let Some(values) = lists.texts(&list.name).filter(|_| !is_twin)
            && !placeholders.set(&list.name, values.iter().cloned())
        {
            cut.push(list);
        }
    }
    (placeholders, cut)
}

/// What a list in `cut` means for a rule with its placeholder: it would find less than it says.
pub(crate) fn cut_placeholders<'a>(
    cut: &'a [&'a ListFile],
    rules: &'a RuleSet,
) -> impl Iterator<Item = RuleProblem> + 'a {
    cut.iter().filter_map(|list| {
        let rule = rules.rules().iter().find(|rule| rule.lists().contains(&list.name))?;
        let id = &rule.reference().id;
        let message =
            format!("the list has more values than a placeholder takes, and the rule {id} has one for it");
        Some(problem(list, 1, ProblemSeverity::Error, message))
    })
}

/// `text` with nothing in the lines that are comments, so that lines keep their numbers. The engine itself skips
/// those that begin with `//`.
fn without_comments(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    if !text.lines().any(is_comment) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.lines().map(|line| if is_comment(line) { "" } else { line }).collect();
    Cow::Owned(lines.join("\n"))
}

fn problem(list: &ListFile, line: u64, severity: ProblemSeverity, message: String) -> RuleProblem {
    RuleProblem { path: list.path.clone(), line, rule: Some(format!("%{}", list.name)), severity, message }
}
