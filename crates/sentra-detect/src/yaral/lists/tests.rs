use super::*;
use crate::yaral::value::Value;

/// No rows.
const NONE: [u32; 0] = [];

fn source(name: &str, kind: ListKind, text: &str) -> ListSource {
    ListSource { path: format!("lists/{name}.txt"), name: name.to_owned(), kind, text: text.to_owned() }
}

/// Loads one list that has no problems.
#[track_caller]
fn loaded(kind: ListKind, text: &str) -> Lists {
    let (lists, problems) = Lists::load(vec![source("list", kind, text)]);
    assert_eq!(problems, []);
    lists
}

#[track_caller]
fn check(lists: &Lists, reference: &str, nocase: bool, inside: &[&str], outside: &[&str]) {
    let column = lists.column(reference).unwrap();
    for value in inside {
        assert!(column.contains(&Value::from(*value), nocase), "{value:?} in %{reference}");
        assert!(!column.rows(&Value::from(*value), nocase).is_empty(), "{value:?} has rows of %{reference}");
    }
    for value in outside {
        assert!(!column.contains(&Value::from(*value), nocase), "{value:?} not in %{reference}");
        assert_eq!(column.rows(&Value::from(*value), nocase), NONE, "{value:?} has no rows of %{reference}");
    }
}

#[test]
fn texts() {
    let lists = loaded(
        ListKind::Text,
        "\u{feff}// administrators\r\n  Alice \r\n\r\nBob // left in May\nhttp://example.com/x\nÄRGER\n4624\nBob\n",
    );
    check(
        &lists,
        "list",
        false,
        &["Alice", "Bob", "http://example.com/x", "4624"],
        &["alice", "", "// administrators", "Alic"],
    );
    check(&lists, "list", true, &["ALICE", "bob", "ärger"], &["", "alice2"]);
    let column = lists.column("list").unwrap();
    assert!(column.contains(&Value::Int(4624), false));
    assert!(!column.contains(&Value::Null, false));
    assert!(column.contains(&Value::list(["x".into(), "Bob".into()]), false));
    assert_eq!(column.rows(&"bob".into(), true), [1, 5]);
    assert_eq!(
        lists.texts("list").unwrap(),
        ["Alice", "Bob", "http://example.com/x", "ÄRGER", "4624", "Bob"]
    );
    assert_eq!(lists.texts("other"), None);
}

#[test]
fn regular_expressions() {
    let lists = loaded(ListKind::Regex, "^adm(in)?$\n// comment\nps  // exec\n\\d{2}\na{\n");
    check(&lists, "list", false, &["admin", "adm", "ps  // exec", "x42", "a{"], &["ADMIN", "٤٢", "ps", ""]);
    check(&lists, "list", true, &["ADMIN", "A{"], &["root"]);
    assert_eq!(lists.column("list").unwrap().rows(&"x42a{".into(), false), [2, 3]);
    assert_eq!(lists.texts("list"), None, "placeholders stand for texts");
}

#[test]
fn networks() {
    let lists = loaded(
        ListKind::Cidr,
        "10.0.0.0/8 // inside\n10.1.0.0/16\n192.0.2.7\n2001:db8::/32\n::ffff:198.51.100.0/120\n",
    );
    check(
        &lists,
        "list",
        false,
        &["10.1.2.3", "::ffff:10.9.9.9", "192.0.2.7", "2001:db8::1", " 10.0.0.1 ", "::ffff:198.51.100.9"],
        &["11.0.0.1", "192.0.2.8", "2001:db9::1", "10.1.2", "", "host", "198.51.100.9"],
    );
    assert_eq!(lists.column("list").unwrap().rows(&"10.1.2.3".into(), false), [0, 1]);
    let everything = loaded(ListKind::Cidr, "0.0.0.0/0\n");
    check(&everything, "list", false, &["203.0.113.1", "::ffff:203.0.113.1"], &["2001:db8::1"]);
    let everything = loaded(ListKind::Cidr, "::/0\n");
    check(&everything, "list", false, &["2001:db8::1", "::ffff:203.0.113.1"], &["203.0.113.1"]);
}

