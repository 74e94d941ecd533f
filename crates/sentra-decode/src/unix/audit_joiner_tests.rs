use proptest::prelude::*;

use super::*;

/// What comes out of the joiner for these lines; positions count from 1.
fn join(lines: &[impl AsRef<[u8]>]) -> Vec<(u64, String)> {
    let mut out = Vec::new();
    let mut emit =
        |position: u64, bytes: &[u8]| out.push((position, String::from_utf8_lossy(bytes).into_owned()));
    let mut joiner = AuditJoiner::new();
    for (index, line) in lines.iter().enumerate() {
        joiner.push(index as u64 + 1, line.as_ref(), &mut emit);
    }
    joiner.finish(&mut emit);
    assert_eq!((joiner.pending_events(), joiner.pending_bytes), (0, 0));
    out
}

fn line(kind: &str, serial: u64) -> String {
    format!("type={kind} msg=audit(1772359200.{:03}:{serial}): pid={serial}", serial % 1_000)
}

#[test]
fn lines_of_one_event_become_one_record() {
    let lines = [
        line("SYSCALL", 1),
        line("EXECVE", 1),
        "Mar  1 10:00:00 h cron[1]: other".to_owned(),
        line("PATH", 1),
        line("PROCTITLE", 1),
        line("USER_LOGIN", 2),
        line("SYSCALL", 3),
    ];
    let out = join(&lines);
    let joined = [&lines[0], &lines[1], &lines[3], &lines[4]].map(String::as_str).join("\n");
    let expected = [(3, lines[2].clone()), (1, joined), (6, lines[5].clone()), (7, lines[6].clone())];
    assert_eq!(out, expected);
}

#[test]
fn closing_lines_are_waited_for_once_there_was_one() {
    let mut lines = Vec::new();
    for serial in 1..=3 {
        for kind in ["SYSCALL", "PROCTITLE", "EOE"] {
            lines.push(line(kind, serial));
        }
    }
    // Two events in one another.
    lines.extend([line("SYSCALL", 4), line("SYSCALL", 5), line("PROCTITLE", 4), line("PROCTITLE", 5)]);
    lines.extend([line("EOE", 4), line("EOE", 5)]);
    let out = join(&lines);
    let positions: Vec<_> = out.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, [1, 4, 7, 10, 11]);
    assert!(out.iter().all(|(_, text)| text.lines().count() == 3 && text.contains("EOE")), "{out:?}");
}

#[test]
fn machines_and_envelopes_are_kept_apart() {
    let lines = [
        "node=a type=SYSCALL msg=audit(1772359200.000:7): x=1",
        "node=b type=SYSCALL msg=audit(1772359200.000:7): x=2",
        "<13>Mar  1 10:00:00 c audispd: type=SYSCALL msg=audit(1772359200.000:7): x=3",
        "<13>Mar  1 10:00:01 c audisp-syslog[9]: type=PATH msg=audit(1772359200.000:7): x=4",
        "node=a type=PATH msg=audit(1772359200.000:7): x=5",
        "<13>1 2026-03-01T10:00:00Z d audispd 1 - - type=SYSCALL msg=audit(1772359200.000:7): x=6",
        "<13>1 2026-03-01T10:00:00Z d audispd 1 - - type=PATH msg=audit(1772359200.000:7): x=7",
        "<5>Mar  1 10:00:00 e kernel: [  12.3] audit: type=1300 audit(1772359200.000:7): x=8",
        "<5>Mar  1 10:00:00 e kernel: [  12.3] audit: type=1302 audit(1772359200.000:7): x=9",
    ];
    let out = join(&lines);
    let joined: Vec<Vec<char>> =
        out.iter().map(|(_, text)| text.lines().filter_map(|line| line.chars().last()).collect()).collect();
    let expected = [vec!['1', '5'], vec!['2'], vec!['3', '4'], vec!['6', '7'], vec!['8', '9']];
    assert_eq!(joined, expected);
}

/// What an attacker makes a daemon log must not get between the lines of an audit event.
#[test]
fn only_the_audit_itself_is_joined() {
    let forged = [
        "Mar  1 10:00:00 h sshd[1]: Invalid user audispd: type=SYSCALL msg=audit(1772359200.001:1): from 192.0.2.7",
        "Mar  1 10:00:00 h sshd[1]: Invalid user type=SYSCALL msg=audit(1772359200.001:1): x from 192.0.2.7",
        "Mar  1 10:00:00 h app: node=a type=SYSCALL msg=audit(1772359200.001:1): x",
        "hello type=SYSCALL msg=audit(1772359200.001:1): x",
        "type=SYSCALL more msg=audit(1772359200.001:1): x",
        "type=SYSCALL msg=audit(1772359200.001): x",
        "type=SYSCALL msg=audit(1772359200.001:1",
        "type= msg=audit(1772359200.001:1): x",
        "xtype=SYSCALL audit(:): x",
    ];
    for text in forged {
        let out = join(&[line("SYSCALL", 1), text.to_owned(), line("PATH", 1)]);
        assert_eq!(out.len(), 2, "{text}");
        assert_eq!(out[0], (2, text.to_owned()));
    }
}

