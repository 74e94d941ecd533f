//! Whether one fact supports all that a clause claims.

use sentra_model::{FactKind, Severity};

use super::scan::{Clause, Token};
use super::{Problem, worded};
use crate::list::{List, Slot};
use crate::outcome::{self, Relation};
use crate::sheet::{Sheet, Statement};
use crate::story::Story;
use crate::{assessment, day, technique, words};

/// What a clause is about, by its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Fact(FactKind),
    Related(Relation),
    UnknownOutcome,
    OtherRules,
    Probability,
    /// The cited signals as a whole.
    Whole,
}

/// The problems of the clauses of one sentence, which cites the signals of `cited` out of `all`.
pub(super) fn check(clauses: &[Clause], cited: &Sheet<'_>, all: &Sheet<'_>, story: &Story) -> Vec<Problem> {
    let whole = cited.whole(&cited.signals.iter().map(|signal| signal.id).collect::<Vec<_>>());
    let mut problems = Vec::new();
    let day = all.day();
    let mut lead: Option<&Statement> = None;
    for clause in clauses {
        if let Some(kind) = worded::of(clause) {
            match worded::stated(kind, clause, lead, cited, &whole, all, story) {
                Some(stated) => lead = lead.or(Some(stated)),
                None => problems.push(Problem::Wording(clause.text.clone())),
            }
            continue;
        }
        let Some(about) = about(clause) else {
            problems.push(Problem::Kind);
            continue;
        };
        if about == About::Probability {
            if clause.text != assessment::probability(&story.risk) {
                problems.push(Problem::Assessment);
            }
            continue;
        }
        let candidates: Vec<&Statement> = match about {
            About::Fact(kind) => cited.statements.iter().filter(|s| s.kind == Some(kind)).collect(),
            About::Related(_) => of_kind(cited, FactKind::LoginsSucceeded),
            About::UnknownOutcome => of_kind(cited, FactKind::LoginsFailed),
            About::OtherRules | About::Probability | About::Whole => vec![&whole],
        };
        let judged = candidates.iter().map(|candidate| {
            let mut found = Reader { statement: candidate, lead, about, day: day.as_deref() }.read(clause);
            found.extend(disagreement(about, candidate, lead, cited, all));
            (found, *candidate)
        });
        // Of several facts that do not support the clause the nearest one is reported.
        match judged.min_by_key(|(found, _)| found.len()) {
            None => problems.push(Problem::Kind),
            Some((found, candidate)) => {
                lead = lead.or(Some(candidate));
                problems.extend(found);
            }
        }
    }
    problems
}

fn of_kind<'s>(sheet: &'s Sheet<'_>, kind: FactKind) -> Vec<&'s Statement> {
    sheet.statements.iter().filter(|statement| statement.kind == Some(kind)).collect()
}

/// Words that state or deny something.
const CLAIMS: [&str; 23] = [
    "changed",
    "failed",
    "followed",
    "individually",
    "kept",
    "known",
    "malicious",
    "matched",
    "no",
    "not",
    "observed",
    "only",
    "raised",
    "read",
    "refused",
    "rests",
    "security",
    "severity",
    "started",
    "stated",
    "succeeded",
    "told",
    "used",
];

/// What a clause is about: the words in it that state or deny something, and no others, must make one of the
/// known claims. None when they do not.
fn about(clause: &Clause) -> Option<About> {
    let mut claims: Vec<&str> = CLAIMS.iter().filter(|word| clause.says(word)).copied().collect();
    claims.extend(["whether", "while"].iter().filter(|word| clause.says(word)));
    let repeated = CLAIMS.iter().any(|word| clause.count(word) > 1);
    if repeated {
        return None;
    }
    Some(match claims.as_slice() {
        ["malicious"] | ["malicious", "not"] => About::Probability,
        ["known", "not", "succeeded", "whether"] => About::UnknownOutcome,
        ["failed", "followed"] => About::Related(Relation::Followed),
        ["failed", "succeeded", "while"] => About::Related(Relation::While),
        ["no", "succeeded"] => About::Fact(FactKind::NoLoginSucceeded),
        ["failed"] => About::Fact(FactKind::LoginsFailed),
        ["succeeded"] => About::Fact(FactKind::LoginsSucceeded),
        ["used"] => About::Fact(FactKind::PrivilegeUsed),
        ["refused"] => About::Fact(FactKind::PrivilegeRefused),
        ["changed", "security"] => About::Fact(FactKind::SecurityChanged),
        ["changed"] => About::Fact(FactKind::AccountsChanged),
        ["started"] => About::Fact(FactKind::ProcessesStarted),
        ["observed"] => About::Fact(FactKind::Observed),
        ["matched"] if clause.says("other") && !clause.says("the") => About::OtherRules,
        ["matched"] => About::Fact(FactKind::RuleMatched),
        ["individually", "not", "told"] => About::Whole,
        ["kept", "only"] | ["raised"] | ["read"] => About::Whole,
        ["severity"] | ["not", "severity", "stated"] => About::Whole,
        // `the techniques are …` and the like claim only what their lists name.
        [] => About::Whole,
        _ => return None,
    })
}

/// What no single fact can show: how facts stand to each other.
fn disagreement(
    about: About,
    candidate: &Statement,
    lead: Option<&Statement>,
    cited: &Sheet<'_>,
    all: &Sheet<'_>,
) -> Option<Problem> {
    let everything = || all.statements.iter();
    let agrees = match (about, lead) {
        (About::Fact(FactKind::NoLoginSucceeded), Some(failures)) => {
            outcome::none_succeeded(candidate, failures, everything())
        }
        (About::Fact(FactKind::NoLoginSucceeded), None) => !outcome::contradicted(candidate, everything()),
        (About::Fact(FactKind::LoginsSucceeded), Some(failures)) => {
            outcome::relation(failures, candidate).is_some()
        }
        (About::Related(relation), _) => {
            cited.statements.iter().any(|other| outcome::relation(other, candidate) == Some(relation))
        }
        (About::UnknownOutcome, _) => !outcome::is_known(candidate, everything()),
        _ => true,
    };
    (!agrees).then_some(Problem::Contradicted)
}

