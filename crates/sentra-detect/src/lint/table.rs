//! Every lint by name.

/// A lint: its name stands in brackets at the start of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lint {
    /// Stable; a problem's message begins with it, `[missing-level]`.
    pub name: &'static str,
    /// What it finds.
    pub finds: &'static str,
}

/// Every lint. All are warnings: the rule is loaded.
pub const LINTS: [Lint; 40] = [
    lint("missing-title", "the rule has no title"),
    lint("missing-id", "the rule has no id: correlations, filters and exceptions cannot name it for good"),
    lint("id-no-uuid", "the id is no UUID: another author may use it too"),
    lint("duplicate-id", "another rule of the set has the same id"),
    lint("missing-level", "the rule has no level: its signals have no severity"),
    lint("unknown-level", "the level is none of informational, low, medium, high, critical"),
    lint("missing-status", "the rule has no status"),
    lint("unknown-status", "the status is none of stable, test, experimental, deprecated, unsupported"),
    lint("missing-description", "the rule has no description"),
    lint("bad-date", "date or modified is no day written as 2026-11-21, or modified is before date"),
    lint("tag-form", "a tag is not written as namespace.name in lower case"),
    lint("unknown-attack-tag", "a tag of ATT&CK is no tactic, technique, group, software or campaign"),
    lint("missing-logsource", "the rule has no logsource: it is tried on every event"),
    lint("empty-logsource", "the logsource names nothing: the rule is tried on every event"),
    lint("unknown-logsource-part", "the logsource has a part that is nearly product, category or service"),
    lint("unknown-field", "events of the logsource have no field of that name"),
    lint("unused-selection", "the condition does not use a selection"),
    lint("dead-condition", "a part of the condition can never be true, as 'a and not a'"),
    lint("contradiction", "two tests on one field that must both pass and cannot"),
    lint("never-matches", "a value that no event can have"),
    lint("always-matches", "a value that every event with the field has: exists says that"),
    lint("relative-image", "a whole path is compared with a name without a directory"),
    lint("all-of-one", "all stands before one value only"),
    lint("offset-not-contains", "base64offset without contains: the value is hardly ever the whole field"),
    lint("wide-not-encoded", "wide or utf16 without base64: fields are texts and no bytes"),
    lint("repeated-value", "a value is listed twice"),
    lint("leading-any", "a regular expression begins with .* and is searched for anywhere in any case"),
    lint("expensive-regex", "a regular expression that compiles to a very large machine"),
    lint(
        "huge-alternation",
        "a list or an alternation of very many values: a list with expand can be reloaded",
    ),
    lint("no-list", "a placeholder has no list: it matches nothing"),
    lint("no-placeholder", "expand stands before a value without a placeholder"),
    lint("bad-list-value", "a value of a list does not fit the modifiers"),
    lint("lone-timeframe", "timeframe without an aggregation"),
    lint("old-aggregation", "an aggregation in the condition, upgraded to a correlation"),
    lint("filter-misses", "a filter names a rule that the set does not have under its logsource"),
    lint("missing-author", "the rule says neither who wrote it nor where it is from"),
    lint("missing-falsepositives", "a rule of level high or critical says nothing of false positives"),
    lint("missing-attack-tag", "a rule of level medium or above has no ATT&CK technique or tactic"),
    lint("old-tag", "a tag writes a tactic with underscores: today it is written with hyphens"),
    lint("old-date", "date or modified is written as 2026/11/21: today it is 2026-11-21"),
];

const fn lint(name: &'static str, finds: &'static str) -> Lint {
    Lint { name, finds }
}
