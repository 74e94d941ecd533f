use expect_test::expect;

use super::tests::compile;
use super::*;

#[test]
fn faults_are_said_with_their_line_and_what_would_be_right() {
    let cases = [
        "name: a\npatern: '{x}'\n",
        "name: a\npattern: '{x} {y'\n",
        "name: a\npattern: {x}\n",
        "name: a\npattern: '{x}{y}'\n",
        "name: a\npattern: '{x*} {y}'\n",
        "name: a\npattern: '{x} {x}'\n",
        "name: a\npattern: '{x:integer}'\n",
        "name: a\npattern: no field\n",
        "name: a\npattern: '{x}'\nregex: '(?<x>.)'\n",
        "name: a\ntitle: b\n",
        "name: syslog\npattern: '{x}'\n",
        "name: My Format\npattern: '{x}'\n",
        "pattern: '{x}'\n",
        "name: a\nregex: '(?<x>a{1000}){1000}'\n",
        "name: a\nregex: '(?<x>'\n",
        "name: a\nregex: 'x+'\n",
        "name: a\nregex: '(?<x>a)(?=b)'\n",
        "name: a\nreplaces: cloudtrial\njson: {}\n",
        "name: a\nreplaces: cloudtrail\npattern: '{x}'\n",
        "name: a\napplies_to:\n  has: [x]\npattern: '{x}'\n",
        "name: a\napplies_to:\n  contain: [x]\npattern: '{x}'\n",
        "name: a\napplies_to:\n  programs: [sshd]\npattern: '{x}'\n",
        "name: a\ncsv:\n  columns: [a, a]\n",
        "name: a\ncsv:\n  columns: [a]\n  delimiter: tabs\n",
        "name: a\npattern: '{x}'\nfields:\n  x: integer\n",
        "name: a\npattern: '{x}'\nfields:\n  y: int\n",
        "name: a\npattern: '{x}'\nfields:\n  x:\n    format: 'yyyy-mm-dd'\n",
        "name: a\npattern: '{x}'\nfields:\n  x: {format: '%H:%M:%S'}\n",
        "name: a\npattern: '{x}'\nfields:\n  x: {format: '%J'}\n",
        "name: a\npattern: '{x}'\nfields:\n  x: {type: time, zone: Mars}\n",
        "name: a\npattern: '{usr}'\nmapping:\n  user: user\n",
        "name: a\npattern: '{usr}'\nmapping:\n  host: {literal: x}\n  message: 'hi {user}'\n",
        "name: a\npattern: '{x}'\nmapping:\n  source_ip: x\n",
        "name: a\npattern: '{x}'\nmapping:\n  mart: linus\n",
        "name: a\npattern: '{x}'\nmapping:\n  class: authentification\n",
        "name: a\npattern: '{x}'\nmapping:\n  severity: {field: x}\n",
        "name: a\npattern: '{x}'\ncases:\n  - code: LL03\n",
        "name: a\npattern: '{x}'\ncases:\n  - when: {x: b}\n    code: LL99\n",
        "name: a\npattern: '{x}'\ncases:\n  - when: {y: b}\n    outcome: failed\n",
        "name: a\npattern: '{x}'\ncases:\n  - when: {x: {is: b}}\n",
        "name: a\npattern: '{x}'\nsamples:\n  - record: b\n",
        "name: a\npattern: '{x}'\nsamples:\n  - record: b\n    expect: {users: b}\n",
        "name: a\nname: b\n",
        "name: [a\n",
        "- a\n",
        "# nothing\n",
        "name: a\npattern: '{x}'\n---\nname: a\npattern: '{x}'\n",
    ];
    let mut said = String::new();
    for text in cases {
        let (_, problems) = compile(text);
        let problems = problems.iter().filter(|problem| !problem.message.contains("no `samples`"));
        said += &format!("{}\n", text.trim_end().replace('\n', "⏎"));
        for problem in problems {
            let severity = if problem.severity == FormatProblemSeverity::Error { "error" } else { "warning" };
            said += &format!("  {}: {severity}: {}\n", problem.line, problem.message);
        }
    }
    expect![[r#"
        name: a⏎patern: '{x}'
          2: error: unknown key `patern` in a format, did you mean `pattern`?
          1: error: a format needs one of pattern, regex, key_value, csv, json: it says how a record is read
        name: a⏎pattern: '{x} {y'
          2: error: pattern: a brace without its partner; a brace of the line itself is written {{ or }}
        name: a⏎pattern: {x}
          2: error: pattern must be a text; a text that begins with { needs quotes around it
        name: a⏎pattern: '{x}{y}'
          2: error: pattern: nothing stands between {x} and {y}, so the end of the first is not known: put a text between them or give the first a kind, such as {x:word}
        name: a⏎pattern: '{x*} {y}'
          2: error: pattern: a field with * takes all that is left, so it must be the last
        name: a⏎pattern: '{x} {x}'
          2: error: pattern: the field `x` is there twice
        name: a⏎pattern: '{x:integer}'
          2: error: pattern: there is no kind `integer`; use one of text, word, int, float, bool, ip, quoted, time
        name: a⏎pattern: no field
          2: error: pattern: a pattern needs at least one {field}
        name: a⏎pattern: '{x}'⏎regex: '(?<x>.)'
          3: error: a format has one of pattern, regex, key_value, csv, json only; `regex` is too much
        name: a⏎title: b
          1: error: a format needs one of pattern, regex, key_value, csv, json: it says how a record is read
        name: syslog⏎pattern: '{x}'
          1: error: `syslog` is the name of a built-in format: take another, and `replaces: syslog` to come before it
        name: My Format⏎pattern: '{x}'
          1: error: name: `My Format` must be small letters, digits and _, at most 64
        pattern: '{x}'
          1: error: a format needs a `name`, as in --format NAME
        name: a⏎regex: '(?<x>a{1000}){1000}'
          2: error: regex: compiled it takes more than the 1048576 bytes allowed; repeat less
        name: a⏎regex: '(?<x>'
          2: error: regex: unclosed group
        name: a⏎regex: 'x+'
          2: error: regex: it has no named group, such as (?<user>[a-z]+)
        name: a⏎regex: '(?<x>a)(?=b)'
          2: error: regex: look-around, including look-ahead and look-behind, is not supported
        name: a⏎replaces: cloudtrial⏎json: {}
          2: error: replaces: no built-in format `cloudtrial` reads JSON objects, did you mean `cloudtrail`?
        name: a⏎replaces: cloudtrail⏎pattern: '{x}'
          2: error: replaces: no built-in format `cloudtrail` reads lines of text; use one of vpc_flow, cef, leef, panos, fortigate, cisco, suricata_fast, snort, zeek_tsv, auditd, netfilter, dnsmasq, bind, nginx, apache, squid, haproxy, web_access, openvpn, postfix, dovecot, vsftpd, proftpd, mysql, postgresql, charon, w3c, logfmt, syslog
        name: a⏎applies_to:⏎  has: [x]⏎pattern: '{x}'
          3: error: `has` does not fit this format: it is told from others by starts_with and contains
        name: a⏎applies_to:⏎  contain: [x]⏎pattern: '{x}'
          3: error: unknown key `contain` in applies_to, did you mean `contains`?
        name: a⏎applies_to:⏎  programs: [sshd]⏎pattern: '{x}'
          3: warning: messages of `sshd` are read by the format syslog: say `replaces: syslog` to come before it
        name: a⏎csv:⏎  columns: [a, a]
          3: error: the column `a` is there twice
        name: a⏎csv:⏎  columns: [a]⏎  delimiter: tabs
          4: error: delimiter: `tabs` is not one ASCII character, did you mean `tab`?
        name: a⏎pattern: '{x}'⏎fields:⏎  x: integer
          4: error: there is no type `integer`; use one of text, int, float, bool, ip, time, key_value, json
        name: a⏎pattern: '{x}'⏎fields:⏎  y: int
          4: error: fields: there is no field `y`; use one of x
        name: a⏎pattern: '{x}'⏎fields:⏎  x:⏎    format: 'yyyy-mm-dd'
          5: error: `yyyy-mm-dd` has no directives: write them as strptime does (%Y-%m-%d %H:%M:%S), or leave `format` out for ISO times, syslog times, web server times and Unix seconds
        name: a⏎pattern: '{x}'⏎fields:⏎  x: {format: '%H:%M:%S'}
          4: error: `%H:%M:%S` gives no date: it needs at least a month and a day, or %s
        name: a⏎pattern: '{x}'⏎fields:⏎  x: {format: '%J'}
          4: error: `%J` cannot be read as a time: strftime formatting failed: found unrecognized specifier directive `J`
        name: a⏎pattern: '{x}'⏎fields:⏎  x: {type: time, zone: Mars}
          4: error: `Mars` is no zone: write UTC or a distance from it such as +01:00
        name: a⏎pattern: '{usr}'⏎mapping:⏎  user: user
          4: error: mapping: there is no field `user`, did you mean `usr`?
        name: a⏎pattern: '{usr}'⏎mapping:⏎  host: {literal: x}⏎  message: 'hi {user}'
          5: error: mapping: there is no field `user`, did you mean `usr`?
        name: a⏎pattern: '{x}'⏎mapping:⏎  source_ip: x
          4: error: unknown key `source_ip` in mapping; use one of time, mart, product, service, class, code, outcome, severity, host, user, target_user, src_ip, src_port, dst_ip, dst_port, process, pid, parent_process, command, session, file, domain, app, virtual_entity, message, count
        name: a⏎pattern: '{x}'⏎mapping:⏎  mart: linus
          4: error: there is no mart `linus`, did you mean `linux`?
        name: a⏎pattern: '{x}'⏎mapping:⏎  class: authentification
          4: error: class: there is no class `authentification`, did you mean `authentication`?
        name: a⏎pattern: '{x}'⏎mapping:⏎  severity: {field: x}
          4: error: severity needs `field` and `values`, or one fixed value in their place
        name: a⏎pattern: '{x}'⏎cases:⏎  - code: LL03
          4: error: a case needs `when`, a map of fields and the values they must have
        name: a⏎pattern: '{x}'⏎cases:⏎  - when: {x: b}⏎    code: LL99
          5: error: code: there is no code `LL99`; LL03 is a failed login, the list is in the documentation
        name: a⏎pattern: '{x}'⏎cases:⏎  - when: {y: b}⏎    outcome: failed
          5: error: outcome: `failed` is no outcome; use one of success, failure, unknown
          4: error: cases: there is no field `y`; use one of x
        name: a⏎pattern: '{x}'⏎cases:⏎  - when: {x: {is: b}}
          4: error: unknown key `is` in a condition; use one of equals, one_of, not, like, present
        name: a⏎pattern: '{x}'⏎samples:⏎  - record: b
          4: error: a sample needs `expect`: columns and their values, or none
          4: warning: no sample is of this format: add a record with the values it must have
        name: a⏎pattern: '{x}'⏎samples:⏎  - record: b⏎    expect: {users: b}
          5: error: unknown key `users` in expect, did you mean `user`?
        name: a⏎name: b
          2: error: `name` is there twice, first in line 1
        name: [a
          2: error: not valid YAML: while parsing a flow sequence, expected ',' or ']'
        - a
          1: error: a format must be a map of keys and values
        # nothing
          1: error: there is no format in this file
        name: a⏎pattern: '{x}'⏎---⏎name: a⏎pattern: '{x}'
          4: warning: `a` is declared in pack/formats/a.yml:1 already, which counts
    "#]].assert_eq(&said);
}

/// Law LIMIT.
#[test]
fn limits_have_names_and_are_kept() {
    let fields: String = (0..=pattern::PATTERN_FIELDS_MAX).map(|index| format!("{{f{index}}} ")).collect();
    let patterns = "  - '{x}'\n".repeat(65);
    let columns: Vec<String> = (0..513).map(|index| format!("c{index}")).collect();
    let formats: String = (0..65).map(|index| format!("---\nname: a{index}\npattern: '{{x}}'\n")).collect();
    let cases = [
        (format!("name: a\npattern: '{fields}'\n"), "65 fields are more than the 64"),
        (format!("name: a\npattern: '{{x}} {}'\n", "y".repeat(keys::TEXT_BYTES_MAX)), "longer than the 4096"),
        (format!("name: a\npattern:\n{patterns}"), "65 entries, 64 are allowed"),
        (format!("name: a\ncsv: {{columns: [{}]}}\n", columns.join(", ")), "1 to 512"),
        (formats, "65 formats are more than the 64"),
    ];
    for (text, wanted) in cases {
        let (_, problems) = compile(&text);
        assert!(problems.iter().any(|problem| problem.message.contains(wanted)), "{wanted}: {problems:?}");
    }
    let files: Vec<_> = (0..=FORMATS_MAX)
        .map(|index| (format!("{index}.yml"), format!("name: a{index}\npattern: '{{x}}'\n")))
        .collect();
    let (declared, problems) = Declared::compile(&files);
    assert_eq!(declared.len(), FORMATS_MAX);
    assert!(problems.iter().any(|problem| problem.message.contains("more than the 512 formats")));
}