/// Reads a clause from left to right against one statement.
struct Reader<'a> {
    statement: &'a Statement,
    lead: Option<&'a Statement>,
    about: About,
    /// The day on which everything happened, which a time may leave out.
    day: Option<&'a str>,
}

impl Reader<'_> {
    fn read(&self, clause: &Clause) -> Vec<Problem> {
        let mut problems = Vec::new();
        // A clause may begin with its subject: where it came from.
        let mut slot = Slot::Source;
        let mut named = 0_usize;
        for (index, token) in clause.tokens.iter().enumerate() {
            let before = Neighbours { tokens: &clause.tokens, index };
            match token {
                Token::Word(word) => {
                    if let Some(announced) = Slot::announced_by(word) {
                        (slot, named) = (announced, 0);
                    }
                    problems.extend(self.word(word, &before));
                }
                Token::Item(item) => {
                    if slot == Slot::Technique && before.names_technique(item) {
                        continue;
                    }
                    if self.statement.list(slot).items.get(named) != Some(item) {
                        problems.push(Problem::Unsupported(item.clone()));
                    }
                    named += 1;
                }
                Token::Number(number) => {
                    if !self.number(*number, slot, named, &before) {
                        problems.push(Problem::Number(number.to_string()));
                    }
                }
                Token::Time(time) => {
                    if !self.time(time, &before) {
                        problems.push(Problem::Time(time.clone()));
                    }
                }
                Token::Duration(duration) => {
                    if crate::phrase::span(self.statement).as_ref() != Some(duration) {
                        problems.push(Problem::Time(duration.clone()));
                    }
                }
            }
        }
        problems
    }

    /// Words that are claims themselves.
    fn word(&self, word: &str, at: &Neighbours<'_>) -> Option<Problem> {
        let once = self.statement.count == 1 && !self.statement.at_least;
        let supported = match word {
            "once" => once,
            "twice" => self.statement.count == 2 && !self.statement.at_least,
            // A list that is announced must come.
            "host" | "hosts" => at.is_item(1),
            "a" if at.word(1) == Some("login") => once,
            "is" if at.word(-1) == Some("severity") => {
                let stated = self.statement.severity;
                let words = if stated == Severity::Unknown { "not" } else { stated.as_str() };
                return (at.word(1) != Some(words)).then_some(Problem::Assessment);
            }
            _ => true,
        };
        (!supported).then(|| Problem::Number(word.to_owned()))
    }

    fn number(&self, number: u64, slot: Slot, named: usize, at: &Neighbours<'_>) -> bool {
        let bounded = at.word(-1) == Some("least") && at.word(-2) == Some("at");
        let counted = number == self.statement.count && bounded == self.statement.at_least;
        let cited = number == self.statement.signals.len() as u64;
        match (at.word(1), at.word(2)) {
            (Some("times" | "logins"), _) => self.about != About::Whole && counted,
            (Some("signal" | "signals"), _) => self.about == About::Whole && cited,
            (Some("events"), _) => self.about == About::Whole && number == self.statement.events_total,
            (Some("are" | "is"), Some("kept")) => number == self.statement.events_kept,
            (Some("other"), Some("rule" | "rules")) if self.about == About::OtherRules => {
                number == self.other_rules()
            }
            (Some("other" | "others"), _) => rest_of(self.statement.list(slot), named, number, bounded),
            _ => false,
        }
    }

    /// Rules of the cited signals that did not state what the sentence begins with.
    fn other_rules(&self) -> u64 {
        let told = self.lead.map_or(0, |lead| lead.list(Slot::Rule).total);
        self.statement.list(Slot::Rule).total.saturating_sub(told)
    }

    /// `between T and T` are the first and the last time, `at T` is both.
    fn time(&self, time: &str, at: &Neighbours<'_>) -> bool {
        let (first, last) = (words::time(self.statement.first), words::time(self.statement.last));
        let full = match (self.day, day::begins_with_clock(time)) {
            (Some(day), true) => format!("{day} {time}"),
            _ => time.to_owned(),
        };
        let time = full.as_str();
        match at.word(-1) {
            Some("between") => time == first,
            Some("and") => time == last && at.word(-3) == Some("between"),
            Some("at") => time == first && time == last,
            _ => false,
        }
    }
}

fn rest_of(list: &List, named: usize, number: u64, bounded: bool) -> bool {
    let rest = list.total.saturating_sub(named as u64);
    named > 0 && number == rest && bounded == list.at_least
}

/// The tokens around one token.
struct Neighbours<'a> {
    tokens: &'a [Token],
    index: usize,
}

impl Neighbours<'_> {
    /// Whether a name stands `distance` tokens further on.
    fn is_item(&self, distance: usize) -> bool {
        matches!(self.tokens.get(self.index + distance), Some(Token::Item(_)))
    }

    /// Whether `item` is the name of the technique whose id stands before it.
    fn names_technique(&self, item: &str) -> bool {
        let before = self.index.checked_sub(1).and_then(|before| self.tokens.get(before));
        matches!(before, Some(Token::Item(id)) if technique::name(id).as_deref() == Some(item))
    }

    /// The word `distance` tokens further on, or back; none when it is no word.
    fn word(&self, distance: isize) -> Option<&str> {
        match self.tokens.get(self.index.checked_add_signed(distance)?)? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }
}