const TABLE: &str = "host,net:cidr,command : regex,score:number,\"owner\"\r\n\
    web1,10.0.0.0/8,^curl,7,\"Meier, \"\"A\"\"\"\r\n\
    web1,192.0.2.0/24,wget,7.5,\r\n\
    ,10.0.0.0/8,,0,\"two\nlines\"\r\n\
    \r\n\
    db1,,\"(?i)psql\",,Meier\r\n";

#[test]
fn tables() {
    let lists = loaded(ListKind::Table, TABLE);
    let table = lists.table("list").unwrap();
    assert_eq!(table.names().collect::<Vec<_>>(), ["host", "net", "command", "score", "owner"]);
    assert_eq!(table.rows(), 4);
    check(&lists, "list.host", false, &["web1", "db1"], &["", "WEB1"]);
    check(&lists, "list.host", true, &["WEB1"], &["web"]);
    check(&lists, "list.net", false, &["10.1.1.1"], &["11.1.1.1", ""]);
    check(&lists, "list.command", false, &["curl x", "a PSQL"], &["a curl", ""]);
    check(&lists, "list.score", false, &["7", "7.0", "0x7", "0"], &["8", "", "seven"]);
    assert!(lists.column("list.score").unwrap().contains(&Value::Float(7.5), false));
    let cell = |row, name| table.value(row, table.column(name).unwrap().0);
    assert_eq!(cell(0, "owner"), "Meier, \"A\"".into());
    assert_eq!(cell(2, "owner"), "two\nlines".into());
    assert_eq!(
        (cell(0, "score"), cell(1, "score"), cell(3, "score")),
        (Value::Int(7), Value::Float(7.5), Value::Null)
    );
    assert_eq!((cell(2, "host"), cell(9, "host")), (Value::Null, Value::Null));
}

#[test]
fn all_conditions_of_a_join_hold_in_one_row() {
    let lists = loaded(ListKind::Table, TABLE);
    let table = lists.table("list").unwrap();
    let join = |conditions: &[(&str, &str)]| {
        let values: Vec<(usize, Value)> = conditions
            .iter()
            .map(|(name, value)| (table.column(name).unwrap().0, Value::from(*value)))
            .collect();
        let conditions: Vec<table::Condition<'_>> =
            values.iter().map(|(column, value)| (*column, value, false)).collect();
        table.join(&conditions)
    };
    assert_eq!(join(&[("host", "web1")]), [0, 1]);
    assert_eq!(join(&[("host", "web1"), ("net", "192.0.2.1")]), [1]);
    assert_eq!(join(&[("host", "web1"), ("net", "192.0.2.1"), ("command", "curl")]), NONE);
    assert_eq!(join(&[("net", "10.0.0.1"), ("score", "7")]), [0]);
    assert_eq!(join(&[("host", "")]), NONE);
    assert_eq!(join(&[]), [0, 1, 2, 3]);
    assert_eq!(table.join(&[(99, &"x".into(), false)]), NONE);
}

