use expect_test::{Expect, expect};
use proptest::prelude::*;
use sentra_model::{RawRecord, Source};

use super::*;
use crate::test_kit::{full, source};
use crate::{DecodeOptions, Decoded, Decoder};

pub(super) fn compile(text: &str) -> (Declared, Vec<FormatProblem>) {
    Declared::compile(&[("pack/formats/a.yml".to_owned(), text.to_owned())])
}

/// The set of `text`, which has no faults but that samples are missing.
fn good(text: &str) -> Declared {
    let (declared, problems) = compile(text);
    let errors: Vec<_> =
        problems.iter().filter(|problem| !problem.message.contains("no `samples`")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    declared
}

fn decode<'a>(declared: &Declared, source: &'a Source, line: &'a str) -> Decoded<'a> {
    let options = DecodeOptions { declared: declared.clone(), ..DecodeOptions::default() };
    let record = RawRecord { source, position: 1, received: source.reference, bytes: line.as_bytes() };
    Decoder::new(options).decode(&record)
}

/// The events of `lines` one after another, detected or of the format that `name` says.
fn check(text: &str, name: Option<&str>, lines: &[&str], expected: &Expect) {
    let declared = good(text);
    let source = source(name);
    let all: Vec<String> = lines.iter().map(|line| full(&decode(&declared, &source, line))).collect();
    expected.assert_eq(&(all.join("\n") + "\n"));
}

const SHOP: &str = r"
name: shop
title: the Shop application's log
version: 3
applies_to:
  contains: [' app[']
pattern: '{time} {host} app[{pid:int}]: user {user} from {src_ip:ip} {rest*}'
extract:
  - from: rest
    pattern: ['logged {way} with {method}', 'logged {way}', 'bought {goods} for {price:float}']
mapping:
  mart: identity
  product: acme
  service: shop
  app: Acme Shop
  message: '{user} from {src_ip}: {rest}'
cases:
  - when: {way: [in, ON], method: {not: none}}
    code: LL01
    class: authentication
    outcome: success
    severity: low
  - when: {way: out}
    code: LL02
    class: 3002
  - when: {goods: {present: true}, rest: {like: 'bought*gold*'}}
    severity: high
    target_user: goods
";

#[test]
fn a_pattern_is_read_bare_and_around_syslog() {
    check(
        SHOP,
        None,
        &[
            "2026-03-01T10:00:00Z web1 app[7]: user alice from 192.0.2.7 logged in with a password",
            "2026-03-01T10:00:00Z web1 app[7]: user alice from 2001:db8::7 logged out",
            "Mar  1 10:00:00 web1 app[7]: user  from 192.0.2.7 bought a gold ring for 12.5",
            "2026-03-01 10:00:00 web1 app[x]: user alice from 192.0.2.7 logged in",
        ],
        &expect![[r#"
            shop identity 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=acme | service=shop | host=web1 | user=alice | src=192.0.2.7 | process=app | pid=7 | app=Acme Shop | message=alice from 192.0.2.7: logged in with a password
              hostname = web1
              program = app
              message = user alice from 192.0.2.7 logged in with a password
              time = 2026-03-01T10:00:00Z
              host = web1
              pid = 7
              user = alice
              src_ip = 192.0.2.7
              rest = logged in with a password
              way = in
              method = a password
            shop identity 2026-03-01T10:00:00Z | class=3002 | LL02/unknown | product=acme | service=shop | host=web1 | user=alice | src=2001:db8::7 | process=app | pid=7 | app=Acme Shop | message=alice from 2001:db8::7: logged out
              hostname = web1
              program = app
              message = user alice from 2001:db8::7 logged out
              time = 2026-03-01T10:00:00Z
              host = web1
              pid = 7
              user = alice
              src_ip = 2001:db8::7
              rest = logged out
              way = out
            shop identity 2026-03-01T10:00:00Z | class=0 | -/unknown | product=acme | service=shop | host=web1 | target=a gold ring | src=192.0.2.7 | process=app | pid=7 | app=Acme Shop | message=- from 192.0.2.7: bought a gold ring for 12.5
              hostname = web1
              program = app
              message = user  from 192.0.2.7 bought a gold ring for 12.5
              time = Mar  1 10:00:00
              host = web1
              pid = 7
              user = 
              src_ip = 192.0.2.7
              rest = bought a gold ring for 12.5
              goods = a gold ring
              price = 12.5
            syslog linux 2026-03-01T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=web1 | process=app | pid=x | app=app | message=user alice from 192.0.2.7 logged in
              hostname = web1
              program = app
              pid = x
              message = user alice from 192.0.2.7 logged in
        "#]],
    );
}

#[test]
fn every_kind_of_field_ends_where_it_should() {
    check(
        r#"
name: kinds
pattern:
  - '{at:time} {level:word} ({ms:int}ms, {load:float}) {ok:bool} {peer:ip}:{port:int} {agent:quoted} {_} <{{{left}}}> {rest*}'
  - '[{at}] {text}'
fields:
  at: {type: time, format: '%d.%m.%Y %H:%M:%S%.f'}
"#,
        Some("kinds"),
        &[
            r#"01.03.2026 10:00:00.25   WARN   (12ms, 0.5) yes 192.0.2.7:443 "a \"b\"" skipped <{x}> the   rest "#,
            r#"01.03.2026 10:00:00 WARN (-12ms, 1e3) off [2001:db8::1]:443 "" - <{}> "#,
            r#"01.03.2026 10:00:00 WARN (12ms, 0.5) yes 2001:db8::1:443 "a" - <{x}> z"#,
            "[01.03.2026 10:00:00] hello",
            "[1 March 2026] hello",
            "01.03.2026 10:00:00 WARN (xms, 0.5) yes 192.0.2.7:443 \"\" - <{x}> z",
        ],
        &expect![[r#"
            kinds linux 2026-03-01T10:00:00.25Z | class=0 | -/unknown
              at = 01.03.2026 10:00:00.25
              level = WARN
              ms = 12
              load = 0.5
              ok = true
              peer = 192.0.2.7
              port = 443
              agent = a "b"
              left = x
              rest = the   rest
            dead malformed: expected kinds
            kinds linux 2026-03-01T10:00:00Z | class=0 | -/unknown
              at = 01.03.2026 10:00:00
              level = WARN
              ms = 12
              load = 0.5
              ok = true
              peer = 2001:db8::1
              port = 443
              agent = a
              left = x
              rest = z
            kinds linux 2026-03-01T10:00:00Z | class=0 | -/unknown
              at = 01.03.2026 10:00:00
              text = hello
            dead malformed: expected kinds
            dead malformed: expected kinds
        "#]],
    );
}

#[test]
fn a_regex_gives_its_named_groups() {
    check(
        r"
name: worker
applies_to: {starts_with: ['worker ', 'WORKER ']}
regex:
  - '^(?i:worker) (?<id>\d+): (?<result>ok|failed)(?: after (?<took>\d+) ms)?'
fields:
  id: int
  took: {type: int, rename: took_ms}
mapping:
  outcome: {field: result, values: {ok: success, failed: failure}}
  severity: {field: result, values: {FAILED: medium}, default: informational}
",
        None,
        &["worker 12: ok after 30 ms", "WORKER 13: failed", "worker x: ok"],
        &expect![[r#"
            worker linux 2026-03-01T12:00:00Z | class=0 | -/success | problem=no time in the record, arrival time taken
              id = 12
              result = ok
              took_ms = 30
            worker linux 2026-03-01T12:00:00Z | class=0 | -/failure | problem=no time in the record, arrival time taken
              id = 13
              result = failed
            text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=worker x: ok | problem=no known format, kept as text; no time in the record, arrival time taken
              message = worker x: ok
        "#]],
    );
}

#[test]
fn pairs_csv_and_json_are_read() {
    check(
        r#"
name: gate
applies_to: {starts_with: 'gate '}
key_value: {quotes: ['"', "'"]}
fields:
  at: {type: time, rename: time, format: '%s'}
  door: {drop: true}
  badge: int
mapping: {user: [who, badge], file: {literal: front door}}
---
name: visits
applies_to: {programs: [visitd]}
csv: {columns: [time, user, _, state, client], delimiter: ';', columns_min: 4}
mapping: {src_ip: client}
---
name: cloudy
applies_to: {equals: {vendor: cloudy}, has: [action]}
json: {paths: {login: actor.login, address: actor.ip}}
fields:
  when: {type: time}
  detail: json
mapping: {user: login, src_ip: address, time: when, mart: cloud}
"#,
        None,
        &[
            r#"gate at=1772359200 who="Alice \"A\" Doe" door=3 badge=77 note='a b' stray"#,
            "gate badge=x7",
            "<13>Mar  1 10:00:00 web1 visitd[3]: 2026-03-01 09:59:59;bob;x;\"in; late\";192.0.2.9",
            "<13>Mar  1 10:00:00 web1 visitd[3]: too;few",
            r#"{"vendor":"cloudy","action":"login","actor":{"login":"carol","ip":"192.0.2.8"},"when":1772359200,"detail":"{\"a\":{\"b\":1}}"}"#,
            r#"{"vendor":"other","action":"login"}"#,
            r#"<13>Mar  1 10:00:00 web1 cloudyd: {"vendor":"cloudy","action":"x","detail":"no object"}"#,
        ],
        &expect![[r#"
            gate linux 2026-03-01T10:00:00Z | class=0 | -/unknown | user=Alice "A" Doe | file=front door | problem=words that are no pairs left out: 1
              time = 1772359200
              who = Alice "A" Doe
              badge = 77
              note = a b
            gate linux 2026-03-01T12:00:00Z | class=0 | -/unknown | user=x7 | file=front door | problem=no time in the record, arrival time taken; badge is no whole number, kept as it is
              badge = x7
            visits linux 2026-03-01T09:59:59Z | class=0 | -/unknown | product=linux | service=syslog | host=web1 | user=bob | src=192.0.2.9 | process=visitd | pid=3 | app=visitd | message=2026-03-01 09:59:59;bob;x;"in; late";192.0.2.9
              facility = user
              severity = notice
              hostname = web1
              program = visitd
              pid = 3
              message = 2026-03-01 09:59:59;bob;x;"in; late";192.0.2.9
              time = 2026-03-01 09:59:59
              user = bob
              state = in; late
              client = 192.0.2.9
            syslog linux 2026-03-01T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=web1 | process=visitd | pid=3 | app=visitd | message=too;few
              facility = user
              severity = notice
              hostname = web1
              program = visitd
              pid = 3
              message = too;few
            cloudy cloud 2026-03-01T10:00:00Z | class=0 | -/unknown | user=carol | src=192.0.2.8
              vendor = cloudy
              action = login
              actor.login = carol
              actor.ip = 192.0.2.8
              when = 1772359200
              a.b = 1
              login = carol
              address = 192.0.2.8
            json cloud 2026-03-01T12:00:00Z | class=0 | -/unknown | problem=no time in the record, arrival time taken
              vendor = other
              action = login
            cloudy cloud 2026-03-01T10:00:00Z | class=0 | -/unknown | host=web1 | problem=detail is no JSON object, kept as text
              vendor = cloudy
              action = x
              detail = no object
        "#]],
    );
}

#[test]
fn samples_say_what_does_not_hold() {
    let text = r"
name: shop
applies_to: {starts_with: 'shop '}
pattern: 'shop {time} {user} {n:int}'
samples:
  - name: right
    record: 'shop 2026-03-01T10:00:00Z alice 1'
    expect: {user: alice, time: '2026-03-01T11:00:00+01:00', class: base, fields: {n: 1}}
  - name: wrong values
    record: 'shop 2026-03-01T10:00:00Z alice 1'
    expect:
      user: bob
      time: 2026-03-01T10:00:01Z
      fields:
        n: 2
        m: 1
  - name: not of it
    record: 'shop is closed'
    expect: {user: bob}
  - name: is of it
    record: 'shop 2026-03-01T10:00:00Z alice 1'
    expect: none
  - name: is not of it
    record: 'shop is closed'
    expect: none
  - name: of another
    record: 'Mar  1 10:00:00 web1 sshd[7]: Accepted password for root from 192.0.2.7 port 22 ssh2'
    expect: {user: root}
---
name: other
applies_to: {starts_with: 'shop 2026'}
pattern: 'shop {x}'
samples:
  - record: 'shop 2026-03-01T10:00:00Z alice 1'
    expect: {}
---
name: only_by_name
pattern: '{x}-{y}'
samples:
  - record: 'a-b'
    expect: {fields: {y: b}, problem: 'no time in the record, arrival time taken'}
  - record: 'ab'
    expect: none
";
    let declared = good(text);
    assert_eq!((declared.len(), declared.samples()), (3, 9));
    let said: Vec<String> = declared
        .check_samples()
        .iter()
        .map(|problem| format!("{} {}", problem.format.as_deref().unwrap_or_default(), problem))
        .collect();
    expect![[r#"
        shop pack/formats/a.yml:12: sample "wrong values": user must be "bob" and is "alice"
        shop pack/formats/a.yml:13: sample "wrong values": time must be "2026-03-01T10:00:01Z" and is "2026-03-01T10:00:00Z"
        shop pack/formats/a.yml:15: sample "wrong values": the field n must be "2" and is "1"
        shop pack/formats/a.yml:16: sample "wrong values": it has no field `m`; use one of time, user, n
        shop pack/formats/a.yml:17: sample "not of it": it cannot be read this way, so it was read as text
        shop pack/formats/a.yml:20: sample "is of it": it must not be of this format, but it is
        shop pack/formats/a.yml:26: sample "of another": it cannot be read this way, so it was read as syslog
        other pack/formats/a.yml:34: sample "unnamed": the format shop reads it first: make its `applies_to` narrower, or that of other
    "#]].assert_eq(&(said.join("\n") + "\n"));
}

#[test]
fn built_in_formats_come_first_unless_they_are_replaced() {
    let mine = |extra: &str| {
        good(&format!(
            "name: mine\n{extra}applies_to: {{contains: ['Accepted ']}}\npattern: 'Accepted {{rest*}}'\n"
        ))
    };
    let json = |extra: &str| {
        good(&format!(
            "name: mine\n{extra}applies_to: {{has: [eventName]}}\njson: {{}}\nmapping: {{time: eventTime}}\n"
        ))
    };
    let sshd =
        "<38>Mar  1 10:00:00 web1 sshd[811]: Accepted password for root from 192.0.2.7 port 40022 ssh2";
    let trail = crate::formats().iter().find(|format| format.name == "cloudtrail").unwrap().sample;
    let cases = [
        (mine(""), sshd, None, "syslog"),
        (mine("replaces: syslog\n"), sshd, None, "mine"),
        (mine("replaces: syslog\n"), sshd, Some("syslog"), "mine"),
        (mine(""), "Accepted as it is", None, "mine"),
        (mine(""), "Refused as it is", None, "text"),
        (mine(""), "Refused as it is", Some("mine"), "dead"),
        (mine(""), "Accepted as it is", Some("text"), "text"),
        (json(""), trail, None, "cloudtrail"),
        (json("replaces: cloudtrail\n"), trail, None, "mine"),
        (json("replaces: cloudtrail\n"), trail, Some("cloudtrail"), "mine"),
        (json("replaces: cloudtrail\n"), trail, Some("json"), "json"),
        (json(""), r#"{"eventName":"x"}"#, None, "mine"),
        (json(""), r#"{"eventName":"x"}"#, Some("cloudtrail"), "dead"),
        (json(""), r#"{"other":"x"}"#, None, "json"),
    ];
    for (declared, line, name, expected) in cases {
        let source = source(name);
        let got = match decode(&declared, &source, line) {
            Decoded::Event(event) => event.format.to_string(),
            Decoded::Dead { .. } => "dead".to_owned(),
        };
        assert_eq!(got, expected, "{line} as {name:?}");
    }
}

#[test]
fn the_decoder_knows_declared_formats_by_name() {
    let options = DecodeOptions { declared: good(SHOP), ..DecodeOptions::default() };
    let decoder = Decoder::new(options);
    assert!(decoder.knows_format("shop") && decoder.knows_format("auto") && decoder.knows_format("evtx"));
    assert!(!decoder.knows_format("shops"));
    let titles: Vec<&str> =
        decoder.formats().filter(|format| format.name == "shop").map(|format| format.title).collect();
    assert_eq!(titles, ["the Shop application's log"]);
    assert!(!Decoder::new(DecodeOptions::default()).knows_format("shop"));
}

#[test]
fn names_of_built_in_samples_are_not_taken_by_declared_formats() {
    let declared = good(
        "name: greedy\napplies_to: {contains: ['e']}\npattern: '{rest*}'\n---\nname: greedy_json\napplies_to: {has: [eventName]}\njson: {}\n",
    );
    for format in crate::formats().iter().filter(|format| !format.sample.is_empty()) {
        let source = source(None);
        let Decoded::Event(event) = decode(&declared, &source, format.sample) else {
            panic!("{}", format.name)
        };
        let is_general = matches!(format.name, "text" | "json" | "syslog" | "logfmt" | "otlp" | "shipper");
        assert!(event.format == format.name || is_general, "{}: {}", format.name, event.format);
    }
}

#[test]
fn files_of_formats_are_told_from_rules() {
    assert!(is_format_file(SHOP));
    assert!(!is_format_file("title: x\nname: y\nlogsource: {product: linux}\ndetection:\n  a: {json: 1}\n"));
    assert!(!is_format_file("name: y\nrule: x\nsamples: []\n"));
}

/// Law LIMIT: lines of a quarter of a megabyte that would take minutes each if any part of them was read again and again.
#[test]
fn long_lines_are_read_once() {
    let declared = good(
        "name: pattern\npattern: '{a} {b} {c:quoted} x {d:ip}: {e} y {f*}'\n---\nname: pairs\nkey_value: true\n---\n\
         name: list\nkey_value: {pair_separator: ', ', value_separator: ': '}\n---\n\
         name: table\ncsv: {columns: [a, b], columns_min: 1}\n---\nname: regex\nregex: '(?<a>(x+x+)+)y'\n---\n\
         name: cases\npattern: '{a}'\ncases: [{when: {a: {like: '*a*a*b*a*c*'}}, outcome: success}]\n",
    );
    const LENGTH: usize = 1 << 18;
    let units = ["a ", " ", "x", "=", "a=", ", ", "\"", "\",", "\\", "a x \"", "1.", "::", "a, b: "];
    for name in ["pattern", "pairs", "list", "table", "regex", "cases"] {
        let source = source(Some(name));
        for unit in units {
            for ends in ["", "=", "y", "\""] {
                let line = unit.repeat(LENGTH / unit.len()) + ends;
                let decoded = decode(&declared, &source, &line);
                let Decoded::Event(event) = decoded else { continue };
                assert!(event.fields.len() <= 1_024, "{name} {unit:?}");
            }
        }
    }
}

/// What a careless or hostile author could write: all shapes of braces, kinds and separators.
fn templates() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{a}"),
        Just("{b:int}"),
        Just("{c:ip}"),
        Just("{d:word}"),
        Just("{e:quoted}"),
        Just("{f:time}"),
        Just("{g:float}"),
        Just("{h:bool}"),
        Just("{i*}"),
        Just("{_}"),
        Just(" "),
        Just("  "),
        Just(":"),
        Just("ü"),
        Just("{{"),
        Just("}}"),
        Just("{"),
        Just("}"),
        Just("aaa"),
        Just("\""),
        Just("["),
        Just("%"),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn lines() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ a\":ü0-9.\\[\\]{}=,;%+-]{0,80}",
        "(a |: |192.0.2.7|2001:db8::1|\"a\\\\\"\"|2026-03-01T10:00:00Z|Mar  1 10:00:00|yes| 12|ü){0,12}",
        "\\PC{0,60}",
    ]
}

proptest! {
    /// Law LIMIT, law LOSS: no template and no line makes the decoder panic or lose the line.
    #[test]
    fn hostile_patterns_and_lines_do_no_harm(template in templates(), line in lines()) {
        let quoted = template.replace('\'', "''");
        let (declared, problems) = compile(&format!("name: a\npattern: '{quoted}'\n"));
        prop_assert!(!declared.is_empty() || !problems.is_empty());
        if !declared.is_empty() {
            let source = source(Some("a"));
            let _ = decode(&declared, &source, &line);
        }
    }

    #[test]
    fn hostile_definitions_do_no_harm(
        key in "(pattern|regex|key_value|csv|json|fields|mapping|cases|samples|applies_to|extract|replaces)",
        value in "[a-c \\n:\\-\\[\\]{}&*!|>'\"#%?,~0-9()+]{0,80}",
        line in lines(),
    ) {
        let (declared, _) = compile(&format!("name: a\npattern: '{{x}} {{y}}'\n{key}: {value}\n"));
        let source = source(None);
        let _ = decode(&declared, &source, &line);
        let _ = declared.check_samples();
    }

    #[test]
    fn hostile_regexes_do_no_harm(regex in "[a-c().|*+?\\[\\]{}0-9\\\\^$<>:P]{0,40}", line in lines()) {
        let quoted = regex.replace('\'', "''");
        let (declared, _) = compile(&format!("name: a\nregex: '(?<x>{quoted})'\n"));
        if !declared.is_empty() {
            let source = source(Some("a"));
            let _ = decode(&declared, &source, &line);
        }
    }

    /// Whatever the separators are, the values of pairs and columns are parts of the line.
    #[test]
    fn hostile_separators_do_no_harm(
        pair in "( |,|;|, |=|ü|aa)",
        value in "(=|:|: |a|==)",
        line in lines(),
    ) {
        let text = format!(
            "name: a\nkey_value: {{pair_separator: '{pair}', value_separator: '{value}'}}\n---\n\
             name: b\ncsv: {{columns: [a, b, c], columns_min: 1, delimiter: '{}'}}\n",
            pair.chars().next().filter(char::is_ascii).unwrap_or(','),
        );
        let (declared, _) = compile(&text);
        for name in ["a", "b"] {
            let source = source(Some(name));
            if let Decoded::Event(event) = decode(&declared, &source, &line) {
                let length: usize = event.fields.iter().map(|(_, value)| value.as_text().len()).sum();
                prop_assert!(event.format != name || length <= 4 * line.len(), "{event:?}");
            }
        }
    }
}

/// The guide's example is one that works.
#[test]
fn the_example_of_the_guide_holds() {
    let guide = include_str!("../../../../docs/formats-of-your-own.md");
    let example = guide.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (declared, problems) = compile(example);
    assert_eq!(problems, []);
    assert_eq!(declared.check_samples(), []);
    assert_eq!((declared.len(), declared.samples()), (1, 4));
}
