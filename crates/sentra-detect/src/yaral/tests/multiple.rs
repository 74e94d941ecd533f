//! Joins of several event variables.

use super::{Happening, evidence, found};

fn event(time: i64, kind: &'static str, fields: &[(&'static str, &'static str)]) -> Happening<'static> {
    let mut all = vec![("metadata.product_event_type", kind)];
    all.extend_from_slice(fields);
    (time, all)
}

const LOGIN_THEN_SHARE: &str = "rule r { events:
    $l.metadata.product_event_type = \"login\" $l.principal.user.userid = $user
    $s.metadata.product_event_type = \"share\" $s.principal.user.userid = $user
    $l.metadata.event_timestamp.seconds < $s.metadata.event_timestamp.seconds
    match: $user over 10m
    outcome: $files = array_distinct($s.target.file.full_path) $n = count_distinct($s.metadata.id)
    condition: $l and $s }";

#[test]
fn a_placeholder_joins_and_conditions_between_events_hold() {
    let user = |name: &'static str, file: &'static str| {
        [("principal.user.userid", name), ("target.file.full_path", file)]
    };
    let events = [
        event(0, "share", &user("ann", "early")),
        event(10, "login", &user("ann", "")),
        event(20, "share", &user("ann", "x")),
        event(30, "share", &user("bob", "y")),
        event(40, "share", &user("ann", "z")),
    ];
    let matches = found(LOGIN_THEN_SHARE, &events);
    assert_eq!(evidence(&matches), [[1, 2, 4]]);
    assert_eq!(matches[0].group, [("user".to_owned(), "ann".to_owned())]);
    assert_eq!(matches[0].values["$files"].shown, ["x", "z"]);
    assert_eq!(matches[0].values["$n"].shown, ["2"]);
    // In whatever order they arrive: the login comes last.
    let late = [events[2].clone(), events[4].clone(), events[1].clone()];
    assert_eq!(super::found_late(LOGIN_THEN_SHARE, &late, 100).len(), 1);
}

#[test]
fn fields_join_directly_and_through_others() {
    let text = "rule r { events:
        $a.metadata.product_event_type = \"a\" $a.principal.ip = $ip $a.target.user.userid = $u
        $b.metadata.product_event_type = \"b\" $b.principal.ip = $a.principal.ip
        $b.target.resource.name = $c.target.resource.name
        $c.metadata.product_event_type = \"c\"
        $a.principal.hostname != $b.principal.hostname
        match: $u over 10m condition: $a and $b and $c }";
    let a = |ip: &'static str| {
        event(0, "a", &[("principal.ip", ip), ("target.user.userid", "u"), ("principal.hostname", "h1")])
    };
    let b = |name: &'static str, host: &'static str| {
        event(
            1,
            "b",
            &[("principal.ip", "1.1.1.1"), ("target.resource.name", name), ("principal.hostname", host)],
        )
    };
    let c = |name: &'static str| event(2, "c", &[("target.resource.name", name)]);
    assert_eq!(evidence(&found(text, &[a("1.1.1.1"), b("r", "h2"), c("r")])), [[0, 1, 2]]);
    assert!(found(text, &[a("2.2.2.2"), b("r", "h2"), c("r")]).is_empty());
    assert!(found(text, &[a("1.1.1.1"), b("r", "h2"), c("q")]).is_empty());
    assert!(found(text, &[a("1.1.1.1"), b("r", "h1"), c("r")]).is_empty(), "the hosts must differ");
}

#[test]
fn one_of_several_fields_can_give_a_placeholder_its_value() {
    let text = "rule r { events:
        ($e.principal.user.userid = $who or $e.target.user.userid = $who)
        match: $who over 10m condition: #e >= 2 }";
    let first = event(0, "e", &[("principal.user.userid", "ann"), ("target.user.userid", "bob")]);
    let second = event(1, "e", &[("principal.user.userid", "bob"), ("target.user.userid", "cid")]);
    let matches = found(text, &[first, second]);
    assert_eq!(matches.len(), 1);
    assert_eq!(matches[0].group, [("who".to_owned(), "bob".to_owned())]);
}

#[test]
fn distinct_values_of_a_placeholder_are_counted() {
    let text = "rule r { events: $e.principal.user.userid = $user $e.target.process.command_line = $cmd
        match: $user over 10m condition: $e and #cmd > 2 }";
    let command = |time: i64, command: &'static str| {
        event(time, "e", &[("principal.user.userid", "ann"), ("target.process.command_line", command)])
    };
    assert!(found(text, &[command(0, "a"), command(1, "b"), command(2, "a"), command(3, "")]).is_empty());
    assert_eq!(found(text, &[command(0, "a"), command(1, "b"), command(2, "c")]).len(), 1);
}

#[test]
fn several_match_variables_and_repeated_ones() {
    let text = "rule r { events: $e.principal.user.userid = $user $e.principal.ip = $ip
        match: $user, $ip over 10m condition: #e >= 2 }";
    let events = [
        event(
            0,
            "e",
            &[("principal.user.userid", "ann"), ("principal.ip", "1.1.1.1"), ("principal.ip", "2.2.2.2")],
        ),
        event(1, "e", &[("principal.user.userid", "ann"), ("principal.ip", "2.2.2.2")]),
        event(2, "e", &[("principal.user.userid", "bob"), ("principal.ip", "1.1.1.1")]),
    ];
    let matches = found(text, &events);
    assert_eq!(evidence(&matches), [[0, 1]]);
    assert_eq!(matches[0].group[1], ("ip".to_owned(), "2.2.2.2".to_owned()));
}

#[test]
fn a_match_variable_of_one_event_only() {
    // The key is known of one event alone: they are put together before it is.
    let text = "rule r { events:
        $a.metadata.product_event_type = \"a\" $a.principal.user.userid = $who $a.principal.ip = $ip
        $b.metadata.product_event_type = \"b\" $b.principal.ip = $ip
        match: $who over 10m condition: $a and #b >= 2 }";
    let a = |time: i64, who: &'static str, ip: &'static str| {
        event(time, "a", &[("principal.user.userid", who), ("principal.ip", ip)])
    };
    let b = |time: i64, ip: &'static str| event(time, "b", &[("principal.ip", ip)]);
    let events =
        [b(0, "1.1.1.1"), a(1, "ann", "1.1.1.1"), a(2, "bob", "2.2.2.2"), b(3, "2.2.2.2"), b(4, "1.1.1.1")];
    let matches = found(text, &events);
    assert_eq!(evidence(&matches), [[0, 1, 4]]);
    assert_eq!(matches[0].group[0].1, "ann");
}
