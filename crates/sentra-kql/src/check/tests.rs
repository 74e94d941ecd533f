use std::sync::LazyLock;

use proptest::prelude::*;

use super::{CheckOptions, check};
use crate::ast::{Expr, ExprKind, Operator, Pipeline, Query};
use crate::builtin::Builtin;
use crate::error::{KqlError, Reason};
use crate::limits::REGEXES_MAX;
use crate::parse;
use crate::plan::{Catalog, Expr as PlanExpr, ExprNode, Op, Plan, Value};
use crate::run::{Dataset, RunError, RunLimits, run};
use crate::testing::{cases, fixture, now};
use crate::value::Kind;

static FIXTURE: LazyLock<(Catalog, Dataset)> = LazyLock::new(|| fixture().unwrap());

fn options() -> CheckOptions<'static> {
    CheckOptions { catalog: &FIXTURE.0, now: now(), keep_calls: false }
}

fn planned(text: &str) -> Result<Plan, KqlError> {
    check(&parse(text)?, options())
}

fn condition(text: &str) -> PlanExpr {
    let plan = planned(&format!("events | where {text}")).unwrap_or_else(|error| panic!("{text}: {error}"));
    match plan.root.op {
        Op::Filter { condition, .. } => condition,
        op => panic!("{op:?}"),
    }
}

/// Fields of the source are texts: compared with something else they are read as that.
#[test]
fn texts_are_compared_as_what_they_are_compared_with() {
    let first_call = |text: &str| match condition(text).node {
        ExprNode::Call(_, arguments) => match &arguments[0].node {
            ExprNode::Call(builtin, _) => *builtin,
            node => panic!("{node:?}"),
        },
        node => panic!("{node:?}"),
    };
    assert_eq!(first_call("EventID == \"4625\""), Builtin::SourceField);
    assert_eq!(first_call("EventID == 4625"), Builtin::ToReal);
    assert_eq!(first_call("when < datetime(2026-01-01)"), Builtin::ToDateTime);
    assert_eq!(first_call("flag == true"), Builtin::ToBool);
    assert_eq!(first_call("lasted <= 1h"), Builtin::ToTimeSpan);
}

#[test]
fn constants_are_computed_before_anything_is_asked() {
    let ExprNode::Call(Builtin::Less, arguments) = condition("time > ago(1h) - 30m").node else { panic!() };
    let moment = crate::moment_of("2026-01-03T10:30:00Z").unwrap();
    assert_eq!(arguments[0].node, ExprNode::Literal(Value::DateTime(moment)));
    assert_eq!(condition("1 < 2").node, ExprNode::Literal(Value::Bool(true)));
}

#[test]
fn a_render_is_kept_as_a_hint() {
    let plan = planned(
        "people | summarize n = count() by dept | render timechart with (title=\"a b\", ycolumns=n, dept)",
    );
    let chart = plan.unwrap().render.unwrap();
    assert_eq!(chart.kind, "timechart");
    let expected = vec![
        ("title".to_owned(), vec!["a b".to_owned()]),
        ("ycolumns".to_owned(), vec!["n".to_owned(), "dept".to_owned()]),
    ];
    assert_eq!(chart.properties, expected);
}

#[test]
fn a_name_that_may_be_misspelt_is_noted() {
    let text = "events | where usr == \"alice\" and EventID == 4625 and fields.usre == \"x\"";
    let notes = planned(text).unwrap().notes;
    let found: Vec<_> =
        notes.iter().map(|note| (&text[note.span.start..note.span.end], note.hint.as_str())).collect();
    assert_eq!(found, [("usr", "user")]);
}

#[test]
fn a_plan_names_its_tables() {
    let plan =
        planned("let p = people; events | where user in (p) | join kind=inner (roles) on user | union nums");
    assert_eq!(plan.unwrap().tables().into_iter().collect::<Vec<_>>(), ["events", "nums", "people", "roles"]);
}

#[test]
fn an_error_shows_what_was_written() {
    let text = "people | where levle > 1";
    let error = planned(text).unwrap_err();
    assert_eq!((error.written(text), error.hint.as_deref()), ("levle", Some("level")));
    assert_eq!(error.place(text).to_string(), "line 1, column 16");
}