#[test]
fn problems_name_the_line_and_leave_the_rest() {
    for (kind, text, expected) in [
        (
            ListKind::Cidr,
            "10.0.0.0/8\n10.0.0.0/33\n",
            "2: \"10.0.0.0/33\" is not a network, as in 192.0.2.0/24",
        ),
        (ListKind::Regex, "ok\n\n(a\n", "3: \"(a\" is not a usable regular expression"),
        (ListKind::Regex, "(\\w{999}){999}\n", "1: \"(\\\\w{999}){999}\" is not a usable regular expression"),
        (ListKind::Table, "", "1: a table begins with a line of column names"),
        (ListKind::Table, "a,b\n1,2\n1\n", "3: the row has 1 columns, not 2"),
        (
            ListKind::Table,
            "a,b:nubmer\n",
            "1: column \"b\" is of string, regex, cidr or number, not of \"nubmer\"; did you mean \"number\"?",
        ),
        (ListKind::Table, "a,a\n", "1: two columns are called \"a\""),
        (ListKind::Table, "a,b c\n", "1: \"b c\" is no name of a column"),
        (ListKind::Table, "n:number\n\"x\"\n", "2: \"x\" is not a number"),
        (ListKind::Table, "c:regex\n\"\n(\"\n", "2: \"\\n(\" is not a usable regular expression"),
    ] {
        let (lists, problems) = Lists::load(vec![source("list", kind, text)]);
        let [problem] = problems.as_slice() else { panic!("{text:?} has {problems:?}") };
        let said = format!("{}: {}", problem.line, problem.message);
        assert!(said.starts_with(expected), "{said}");
        assert_eq!((problem.path.as_str(), problem.rule.as_deref()), ("lists/list.txt", Some("%list")));
        let is_loaded = problem.severity == ProblemSeverity::Warning;
        assert_eq!(lists.names().next().is_some(), is_loaded, "{text:?}");
    }
    let (lists, problems) = Lists::load(vec![
        source("a b", ListKind::Text, "x"),
        source("one", ListKind::Text, "x"),
        source("one", ListKind::Text, "y"),
    ]);
    assert_eq!(problems.len(), 2);
    check(&lists, "one", false, &["x"], &["y"]);
    let many = "nowhere\n".repeat(1000);
    let (_, problems) = Lists::load(vec![source("list", ListKind::Cidr, &many)]);
    assert_eq!(problems.len(), LIST_PROBLEMS_MAX + 1);
    let long = format!("short\n{}\n", "x".repeat(ENTRY_BYTES_MAX + 1));
    let (lists, problems) = Lists::load(vec![source("list", ListKind::Text, &long)]);
    assert_eq!((problems.len(), lists.texts("list").unwrap()), (1, ["short".to_owned()].as_slice()));
}

#[test]
fn wrong_references_are_told_the_nearest_right_one() {
    let (lists, _) = Lists::load(vec![
        source("admins", ListKind::Text, "x"),
        source("hosts", ListKind::Table, "name,net:cidr\n"),
    ]);
    for (reference, expected) in [
        ("admin", "there is no list %admin; did you mean \"admins\"?"),
        ("hosts", "%hosts is a table; say which column, as in %hosts.name, net"),
        ("hosts.nam", "table %hosts has no column \"nam\"; did you mean \"name\"?"),
        ("admins.x", "%admins is a list and has no columns"),
        ("host.name", "there is no table %host; did you mean \"hosts\"?"),
    ] {
        assert_eq!(lists.column(reference).unwrap_err(), expected);
    }
    let check = |reference: &str, matching, nocase| lists.asked(reference, matching, nocase).map(|_| ());
    assert_eq!(check("admins", Matching::Whole, true), Ok(()));
    assert_eq!(
        check("admins", Matching::Regex, false),
        Err("%admins: a list of kind string is asked with \"in\"".to_owned())
    );
    assert_eq!(check("hosts.net", Matching::Cidr, false), Ok(()));
    assert_eq!(
        check("hosts.net", Matching::Cidr, true),
        Err("%hosts.net: nocase means nothing for a list of kind cidr".to_owned())
    );
}

#[test]
fn who_holds_the_lists_keeps_them_over_a_swap() {
    let shared = SharedLists::new(loaded(ListKind::Text, "old\n"));
    let held = shared.current();
    shared.swap(loaded(ListKind::Text, "new\n"));
    check(&held, "list", false, &["old"], &["new"]);
    check(&shared.current(), "list", false, &["new"], &["old"]);
}

#[test]
fn a_question_follows_the_lists() {
    let shared = Arc::new(SharedLists::new(loaded(ListKind::Text, "old\n")));
    let ask = |matching| Question::new(Arc::clone(&shared), "list", matching, true);
    let question = ask(Matching::Whole).unwrap();
    assert!(ask(Matching::Cidr).is_err());
    let held = |value: &str| question.holds(&value.into());
    assert!(held("OLD") && !held("new"));
    shared.swap(loaded(ListKind::Text, "new\n"));
    assert!(!held("old") && held("NEW"));
    shared.swap(loaded(ListKind::Regex, "n\n"));
    assert!(!held("new"), "a list of another kind is another list");
    shared.swap(Lists::default());
    assert!(!held("new"));
}

