//! The content of packs that is in force: formats and rules, where they come from, and how they are changed while
//! everything runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sentra_decode::{
    Declared, DecodeOptions, Decoder, FormatProblem, FormatProblemSeverity, VirtualEntities,
};
use sentra_detect::{ProblemSeverity, RuleCost, RuleProblem, RuleSet};
use sentra_factory::{DecoderHandle, RulesHandle};
use sentra_model::RuleRef;
use sentra_packs::{ContentPlaces, PackFiles};
use sentra_server::api::types::{RuleProblemSeverity, RuleProblemView, RuleView, RulesView};

use crate::output;

/// Problems that are said one by one.
const PROBLEMS_SAID_MAX: usize = 10;
/// Problems that a reload tells; the others are counted.
const PROBLEMS_TOLD_MAX: usize = 100;

/// The rules of `files` and what is wrong with them and with their packs.
pub(crate) fn compile_rules(files: PackFiles) -> (Arc<RuleSet>, Vec<RuleProblem>) {
    let (rules, rule_problems) = sentra_packs::compile_rules(&files);
    let mut problems = files.problems;
    problems.extend(rule_problems);
    (Arc::new(rules), problems)
}

/// The formats of `files` and what is wrong with them. Of two formats that know a record the first reads it.
pub(crate) fn compile_formats(files: &PackFiles) -> (Declared, Vec<FormatProblem>) {
    Declared::compile(&files.formats)
}

/// What is wrong with the content in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems {
    /// Those of packs as a whole, then those of rules.
    pub(crate) rules: Vec<RuleProblem>,
    /// How many of them are about packs.
    packs: usize,
    pub(crate) formats: Vec<FormatProblem>,
}

impl Problems {
    /// The errors in rules, and everything that is about a pack as a whole: that one runs without a signature is said
    /// whenever it is loaded.
    fn worth_saying(&self) -> impl Iterator<Item = &RuleProblem> {
        let is_error = |problem: &RuleProblem| problem.severity == ProblemSeverity::Error;
        let numbered = self.rules.iter().enumerate();
        numbered
            .filter(move |(index, problem)| *index < self.packs || is_error(problem))
            .map(|(_, problem)| problem)
    }
}

/// What a reload did.
#[derive(Debug)]
pub(crate) struct Reloaded {
    /// Whether the new content is in force.
    pub(crate) changed: bool,
    /// What is wrong with the new content.
    pub(crate) problems: Vec<String>,
}

/// The content in force. Clones are handles to the same.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    decoder: DecoderHandle,
    rules: RulesHandle,
    places: ContentPlaces,
    decode: DecodeOptions,
    problems: Arc<Mutex<Problems>>,
}

impl Content {
    /// Reads everything and puts what is good of it in force.
    pub(crate) fn open(places: ContentPlaces, decode: DecodeOptions) -> anyhow::Result<Self> {
        let files = places.load()?;
        let (declared, formats) = compile_formats(&files);
        let decoder = DecoderHandle::new(Decoder::new(DecodeOptions { declared, ..decode.clone() }));
        let packs = files.problems.len();
        let (rules, rule_problems) = compile_rules(files);
        let problems = Arc::new(Mutex::new(Problems { rules: rule_problems, packs, formats }));
        Ok(Self { decoder, rules: RulesHandle::shared(rules), places, decode, problems })
    }

    /// The decoder that has the formats.
    pub(crate) fn decoder(&self) -> &DecoderHandle {
        &self.decoder
    }

    /// The rules.
    pub(crate) fn rules(&self) -> &RulesHandle {
        &self.rules
    }