/// Law LIMIT.
#[test]
fn hostile_questions_are_refused() {
    let is_limit = |text: &str| match planned(text) {
        Err(error) => assert_eq!(error.reason, Reason::Limit, "{error}"),
        Ok(_) => panic!("{}", text.chars().take(200).collect::<String>()),
    };
    // What doubles with every let.
    let doubled: String = (1..40).map(|at| format!("let t{at} = union t{}, t{};", at - 1, at - 1)).collect();
    is_limit(&format!("let t0 = people; {doubled} people"));
    let doubled: String =
        (1..40).map(|at| format!("let t{at} = strcat(t{}, t{});", at - 1, at - 1)).collect();
    is_limit(&format!("let t0 = \"abcdefgh\"; {doubled} people"));
    // Many conditions on every column.
    is_limit(&format!("events | where {}true", "* has \"x\" or ".repeat(5_000)));
    is_limit("print x = strrep(\"x\", 1000000000)");
    is_limit("print x = replace_string(strrep(\"a\", 100000), \"a\", strrep(\"b\", 100000))");
    is_limit(&format!("print x = pack_array({}1)", "split(strrep(\"a,\", 20000), \",\"), ".repeat(500)));
    is_limit("range x from 1 to 1000000000 step 1");
    is_limit(&format!("people | where {}true", "user matches regex \"a\" or ".repeat(REGEXES_MAX + 1)));
    let bomb =
        planned("people | where user matches regex \"(((a{1,100}){1,100}){1,100}){1,100}\"").unwrap_err();
    assert!(matches!(bomb.reason, Reason::Value | Reason::Limit), "{bomb}");
    let wide = (0..1_001).map(|at| format!("c{at} = 1")).collect::<Vec<_>>().join(", ");
    is_limit(&format!("one | project {wide}"));
}

#[test]
fn a_tree_that_no_text_gives_is_refused_when_it_is_too_deep() {
    let mut expr = Expr::name("b");
    for _ in 0..5_000 {
        expr = ExprKind::Not(expr.into()).into();
    }
    let query = Query::from(Pipeline::table("nums").then(Operator::Where(expr)));
    assert_eq!(check(&query, options()).unwrap_err().reason, Reason::Limit);
}

