//! YAML from packs, before it is taken apart: whoever wrote it may mean harm.

use saphyr_parser::{Event, Parser};

/// Deepest nesting of a file that is no rule: a loader and what it makes are recursive.
const DEPTH_MAX: usize = 32;
/// Nodes of a file that is no rule.
const NODES_MAX: usize = 500_000;

/// A fault in a YAML file and its line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct YamlFault {
    pub(crate) line: u64,
    pub(crate) message: String,
}

/// Whether `text` is YAML within the limits. An alias may stand for something that is large, so that a few of them make
/// something enormous: there may be none.
pub(crate) fn check(text: &str) -> Result<(), YamlFault> {
    let (mut depth, mut nodes) = (0_usize, 0_usize);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| YamlFault {
            line: error.marker().line() as u64,
            message: format!("not valid YAML: {}", error.info()),
        })?;
        let fault = |message: String| Err(YamlFault { line: span.start.line() as u64, message });
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            Event::Alias(_) => {
                return fault("aliases (*name) are not understood here".to_owned());
            }
            _ => {}
        }
        nodes += 1;
        if depth > DEPTH_MAX {
            return fault(format!("nested more than {DEPTH_MAX} deep"));
        }
        if nodes > NODES_MAX {
            return fault(format!("more than {NODES_MAX} nodes"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn hostile_yaml_is_refused_with_its_line() {
        assert_eq!(check("a: [1, {b: 2}]\n---\nc: *x\n").map_err(|fault| fault.line), Err(3));
        assert!(check("a: &x 1\nb: [2]\n").is_ok());
        assert_eq!(check("a: &x 1\nb: *x\n").map_err(|fault| fault.line), Err(2));
        assert!(check(&"- ".repeat(100_000)).is_err());
        assert!(check(&"[".repeat(100_000)).is_err());
        assert!(check("a: [\n").is_err());
    }
}
