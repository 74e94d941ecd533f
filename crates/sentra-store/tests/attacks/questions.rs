//! Questions at random: most of them answerable, many that try to reach another tenant.

/// Numbers from a seed (SplitMix64): the same seed asks the same questions.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end as u64).unwrap()
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// The tenant that must not be seen. Everything it owns has this in it, its registered mart's name, too.
pub(crate) const FOREIGN: &str = "victim";

/// What others have tried where tenants are names in the text of a query.
const FOREIGN_TABLES: [&str; 18] = [
    "victim",
    "victim_mart",
    "union *",
    "union victim*",
    "victim.events",
    "victim.linux",
    "['victim.events']",
    "['victim/linux']",
    "['../victim/linux']",
    "['victim/linux/*.parquet']",
    "tenant('victim').events",
    "workspace('victim').linux",
    "cluster('victim').database('marts').events",
    "database('victim').events",
    "table('victim.events')",
    "externaldata(raw: string) ['file:///marts/victim/linux']",
    "information_schema.tables",
    "segments",
];

const TABLES: [&str; 5] = ["events", "linux", "windows", "cloud", "events"];

/// Columns with the texts that are compared with them.
const TEXTS: [(&str, [&str; 4]); 7] = [
    ("user", ["root", "victim-user-1", "ROOT", ""]),
    ("host", ["own-0", "victim-0", "own", "victim"]),
    ("message", ["failed", "victim-secret", "password", "line"]),
    ("src_ip", ["192.0.2.1", "198.51.100.7", "192.0.2.", ""]),
    ("EventID", ["4624", "4625", "victim-4624", ""]),
    ("secret", ["victim-secret-3", "own-secret-3", "secret", "victim"]),
    ("raw", ["raw", "victim-raw", "own", "1"]),
];

const NUMBERS: [&str; 3] = ["dst_port", "severity", "offset"];

/// A question.
pub(crate) fn question(dice: &mut Dice) -> String {
    match dice.below(24) {
        0 => format!("let events = {}; events {}", source(dice, 1), tail(dice)),
        1 => {
            format!("let victim = {}; victim | union (victim {}) {}", source(dice, 1), tail(dice), tail(dice))
        }
        2 => english(dice),
        _ => format!("{} {}", source(dice, 2), tail(dice)),
    }
}

/// Words of the search bar, where the tenant is named as a field.
fn english(dice: &mut Dice) -> String {
    let field = dice.of(&["tenant", "_tenant", "Tenant", "tenant_id", "mart", "path", "partition"]);
    let value = dice.of(&["victim", "'victim'", "\"*\"", "'../victim'", "'victim' or 1 == 1"]);
    format!("events | where {field} {} {value} {}", dice.of(&["==", "!=", "=~", "contains"]), tail(dice))
}

/// A table, or what gives one.
fn source(dice: &mut Dice, depth: usize) -> String {
    if dice.one_in(12) {
        return dice.of(&FOREIGN_TABLES).to_owned();
    }
    if depth == 0 || dice.one_in(2) {
        return dice.of(&TABLES).to_owned();
    }
    let table = dice.of(&TABLES);
    match dice.below(5) {
        0 => format!("union {table}, ({})", source(dice, depth - 1)),
        1 => format!("union withsource=source_table ({}), {table}", source(dice, depth - 1)),
        2 => {
            let kind = dice.of(&["inner", "leftouter", "rightouter", "fullouter", "leftanti", "rightsemi"]);
            let key = dice.of(&["user", "host", "id", "src_ip", "offset", "mart"]);
            let right = source(dice, depth - 1);
            format!("{table} | join kind={kind} ({right} | where {} | take 20) on {key}", condition(dice, 1))
        }
        3 => format!("{table} | where user in ({} | project user)", source(dice, depth - 1)),
        _ => format!("{table} | where {}", condition(dice, 1)),
    }
}

/// Operators; those after which the events' columns are gone come last, but for a few.
pub(crate) fn tail(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..dice.below(3) {
        let stage = if dice.one_in(20) { last(dice) } else { stage(dice) };
        text.push_str(&format!("| {stage} "));
    }
    text.push_str(&format!("| {}", if dice.one_in(3) { stage(dice) } else { last(dice) }));
    text
}