#[test]
fn waiting_is_bounded() {
    let mut joiner = AuditJoiner::new();
    let mut emitted = 0;
    // One machine: the window of serial numbers.
    for serial in 0..200 {
        joiner.push(serial, line("SYSCALL", serial).as_bytes(), &mut |_, _| emitted += 1);
        assert!(joiner.pending_events() <= SERIAL_WINDOW as usize + 1);
    }
    joiner.finish(&mut |_, _| emitted += 1);
    assert_eq!(emitted, 200);
    // Many machines: the number of events.
    for node in 0..200 {
        let line = format!("node=n{node} {}", line("SYSCALL", 1));
        joiner.push(node, line.as_bytes(), &mut |_, _| emitted += 1);
        assert!(joiner.pending_events() <= EVENTS_MAX);
    }
    assert_eq!(joiner.oldest_position(), Some(136));
    joiner.expire(1, &mut |_, _| emitted += 1);
    assert_eq!((joiner.pending_events(), joiner.oldest_position()), (1, Some(199)));
    joiner.expire(0, &mut |_, _| emitted += 1);
    assert_eq!((joiner.pending_events(), emitted), (0, 400));
    // One event without an end, and many large ones: the bytes.
    let long = format!("{} {}", line("EXECVE", 1), "x".repeat(100_000));
    let mut largest = 0;
    for position in 0..100 {
        joiner.push(position, long.as_bytes(), &mut |_, bytes| largest = largest.max(bytes.len()));
        assert!(joiner.pending_bytes <= EVENT_BYTES_MAX);
    }
    assert!(largest > EVENT_BYTES_MAX && largest < EVENT_BYTES_MAX + 2 * long.len());
    for node in 0..60 {
        let line = format!("node=n{node} {long}");
        joiner.push(node, line.as_bytes(), &mut |_, _| {});
        assert!(joiner.pending_bytes <= PENDING_BYTES_MAX);
    }
    // Other lines push out what nothing more comes for.
    joiner.finish(&mut |_, _| {});
    joiner.push(1, line("SYSCALL", 1).as_bytes(), &mut |_, _| {});
    for position in 2..2 + IDLE_LINES_MAX {
        joiner.push(position, b"other", &mut |_, _| {});
    }
    assert_eq!(joiner.pending_events(), 0);
}

fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let audit = (
        prop::sample::select(vec![
            "",
            "node=a ",
            "<13>Mar  1 10:00:00 h audispd: ",
            "Mar  1 10:00:00 h sshd[1]: ",
        ]),
        prop::sample::select(vec![
            "SYSCALL",
            "PATH",
            "EXECVE",
            "PROCTITLE",
            "EOE",
            "USER_LOGIN",
            "CWD",
            "1300",
        ]),
        0_u64..50,
        "[ -~]{0,20}",
    )
        .prop_map(|(envelope, kind, serial, tail)| {
            format!("{envelope}type={kind} msg=audit(1772359200.000:{serial}): {tail}").into_bytes()
        });
    let other = prop::collection::vec(
        any::<u8>().prop_filter("a line has no line feed", |byte| *byte != b'\n'),
        0..40,
    );
    prop_oneof![8 => audit, 1 => other]
}

proptest! {
    /// Law LOSS: no byte of any line is lost or doubled, lines of a record are of one event, and positions are
    /// those of first lines.
    #[test]
    fn every_line_comes_out_once(lines in prop::collection::vec(any_line(), 0..200), pauses in prop::collection::vec(0_usize..200, 0..4)) {
        let mut joiner = AuditJoiner::new();
        let mut out: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut emit = |position: u64, bytes: &[u8]| out.push((position, bytes.to_vec()));
        for (index, line) in lines.iter().enumerate() {
            joiner.push(index as u64, line, &mut emit);
            if pauses.contains(&index) {
                joiner.expire(0, &mut emit);
                prop_assert_eq!(joiner.pending_events(), 0);
            }
        }
        joiner.finish(&mut emit);
        let mut found: Vec<&[u8]> = out.iter().flat_map(|(_, bytes)| bytes.split(|byte| *byte == b'\n')).collect();
        let mut expected: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        found.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
        for (position, bytes) in &out {
            let parts: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            prop_assert_eq!(&lines[*position as usize][..], parts[0]);
            if parts.len() > 1 {
                let ids: std::collections::BTreeSet<_> = parts.iter().map(|part| header(part).map(|header| (header.node.to_vec(), header.serial))).collect();
                prop_assert_eq!(ids.len(), 1);
            }
        }
    }

    /// Events whose lines come mixed are the same records as events that come one after the other.
    #[test]
    fn order_of_lines_does_not_matter(choices in prop::collection::vec(any::<u8>(), 400)) {
        let kinds = ["SYSCALL", "EXECVE", "CWD", "PATH", "PATH", "PROCTITLE"];
        let events: Vec<Vec<String>> = (0..20).map(|serial| kinds.iter().enumerate().map(|(index, kind)| format!("{} item={index}", line(kind, serial))).collect()).collect();
        let mut expected: Vec<String> = events.iter().map(|lines| lines.join("\n")).collect();
        let mut waiting: Vec<VecDeque<String>> = events.into_iter().map(Into::into).collect();
        let mut mixed = Vec::new();
        let mut choices = choices.into_iter().cycle();
        while !waiting.is_empty() {
            // Only neighbours overlap.
            let index = usize::from(choices.next().unwrap_or(0)) % waiting.len().min(8);
            mixed.extend(waiting[index].pop_front());
            waiting.retain(|lines| !lines.is_empty());
        }
        let mut found: Vec<String> = join(&mixed).into_iter().map(|(_, text)| text).collect();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }
}
