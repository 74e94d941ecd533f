//! DNS names in the one form in which they are compared.

/// Most bytes of a DNS name, without the root's dot.
const NAME_BYTES_MAX: usize = 253;
/// Most bytes of one label.
const LABEL_BYTES_MAX: usize = 63;

/// The name in lower case, without the root's dot, international labels in their ASCII form. `None` for what is no
/// DNS name of at least two labels: a word, a sentence, an address.
///
/// Most names are in that form already and are given back as they are; `buffer` holds the others, so that looking up a name
/// allocates nothing.
#[inline]
pub(crate) fn canonical<'b>(text: &'b str, buffer: &'b mut String) -> Option<&'b str> {
    let name = text.strip_suffix('.').unwrap_or(text);
    // Four bytes of UTF-8 become at most a dozen of ASCII; a longer text cannot become a name.
    if name.is_empty() || name.len() > NAME_BYTES_MAX * 4 {
        return None;
    }
    if is_name(name.as_bytes()) {
        return Some(name);
    }
    buffer.clear();
    if name.is_ascii() {
        if !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        buffer.push_str(name);
        buffer.make_ascii_lowercase();
    } else {
        for (number, label) in name.split(['.', '。']).enumerate() {
            if number > 0 {
                buffer.push('.');
            }
            push_ascii(label, buffer)?;
        }
    }
    is_name(buffer.as_bytes()).then_some(buffer.as_str())
}

/// Whether a name is in its one form: letters are small.
fn is_name(name: &[u8]) -> bool {
    if name.len() > NAME_BYTES_MAX {
        return false;
    }
    let (mut label_bytes, mut labels, mut has_letter) = (0, 1, false);
    for byte in name {
        match byte {
            b'.' => {
                if label_bytes == 0 {
                    return false;
                }
                (label_bytes, labels, has_letter) = (0, labels + 1, false);
            }
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => {
                label_bytes += 1;
                has_letter |= byte.is_ascii_lowercase();
                if label_bytes > LABEL_BYTES_MAX {
                    return false;
                }
            }
            _ => return false,
        }
    }
    // The last label of an address has no letter.
    label_bytes > 0 && labels > 1 && has_letter
}

/// The name itself and every name above it that has at least two labels, the longest first.
pub(crate) fn with_parents(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, parent)| parent))
        .take_while(|name| name.contains('.'))
}

/// The last two labels, which a name shares with every name above it that is looked up.
pub(crate) fn end(name: &str) -> &str {
    let bytes = name.as_bytes();
    let Some(last) = memchr::memrchr(b'.', bytes) else { return name };
    let before = memchr::memrchr(b'.', bytes.get(..last).unwrap_or_default());
    before.and_then(|dot| name.get(dot + 1..)).unwrap_or(name)
}

/// Adds one label, in ASCII (Punycode, RFC 3492) when it is not.
fn push_ascii(label: &str, out: &mut String) -> Option<()> {
    if label.is_ascii() {
        out.extend(label.chars().map(|c| c.to_ascii_lowercase()));
        return Some(());
    }
    let letters: Vec<char> = label.chars().flat_map(char::to_lowercase).collect();
    if letters.len() > LABEL_BYTES_MAX {
        return None;
    }
    out.push_str("xn--");
    let basic = letters.iter().filter(|c| c.is_ascii()).count();
    out.extend(letters.iter().filter(|c| c.is_ascii()));
    if basic > 0 {
        out.push('-');
    }
    push_deltas(&letters, basic, out)
}

fn push_deltas(letters: &[char], basic: usize, out: &mut String) -> Option<()> {
    let total = u32::try_from(letters.len()).ok()?;
    let (mut least, mut delta, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut done = u32::try_from(basic).ok()?;
    let mut is_first = true;
    while done < total {
        let next = letters.iter().map(|c| u32::from(*c)).filter(|code| *code >= least).min()?;
        delta = delta.checked_add((next - least).checked_mul(done + 1)?)?;
        least = next;
        for code in letters.iter().map(|c| u32::from(*c)) {
            if code < least {
                delta = delta.checked_add(1)?;
            }
            if code == least {
                push_number(delta, bias, out);
                bias = adapt(delta, done + 1, is_first);
                (delta, done, is_first) = (0, done + 1, false);
            }
        }
        (delta, least) = (delta.checked_add(1)?, least + 1);
    }
    Some(())
}

fn push_number(number: u32, bias: u32, out: &mut String) {
    let (mut rest, mut position) = (number, 36);
    loop {
        let threshold = position_threshold(position, bias);
        if rest < threshold {
            break;
        }
        out.push(digit(threshold + (rest - threshold) % (36 - threshold)));
        rest = (rest - threshold) / (36 - threshold);
        position += 36;
    }
    out.push(digit(rest));
}

fn position_threshold(position: u32, bias: u32) -> u32 {
    position.saturating_sub(bias).clamp(1, 26)
}

fn digit(number: u32) -> char {
    char::from_digit(if number < 26 { number + 10 } else { number - 26 }, 36).unwrap_or('0')
}

fn adapt(delta: u32, done: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / done;
    let mut bias = 0;
    while delta > 455 {
        delta /= 35;
        bias += 36;
    }
    bias + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form() {
        for (text, name) in [
            ("Evil.Example.COM.", Some("evil.example.com")),
            ("_dmarc.evil.com", Some("_dmarc.evil.com")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("BÜCHER.example", Some("xn--bcher-kva.example")),
            ("пример.испытание", Some("xn--e1afmkfd.xn--80akhbyknj4f")),
            ("例え。テスト", Some("xn--r8jz45g.xn--zckzah")),
            ("localhost", None),
            ("com", None),
            ("192.0.2.7", None),
            ("NT AUTHORITY", None),
            ("a..b", None),
            (".com", None),
            ("", None),
            (".", None),
            ("evil.com/path", None),
        ] {
            assert_eq!(canonical(text, &mut String::new()), name, "{text}");
        }
        let long_label = format!("{}.com", "a".repeat(64));
        assert_eq!(canonical(&long_label, &mut String::new()), None);
        let long_name = "a.".repeat(127) + "com";
        assert_eq!(canonical(&long_name, &mut String::new()), None);
        assert_eq!(canonical(&"ü".repeat(100_000), &mut String::new()), None);
    }

    #[test]
    fn names_share_their_end_with_their_parents() {
        for name in with_parents("a.b.evil.com") {
            assert_eq!(end(name), "evil.com");
        }
    }

    #[test]
    fn parents_end_before_the_top() {
        assert_eq!(
            with_parents("a.b.evil.com").collect::<Vec<_>>(),
            ["a.b.evil.com", "b.evil.com", "evil.com"]
        );
    }
}