    /// What was wrong when the content was read last.
    pub(crate) fn problems(&self) -> Problems {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The rules in force with how often each matched and what it cost, and what is wrong with the content.
    pub(crate) fn rules_view(
        &self,
        matches: &BTreeMap<String, u64>,
        costs: &BTreeMap<String, RuleCost>,
    ) -> RulesView {
        let in_force = self.rules.get();
        let view = |reference: &RuleRef| RuleView {
            id: reference.id.clone(),
            title: reference.title.clone(),
            kind: reference.kind,
            level: reference.level,
            tags: reference.tags.clone(),
            pack: reference.pack.clone(),
            matches: matches.get(&reference.id).copied().unwrap_or_default(),
            cost: costs.get(&reference.id).copied().unwrap_or_default().into(),
        };
        let Problems { rules: of_rules, formats: of_formats, .. } = self.problems();
        let of_formats = of_formats.into_iter().map(|problem| RuleProblemView {
            path: problem.path,
            line: problem.line,
            rule: None,
            severity: match problem.severity {
                FormatProblemSeverity::Error => RuleProblemSeverity::Error,
                FormatProblemSeverity::Warning => RuleProblemSeverity::Warning,
            },
            message: match problem.format {
                Some(format) => format!("format {format}: {}", problem.message),
                None => problem.message,
            },
        });
        RulesView {
            rules: in_force.rules().iter().map(|rule| view(rule.reference())).collect(),
            problems: of_rules.into_iter().map(RuleProblemView::from).chain(of_formats).collect(),
        }
    }

    /// Reads everything again. It takes effect for every record that is not being worked on, in the order of the log, so
    /// no event is lost. Where a format or a pack as a whole has an error nothing changes: half a set of formats would turn
    /// records that were understood into plain text, and a pack that was tampered with would take its rules
    /// along. A rule with an error is left out alone, as at the start.
    pub(crate) fn reload(&self, virtual_entities: &VirtualEntities) -> anyhow::Result<Reloaded> {
        let files = self.places.load()?;
        let (declared, formats) = compile_formats(&files);
        let is_error = |problem: &FormatProblem| problem.severity == FormatProblemSeverity::Error;
        let is_wrong = |problem: &RuleProblem| problem.severity == ProblemSeverity::Error;
        let changed = !formats.iter().any(is_error) && !files.problems.iter().any(is_wrong);
        let packs = files.problems.len();
        let (rules, rule_problems) = compile_rules(files);
        let found = Problems { rules: rule_problems, packs, formats };
        let mut problems: Vec<String> = found.formats.iter().map(ToString::to_string).collect();
        problems.extend(found.worth_saying().map(rule_problem_said));
        let more = problems.len().saturating_sub(PROBLEMS_TOLD_MAX);
        problems.truncate(PROBLEMS_TOLD_MAX);
        if more > 0 {
            problems.push(format!("and {more} more; `sentra rules check` names them all"));
        }
        *self.problems.lock().unwrap_or_else(PoisonError::into_inner) = found;
        if changed {
            let virtual_entities = Arc::new(virtual_entities.clone());
            self.decoder.set(Decoder::new(DecodeOptions {
                declared,
                virtual_entities,
                ..self.decode.clone()
            }));
            self.rules.set(rules);
        }
        Ok(Reloaded { changed, problems })
    }
}

fn rule_problem_said(problem: &RuleProblem) -> String {
    format!("{}:{}: {}", problem.path, problem.line, problem.message)
}

/// Says the errors in rules, and everything that is about a pack as a whole.
pub(crate) fn say_rule_problems(problems: &Problems) {
    for problem in problems.worth_saying().take(PROBLEMS_SAID_MAX) {
        output::remark(&rule_problem_said(problem));
    }
}

/// Says the errors among `problems`.
pub(crate) fn say_format_problems(problems: &[FormatProblem]) {
    let errors = problems.iter().filter(|problem| problem.severity == FormatProblemSeverity::Error);
    for problem in errors.take(PROBLEMS_SAID_MAX) {
        output::remark(&problem.to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn format(name: &str) -> String {
        format!("name: {name}\npattern: 'x {{y}}'\nsamples:\n  - {{record: x 1, expect: {{}}}}\n")
    }

    fn rule(title: &str) -> String {
        format!(
            "title: {title}\nlogsource: {{product: linux}}\ndetection:\n  s: {{message: x}}\n  condition: s\n"
        )
    }

    fn open(directory: &Path) -> Content {
        let places = ContentPlaces { directories: vec![directory.to_owned()], ..ContentPlaces::default() };
        Content::open(places, DecodeOptions::default()).unwrap()
    }

    #[test]
    fn formats_are_reloaded_as_a_whole_or_not_at_all() {
        let packs = tempfile::tempdir().unwrap();
        let directory = packs.path().join("formats");
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("one.yml"), format("one")).unwrap();
        let content = open(packs.path());
        assert!(content.problems().formats.is_empty());
        let knows = |name: &str| content.decoder().get().knows_format(name);
        assert!(knows("one") && !knows("two"));

        std::fs::write(directory.join("two.yml"), format("two")).unwrap();
        let reloaded = content.reload(&VirtualEntities::default()).unwrap();
        assert!(reloaded.changed && reloaded.problems.is_empty(), "{reloaded:?}");
        assert!(knows("one") && knows("two"));

        std::fs::write(directory.join("one.yml"), "name: one\npatern: 'x {y}'\n").unwrap();
        let reloaded = content.reload(&VirtualEntities::default()).unwrap();
        assert!(!reloaded.changed, "{reloaded:?}");
        assert!(reloaded.problems.iter().any(|problem| problem.contains(":2: ")), "{reloaded:?}");
        assert!(!content.problems().formats.is_empty());
        assert!(knows("one") && knows("two"));
    }

    #[test]
    fn rules_are_reloaded_and_one_that_is_wrong_is_left_out_alone() {
        let packs = tempfile::tempdir().unwrap();
        std::fs::write(packs.path().join("one.yml"), rule("One")).unwrap();
        let content = open(packs.path());
        assert_eq!(content.rules().get().len(), 1);
        std::fs::write(packs.path().join("two.yml"), rule("Two")).unwrap();
        std::fs::write(packs.path().join("bad.yml"), "title: Bad\ndetection: [\n").unwrap();
        let reloaded = content.reload(&VirtualEntities::default()).unwrap();
        assert!(
            reloaded.changed && reloaded.problems.iter().any(|problem| problem.contains("bad.yml:")),
            "{reloaded:?}"
        );
        assert_eq!(content.rules().get().len(), 2);

        // A pack whose manifest is wrong changes nothing.
        std::fs::write(packs.path().join("pack.toml"), "id = 7\n").unwrap();
        std::fs::write(packs.path().join("three.yml"), rule("Three")).unwrap();
        let reloaded = content.reload(&VirtualEntities::default()).unwrap();
        assert!(!reloaded.changed, "{reloaded:?}");
        assert_eq!(content.rules().get().len(), 2);
    }
}
