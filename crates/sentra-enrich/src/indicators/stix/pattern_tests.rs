use super::pattern::*;

const MD5: &str = "0123456789abcdef0123456789abcdef";

fn values(text: &str) -> Vec<String> {
    read_pattern(text).values.into_iter().map(|(_, value)| value.unwrap().to_string()).collect()
}

#[test]
fn alternatives_are_taken() {
    let sha256 = MD5.repeat(2);
    for (text, expected) in [
        ("[ipv4-addr:value = '203.0.113.7']".to_owned(), vec!["203.0.113.7".to_owned()]),
        ("[ipv4-addr:value ISSUBSET '203.0.113.0/24']".to_owned(), vec!["203.0.113.0/24".to_owned()]),
        ("[ipv6-addr:value='2001:db8::1']".to_owned(), vec!["2001:db8::1".to_owned()]),
        (
            "[domain-name:value = 'a.com' OR url:value = 'http://b.com/x']".to_owned(),
            vec!["a.com".to_owned(), "b.com/x".to_owned()],
        ),
        (
            "[domain-name:value IN ('a.com', 'b.com')]".to_owned(),
            vec!["a.com".to_owned(), "b.com".to_owned()],
        ),
        (
            "([domain-name:value = 'a.com'] OR [domain-name:value = 'b.com'])".to_owned(),
            vec!["a.com".to_owned(), "b.com".to_owned()],
        ),
        (
            format!("[file:hashes.MD5 = '{MD5}' AND file:hashes.'SHA-256' = '{sha256}']"),
            vec![MD5.to_owned(), sha256.clone()],
        ),
        ("[email-message:from_ref.value = 'Bad@evil.com']".to_owned(), vec!["bad@evil.com".to_owned()]),
        ("[url:value = 'http://evil.com/it\\'s']".to_owned(), vec!["evil.com/it's".to_owned()]),
    ] {
        assert_eq!(values(&text), expected, "{text}");
        assert!(read_pattern(&text).refused.is_empty(), "{text}");
    }
}

#[test]
fn what_one_value_cannot_decide_is_refused_by_name() {
    for (text, named) in [
        (
            "[domain-name:value = 'a.com' AND domain-name:resolves_to_refs[*].value = 'b.com']",
            "resolves_to_refs",
        ),
        (
            "[domain-name:value = 'a.com' AND ipv4-addr:value = '203.0.113.7']",
            "domain-name:value AND ipv4-addr:value",
        ),
        ("[file:name = 'x.exe']", "file:name ="),
        ("[url:value LIKE '%evil%']", "url:value LIKE"),
        ("[url:value MATCHES '.*']", "url:value MATCHES"),
        ("[ipv4-addr:value != '203.0.113.7']", "!="),
        ("[ipv4-addr:value NOT = '203.0.113.7']", "NOT"),
        ("[ipv4-addr:value = '203.0.113.7'] FOLLOWEDBY [url:value = 'http://b.com']", "FOLLOWEDBY"),
        ("[ipv4-addr:value = '203.0.113.7'] AND [url:value = 'http://b.com']", "AND"),
        ("[ipv4-addr:value = '203.0.113.7'] REPEATS 5 TIMES WITHIN 60 SECONDS", "WITHIN"),
        (
            "[ipv4-addr:value = '203.0.113.7'] START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00Z'",
            "START",
        ),
        ("[EXISTS file:name]", "EXISTS"),
        (
            "[file:hashes.MD5 = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' AND file:hashes.MD5 = 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb']",
            "file:hashes.MD5",
        ),
    ] {
        let read = read_pattern(text);
        assert!(read.values.is_empty(), "{text}: {:?}", read.values);
        assert_eq!(read.refused.len(), 1, "{text}: {:?}", read.refused);
        assert!(read.refused[0].contains(named), "{text}: {:?}", read.refused);
    }
}

#[test]
fn an_undecidable_alternative_does_not_take_the_others_along() {
    let text = "[domain-name:value = 'a.com' OR url:value LIKE '%x%' OR domain-name:value = 'b.com']";
    assert_eq!(values(text), ["a.com", "b.com"]);
    assert_eq!(read_pattern(text).refused.len(), 1);
}

#[test]
fn hostile_patterns_are_refused() {
    for text in [
        String::new(),
        "[".to_owned(),
        "[]".to_owned(),
        "[ipv4-addr:value = ".to_owned(),
        "[ipv4-addr:value = '203.0.113.7".to_owned(),
        "[ipv4-addr:value = '203.0.113.7'] garbage".to_owned(),
        "(".repeat(100_000),
        format!("[{}", "(".repeat(100_000)),
        "[ü:ü = 'ü'".to_owned(),
        "x".repeat(PATTERN_BYTES_MAX + 1),
    ] {
        let read = read_pattern(&text);
        assert!(read.values.is_empty());
        assert_eq!(read.refused.len(), 1);
    }
    let many = vec!["domain-name:value = 'a.com'"; PATTERN_VALUES_MAX + 10].join(" OR ");
    let read = read_pattern(&format!("[{many}]"));
    assert_eq!((read.values.len(), read.refused.len()), (PATTERN_VALUES_MAX, 1));
}