/// Large lists are indexed: asking one that is a thousand times as long must not take a thousand times as long.
#[test]
fn a_hundred_thousand_entries() {
    const ENTRIES: u32 = 100_000;
    let texts: String = (0..ENTRIES).map(|number| format!("Host-{number}.example.com\n")).collect();
    let lists = loaded(ListKind::Text, &texts);
    let networks: String = (0..ENTRIES)
        .map(|number| format!("{}/{}\n", std::net::Ipv4Addr::from(number << 12), 20 + number % 13))
        .collect();
    let cidr = loaded(ListKind::Cidr, &networks);
    let rows: String = (0..ENTRIES).map(|number| format!("{number},user{}\n", number % 100)).collect();
    let tables = loaded(ListKind::Table, &format!("id:number,user\n{rows}"));
    let column = lists.column("list").unwrap();
    let networks = cidr.column("list").unwrap();
    let ids = tables.column("list.id").unwrap();
    for number in 0..ENTRIES {
        let host = Value::from(format!("host-{number}.example.com"));
        assert_eq!(column.rows(&host, true), [number]);
        assert!(!column.contains(&host, false));
        assert!(networks.contains(&std::net::Ipv4Addr::from(number << 12).to_string().into(), false));
        assert_eq!(ids.rows(&Value::Int(number.into()), false), [number]);
    }
    assert_eq!(tables.column("list.user").unwrap().rows(&"user7".into(), false).len(), 1000);
}

#[test]
fn thousands_of_expressions() {
    let patterns: String = (0..2000).map(|number| format!("^evil{number}\\.example\\.\n")).collect();
    let lists = loaded(ListKind::Regex, &patterns);
    let column = lists.column("list").unwrap();
    assert_eq!(column.rows(&"evil1999.example.com".into(), false), [1999]);
    assert_eq!(column.rows(&"EVIL7.EXAMPLE.com".into(), true), [7]);
    assert!(!column.contains(&"evil2000.example.com".into(), false));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

    /// Whatever the text, loading ends without a panic, and an index finds what a look through all cells finds.
    #[test]
    fn indexes_find_what_there_is(
        text in "[a-cA-CäÄ,\"\n:/ .0-2]{0,120}",
        value in "[a-cA-CäÄ.0-2]{0,4}",
        kind in 0..4_usize,
        nocase in proptest::prelude::any::<bool>(),
    ) {
        let kinds = [ListKind::Text, ListKind::Regex, ListKind::Cidr, ListKind::Table];
        let (lists, _) = Lists::load(vec![source("list", kinds[kind], &text)]);
        let table = lists.table("list");
        let columns: Vec<&Arc<Column>> = match &table {
            Ok(table) => table.names().map(|name| table.column(name).unwrap().1).collect(),
            Err(_) => lists.column("list").into_iter().collect(),
        };
        for column in columns {
            let rows = column.rows(&value.as_str().into(), nocase);
            proptest::prop_assert_eq!(column.contains(&value.as_str().into(), nocase), !rows.is_empty());
            let found = |cell: &String| !cell.is_empty() && match column.kind() {
                ColumnKind::Text if nocase => crate::text::fold(cell) == crate::text::fold(&value),
                ColumnKind::Text => *cell == value,
                ColumnKind::Regex => crate::yaral::functions::re::compile(cell, nocase).is_ok_and(|regex| regex.is_match(&value)),
                ColumnKind::Cidr => crate::test::Network::read(cell).zip(value.parse().ok()).is_some_and(|(network, address)| network.holds(address)),
                ColumnKind::Number => false,
            };
            let expected: Vec<u32> = (0..).zip(column.cells()).filter(|(_, cell)| found(cell)).map(|(row, _)| row).collect();
            proptest::prop_assert_eq!(rows, expected);
        }
    }
}
