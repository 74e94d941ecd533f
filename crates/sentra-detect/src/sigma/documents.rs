//! The documents of a rule file, with the old form of a collection resolved: `action: global` is merged into
//! the documents that follow, `repeat` is merged into the one before, `reset` forgets what is global.

use crate::problem::Fault;
use crate::text::hint;
use crate::yaml::{Entry, Node, Value, documents};

use super::tree::Detection;

/// A document of a rule file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) node: Node,
    /// Selections and the logsource that stood beside them, where parts of the document have their own.
    pub(crate) parts: Vec<Part>,
}

/// Selections with the logsource of the document they stood in.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) selections: Vec<String>,
    pub(crate) logsource: Node,
}

const ACTIONS: [&str; 3] = ["global", "reset", "repeat"];

/// The documents of a rule file. A document that is broken is a fault and leaves the others.
pub(crate) fn read(text: &str) -> Vec<Result<Document, Fault>> {
    let mut merge = Merge { repeats: text.contains("repeat"), ..Merge::default() };
    let documents = documents(text).into_iter();
    documents.filter_map(|document| document.and_then(|node| merge.take(node)).transpose()).collect()
}

#[derive(Default)]
struct Merge {
    global: Option<Node>,
    previous: Option<Node>,
    /// Whether the word `repeat` stands in the file: only then is the document before kept.
    repeats: bool,
}

impl Merge {
    /// The document that `node` makes, if it makes one.
    fn take(&mut self, mut node: Node) -> Result<Option<Document>, Fault> {
        let action = match &mut node.value {
            Value::Map(entries) => {
                let at = entries.iter().position(|entry| entry.key == "action");
                at.map(|at| entries.remove(at).value)
            }
            _ => None,
        };
        let Some(action) = action else {
            let (node, parts) = match &self.global {
                Some(global) => {
                    let parts = parts(global, &node);
                    (merged(global.clone(), node), parts)
                }
                None => (node, Vec::new()),
            };
            self.previous = self.repeats.then(|| node.clone());
            return Ok(Some(Document { node, parts }));
        };
        match action.text().unwrap_or_default().as_str() {
            "global" => {
                self.global = Some(match self.global.take() {
                    Some(global) => merged(global, node),
                    None => node,
                });
                Ok(None)
            }
            "reset" => {
                self.global = None;
                Ok(None)
            }
            "repeat" => {
                let Some(previous) = self.previous.take() else {
                    return Err(Fault::new(action.line, "action: repeat has no document before it"));
                };
                let node = merged(previous, node);
                self.previous = Some(node.clone());
                Ok(Some(Document { node, parts: Vec::new() }))
            }
            wrong => {
                let message = format!("unknown action {wrong:?}{}", hint(wrong, ACTIONS));
                Err(Fault::new(action.line, message))
            }
        }
    }
}

/// `over` put over `base`: maps are merged, everything else is replaced.
fn merged(base: Node, over: Node) -> Node {
    match (base.value, over.value) {
        (Value::Map(mut entries), Value::Map(more)) => {
            for Entry { key, line, value } in more {
                match entries.iter_mut().find(|entry| entry.key == key) {
                    Some(entry) => {
                        let below = std::mem::replace(&mut entry.value, Node { line, value: Value::Null });
                        entry.value = merged(below, value);
                        entry.line = line;
                    }
                    None => entries.push(Entry { key, line, value }),
                }
            }
            Node { line: over.line, value: Value::Map(entries) }
        }
        (_, value) => Node { line: over.line, value },
    }
}

fn parts(global: &Node, own: &Node) -> Vec<Part> {
    let part = |node: &Node| {
        let names = node.get("detection")?.entries().iter().map(|entry| entry.key.clone());
        let selections = names.filter(|name| Detection::is_selection(name)).collect();
        Some(Part { selections, logsource: node.get("logsource")?.clone() })
    };
    match (part(global), part(own)) {
        (Some(global), Some(own)) => vec![own, global],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(text: &str) -> Vec<Result<String, String>> {
        read(text)
            .into_iter()
            .map(|document| match document {
                Ok(document) => Ok(["title", "x", "y"]
                    .iter()
                    .filter_map(|key| document.node.get(key)?.text())
                    .collect::<Vec<_>>()
                    .join(" ")),
                Err(fault) => Err(fault.message),
            })
            .collect()
    }

    #[test]
    fn global_is_merged_until_it_is_reset() {
        let text =
            "action: global\ntitle: t\n---\nx: 1\n---\ntitle: own\nx: 2\n---\naction: reset\n---\nx: 3\n";
        assert_eq!(titles(text), [Ok("t 1".to_owned()), Ok("own 2".to_owned()), Ok("3".to_owned())]);
    }

    #[test]
    fn repeat_is_merged_into_the_document_before() {
        let text = "action: global\ntitle: t\n---\nx: 1\ny: 1\n---\naction: repeat\nx: 2\n---\naction: repeat\ny: 2\n";
        assert_eq!(titles(text), [Ok("t 1 1".to_owned()), Ok("t 2 1".to_owned()), Ok("t 2 2".to_owned())]);
    }

    #[test]
    fn wrong_actions_are_refused() {
        assert!(titles("action: repeat\nx: 1\n")[0].as_ref().unwrap_err().contains("no document before"));
        assert!(titles("action: globl\nx: 1\n")[0].as_ref().unwrap_err().contains("\"global\""));
    }

    #[test]
    fn maps_are_merged_and_lists_replaced() {
        let base = "action: global\nd: {a: 1, b: [1, 2]}\n---\nd: {b: [3], c: 4}\n";
        let documents = read(base);
        let node = &documents[0].as_ref().unwrap().node;
        let map = node.get("d").unwrap();
        assert_eq!(map.entries().len(), 3);
        assert_eq!(map.get("b").unwrap().items().len(), 1);
    }
}