fn stage(dice: &mut Dice) -> String {
    let text = TEXTS[dice.below(TEXTS.len())].0;
    match dice.below(10) {
        0..=4 => format!("where {}", condition(dice, 2)),
        5 => format!("take {}", dice.below(40)),
        6 => format!("extend {text} = {}", value(dice)),
        7 => format!("sort by {text} {}, id asc", dice.of(&["asc", "desc"])),
        8 => format!("top {} by {}", dice.below(9) + 1, dice.of(&NUMBERS)),
        _ => dice.of(&["search 'victim'", "search 'own'", "extend part = split(src_ip, '.')"]).to_owned(),
    }
}

fn last(dice: &mut Dice) -> String {
    let text = TEXTS[dice.below(TEXTS.len())].0;
    match dice.below(9) {
        0 => "count".to_owned(),
        1 | 2 => format!("summarize {} by {text}", aggregate(dice)),
        3 => format!("summarize {}, {}", aggregate(dice), aggregate(dice)),
        4 => format!("summarize {} by bin(time, {})", aggregate(dice), dice.of(&["1m", "7m", "1h", "1d"])),
        5 => format!("project id, {text}, {}, derived = {}", dice.of(&NUMBERS), value(dice)),
        6 => format!("distinct {text}, mart"),
        7 => {
            let order = dice.of(&["asc", "desc"]);
            format!(
                "summarize n = count() by {text} | sort by n desc, {text} {order} | take {}",
                dice.below(4) + 1
            )
        }
        _ => dice
            .of(&[
                "extend part = split(src_ip, '.') | mv-expand part | summarize count() by tostring(part)",
                "parse message with * 'user ' found:string ' ' * | distinct found",
                "getschema",
                "project fields, raw",
                "sequence by user maxspan=1h [code == 'LL03'] [true]",
            ])
            .to_owned(),
    }
}

fn aggregate(dice: &mut Dice) -> String {
    let text = TEXTS[dice.below(TEXTS.len())].0;
    let number = dice.of(&NUMBERS);
    match dice.below(10) {
        0 | 1 => "count()".to_owned(),
        2 => format!("dcount({text})"),
        3 => format!("make_set({text})"),
        4 => format!("arg_max({number}, {text})"),
        5 => format!("take_any({text})"),
        6 => format!("percentile({number}, 90)"),
        7 => format!("sum({number})"),
        8 => format!("make_list({text})"),
        _ => format!("countif({})", condition(dice, 1)),
    }
}

pub(crate) fn condition(dice: &mut Dice, depth: usize) -> String {
    if depth > 0 && dice.one_in(3) {
        let (one, other) = (condition(dice, depth - 1), condition(dice, depth - 1));
        return match dice.below(3) {
            0 => format!("({one} or {other})"),
            1 => format!("({one} and {other})"),
            _ => format!("not({one})"),
        };
    }
    let (field, texts) = TEXTS[dice.below(TEXTS.len())];
    let text = dice.of(&texts);
    match dice.below(8) {
        0 | 1 => {
            let operator = dice.of(&["==", "!=", "=~", "contains", "startswith", "endswith", "has", "!has"]);
            format!("{field} {operator} '{text}'")
        }
        2 => format!("{field} in ('{text}', 'root')"),
        3 => format!("{field} matches regex '{}'", dice.of(&["victim.*", "^own", "[0-9]+$", ".", "(a|b)*c"])),
        4 => format!("{} {} {}", dice.of(&NUMBERS), dice.of(&["<", ">=", "==", "!="]), dice.below(60)),
        5 => format!("{} == '{text}'", value(dice)),
        6 => dice.of(&["time > ago(1h)", "time < now()", "isnotempty(user)", "true", "1 == 1"]).to_owned(),
        _ => format!("* has '{text}'"),
    }
}

fn value(dice: &mut Dice) -> String {
    let text = TEXTS[dice.below(TEXTS.len())].0;
    match dice.below(7) {
        0 => format!("tolower({text})"),
        1 => format!("strcat('victim', {text})"),
        2 => format!("substring({text}, 0, {})", dice.below(9)),
        3 => format!("replace_string({text}, 'own', 'victim')"),
        4 => format!("iff({}, {text}, host)", condition(dice, 0)),
        5 => format!("extract('([a-z]+)', 1, {text})"),
        _ => "strcat(id, raw)".to_owned(),
    }
}