#[test]
fn what_a_plan_may_hold_is_limited() {
    let data = &FIXTURE.1;
    let limits = RunLimits { rows_max: 1_000, cells_max: 10_000, groups_max: 100, bytes_max: 1_000_000 };
    let thousand = "range x from 1 to 1000 step 1";
    let hostile = [
        (format!("{thousand} | extend k = 1 | join kind=inner ({thousand} | extend k = 1) on k"), "rows"),
        (format!("{thousand} | summarize count() by x"), "groups"),
        (format!("union ({thousand}), ({thousand})"), "rows"),
        (format!("{thousand} | extend s = strrep(\"ab\", x * 100)"), "bytes"),
        (format!("{thousand} | extend d = dynamic([1, 2]) | mv-expand d"), "rows"),
        (format!("{thousand} | extend a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9,j=10"), "values"),
    ];
    for (text, what) in hostile {
        let plan = check(&parse(&text).unwrap(), options()).unwrap();
        match run(&plan, data, limits) {
            Err(RunError::TooLarge { what: found, .. }) => assert_eq!(found, what, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

/// The widest questions are answered or refused in time: nothing in them counts twice over.
#[test]
fn wide_questions_end_in_time() {
    let begun = std::time::Instant::now();
    let many = |part: &str| part.repeat((60_000 / part.len()).min(9_990));
    for text in [
        format!("one | project {}k", many("k,")),
        format!("one | extend {}k", many("a=k,")),
        format!("one | summarize {}count()", many("count(),")),
        format!("one | summarize by {}k", many("k,")),
        format!("events | project-away {}id", many("*x*,")),
        format!("events | project-reorder {}id", many("*,")),
        format!("events | parse message with {}x", many("a ")),
        format!("events | where {}true", many("a or ")),
        format!("events | where user in ({}1)", many("\"a\",")),
        format!("one | where {}", "x".repeat(60_000)),
        format!("one | {}", "x".repeat(60_000)),
        format!("one | where {}(1)", "x".repeat(60_000)),
        format!("one | where k == {}", "9".repeat(60_000)),
        format!("one | where a{}", "[".repeat(60_000)),
        "(".repeat(60_000),
        "{".repeat(60_000),
        "let a=1;".repeat(7_000),
        "datetime(".repeat(7_000),
        "\"".repeat(60_001),
    ] {
        let _ = planned(&text).map(|plan| run(&plan, &FIXTURE.1, RunLimits::default()));
        let _ = crate::parse_shorthand(&text, "events");
        let _ = crate::complete(&text, text.len(), options(), &());
    }
    // About two seconds without optimisation on a slow machine; what goes wrong takes minutes.
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

/// The deepest plan that a question can have does not overflow the stack.
#[test]
fn deep_plans_run() {
    let data = &FIXTURE.1;
    let steps = "| where level > 0 | sort by level ".repeat(49);
    let text = format!("let a = people {steps}; a | where level > 0 | count");
    let plan = check(&parse(&text).unwrap(), options()).unwrap();
    assert_eq!(run(&plan, data, RunLimits::default()), Ok(vec![vec![Value::Long(3)]]));
    let nested = format!("people | extend x = {}level{}", "iff(true, level, ".repeat(55), ")".repeat(55));
    let plan = check(&parse(&nested).unwrap(), options()).unwrap();
    assert_eq!(run(&plan, data, RunLimits::default()).map(|rows| rows.len()), Ok(3));
}

/// What is printed means the same.
#[test]
fn printed_questions_have_the_same_plan() {
    for case in cases().unwrap().iter().filter(|case| !case.shorthand) {
        let Ok(query) = parse(&case.question) else { continue };
        let printed = query.to_string();
        if !printed.contains("nan") {
            assert_eq!(parse(&printed).as_ref(), Ok(&query), "{} -> {printed}", case.question);
        }
        let without_place =
            |plan: Result<Plan, KqlError>| plan.map_err(|error| (error.reason, error.message));
        let (one, two) = (without_place(planned(&case.question)), without_place(planned(&printed)));
        // NaN is not equal to itself.
        assert_eq!(format!("{one:?}"), format!("{two:?}"), "{printed}");
    }
}

/// Every value is of the kind that its column says.
fn holds_its_kind(value: &Value, kind: Kind) -> bool {
    match value {
        Value::Null => kind != Kind::String,
        Value::Bool(_) => kind == Kind::Bool,
        Value::Long(_) => kind == Kind::Long,
        Value::Real(_) => kind == Kind::Real,
        Value::String(_) => kind == Kind::String,
        Value::DateTime(_) => kind == Kind::DateTime,
        Value::TimeSpan(_) => kind == Kind::TimeSpan,
        Value::Dynamic(json) => kind == Kind::Dynamic && !json.is_null(),
    }
}

/// Questions of the table of conformance, mixed: a source, and operators of others.
fn mixed() -> impl Strategy<Value = String> {
    let questions: Vec<String> = cases().unwrap().into_iter().map(|case| case.question).collect();
    let steps: Vec<String> = questions
        .iter()
        .filter(|question| !question.contains("let "))
        .flat_map(|question| question.split(" | ").skip(1).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let source = prop::sample::select(vec!["events", "nums", "people", "union events, nums", "one", "empty"]);
    let piece = "[ |()\\[\\]\"'a-z0-9_.,=!<>*-]{0,3}";
    let change = (any::<prop::sample::Index>(), 0_usize..4, piece);
    let steps = prop::collection::vec(prop::sample::select(steps), 0..5);
    (source, steps, prop::option::weighted(0.3, change)).prop_map(|(source, steps, change)| {
        let text = format!("{source} | {}", steps.join(" | "));
        let mut letters: Vec<char> = text.chars().collect();
        if let Some((place, removed, piece)) = change {
            let start = place.index(letters.len() + 1);
            let end = (start + removed).min(letters.len());
            letters.splice(start..end, piece.chars());
        }
        letters.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Whatever is asked, the answer has the columns and kinds that the plan says, or the refusal has a place.
    #[test]
    fn no_question_breaks_the_checker_or_the_interpreter(text in mixed()) {
        let data = &FIXTURE.1;
        let limits = RunLimits { rows_max: 2_000, cells_max: 50_000, groups_max: 1_000, bytes_max: 1 << 20 };
        for keep_calls in [false, true] {
            let options = CheckOptions { keep_calls, ..options() };
            match parse(&text).and_then(|query| check(&query, options)) {
                Err(error) => {
                    prop_assert!(error.span.start <= error.span.end && error.span.end <= text.len());
                    prop_assert!(text.is_char_boundary(error.span.start));
                }
                Ok(plan) => {
                    let mut names: Vec<&str> =
                        plan.columns().iter().map(|column| column.name.as_str()).collect();
                    names.sort_unstable();
                    names.dedup();
                    prop_assert_eq!(names.len(), plan.columns().len(), "{}", text);
                    match run(&plan, data, limits) {
                        Ok(rows) => for row in rows {
                            prop_assert_eq!(row.len(), plan.columns().len(), "{}", text);
                            for (value, column) in row.iter().zip(plan.columns()) {
                                prop_assert!(holds_its_kind(value, column.kind), "{text}: {value:?} in {column:?}");
                            }
                        },
                        Err(error) => prop_assert!(matches!(error, RunError::TooLarge { .. }), "{}: {}", text, error),
                    }
                }
            }
        }
    }
}

/// Hunts as people write them.
#[test]
fn hunts_are_understood() {
    let hunts = [
        // Many failures, then a success.
        "let threshold = 2;
         let failures = events
             | where time > ago(7d) and code == 'LL03'
             | summarize Failures = count(), Start = min(time), End = max(time), Hosts = make_set(host, 50) by user, src_ip
             | where Failures >= threshold;
         let successes = events | where code == \"LL01\" | summarize SuccessTime = max(time) by user, src_ip;
         failures
         | join kind=inner successes on user, src_ip
         | where SuccessTime between (End .. (End + 1h))
         | extend Minutes = datetime_diff('minute', SuccessTime, Start)
         | project-reorder user, src_ip, Failures
         | sort by Failures desc, user asc",
        // Encoded commands.
        "events
         | where process endswith @\"\\powershell.exe\" or process =~ 'powershell.exe'
         | where message matches regex @'(?i)-e(nc|ncodedcommand)?\\s+[A-Za-z0-9+/=]{8,}'
         | extend Encoded = extract(@'(?i)-e\\w*\\s+([A-Za-z0-9+/=]+)', 1, message)
         | extend Decoded = base64_decode_tostring(Encoded)
         | project time, host, user, Decoded, Parent = tostring(fields['Parent.Image'])",
        // Rare processes.
        "let known = events | where time < ago(1d) | distinct process;
         events
         | where time >= ago(3d) and isnotempty(process)
         | where process !in (known)
         | summarize FirstSeen = min(time), Hosts = dcount(host), arg_max(time, message) by tolower(process)
         | where Hosts <= 2
         | top 20 by Hosts asc",
        // Countries, bins, share.
        "events
         | where isnotempty(src_ip) and not(ipv4_is_private(src_ip))
         | summarize Total = count(), Failed = countif(outcome == 'failure') by bin(time, 6h), src_ip
         | extend Share = round(100.0 * Failed / Total, 1), Level = case(Failed > 100, 'high', Failed > 10, 'medium', 'low')
         | where Share >= 50
         | render timechart with (title='failures', ycolumns=Share)",
        // JSON within a text.
        "datatable(raw: string) ['{\"a\": {\"ips\": [\"10.0.0.1\", \"8.8.8.8\"]}, \"n\": 5}']
         | extend d = parse_json(raw)
         | mv-expand ip = d.a.ips to typeof(string)
         | where ipv4_is_in_any_range(ip, dynamic(['8.0.0.0/8']))
         | extend n = tolong(d.n), first = tostring(d.a.ips[0])
         | project ip, n, first",
        // Time of day, weekdays.
        "events
         | extend Hour = hourofday(time), Weekday = toint(dayofweek(time) / 1d)
         | where Weekday in (0, 6) or Hour !between (7 .. 19)
         | summarize Events = count(), Users = make_set_if(user, outcome == 'success') by Weekday, Hour
         | order by Weekday asc, Hour asc nulls last",
        // Union and anti join.
        "union withsource=Table (people | project user), (roles | project user)
         | join kind=leftanti (events | where outcome == 'success' | distinct user) on user
         | summarize Tables = strcat_array(make_set(Table), ',') by user",
    ];
    for hunt in hunts {
        let plan = planned(hunt).unwrap_or_else(|error| panic!("{hunt}: {} {error}", error.place(hunt)));
        let rows = run(&plan, &FIXTURE.1, RunLimits::default()).unwrap();
        assert!(!rows.is_empty() || hunt.contains("known"), "{hunt}");
    }
}
