//! ATT&CK techniques and tactics from Sigma tags.

use sentra_model::TACTICS;

/// The technique ids in `tags`, in upper case and in their order: `attack.t1110.001` is `T1110.001`.
#[must_use]
pub fn techniques(tags: &[String]) -> Vec<String> {
    unique(tags.iter().filter_map(|tag| technique(tag)))
}

/// The tactics in `tags` by their short names, in their order: `attack.credential_access` is
/// `credential-access`.
#[must_use]
pub fn tactics(tags: &[String]) -> Vec<String> {
    unique(tags.iter().filter_map(|tag| {
        let name = attack_part(tag)?.replace('_', "-");
        TACTICS.contains(&name.as_str()).then_some(name)
    }))
}

fn attack_part(tag: &str) -> Option<String> {
    tag.to_ascii_lowercase().strip_prefix("attack.").map(str::to_owned)
}

fn technique(tag: &str) -> Option<String> {
    let id = attack_part(tag)?;
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = id.strip_prefix('t')?;
    let right = match number.split_once('.') {
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        None => digits(number, 4),
    };
    right.then(|| id.to_ascii_uppercase())
}

fn unique(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_and_tactics_are_read_from_tags() {
        let tags: Vec<String> = [
            "attack.t1110.001",
            "attack.T1078",
            "attack.t1110.001",
            "attack.credential-access",
            "attack.credential_access",
            "attack.s0005",
            "attack.g0007",
            "cve.2021-44228",
            "attack.t11",
            "t1110",
            "attack.t1110.1",
        ]
        .map(str::to_owned)
        .into();
        assert_eq!(techniques(&tags), ["T1110.001", "T1078"]);
        assert_eq!(tactics(&tags), ["credential-access"]);
    }
}
