//! A bounded reader of YAML that knows the line of every node. Scalars stay the text they were written as:
//! what a value means is decided where it is used.
//!
//! Law LIMIT: size, depth and number of nodes are limited and there are no aliases, so a small hostile file
//! cannot become a large tree. Nothing here recurses over the input's depth.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::problem::Fault;

/// Largest file of formats, in bytes.
pub(super) const FILE_BYTES_MAX: usize = 1 << 20;
/// Most nodes of one file.
const NODES_MAX: usize = 50_000;
/// Deepest nesting of lists and maps.
const DEPTH_MAX: usize = 16;

/// A value with the line it starts at, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) line: u64,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    /// A scalar that is not null.
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: u64,
    pub(super) value: Node,
}

impl Node {
    /// The value under `key` of a map; null is like absent.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.entries().iter().find(|entry| entry.key == key)?;
        (entry.value.value != Value::Null).then_some(&entry.value)
    }

    /// The entries of a map; none of anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list, or the node itself when it is no list.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The documents of a file that are not empty.
pub(super) fn documents(text: &str) -> Result<Vec<Node>, Fault> {
    if text.len() > FILE_BYTES_MAX {
        let message = format!("file of {} bytes is larger than the {FILE_BYTES_MAX} allowed", text.len());
        return Err(Fault::error(1, message));
    }
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            Fault::error(error.marker().line() as u64, format!("not valid YAML: {}", error.info()))
        })?;
        builder.take(event, span.start.line() as u64)?;
    }
    Ok(builder.roots)
}

#[derive(Debug)]
enum Frame {
    List { line: u64, items: Vec<Node> },
    Map { line: u64, entries: Vec<Entry>, key: Option<(String, u64)> },
}

#[derive(Debug, Default)]
struct Builder {
    frames: Vec<Frame>,
    nodes: usize,
    roots: Vec<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, line: u64) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, _, _) => {
                if self.set_key(&text, line)? {
                    return Ok(());
                }
                let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
                let value = if is_null { Value::Null } else { Value::Text(text.into_owned()) };
                self.place(Node { line, value })
            }
            Event::SequenceStart(..) => self.open(Frame::List { line, items: Vec::new() }, line),
            Event::MappingStart(..) => self.open(Frame::Map { line, entries: Vec::new(), key: None }, line),
            Event::SequenceEnd | Event::MappingEnd => match self.frames.pop() {
                Some(Frame::List { line, items }) => self.place(Node { line, value: Value::List(items) }),
                Some(Frame::Map { line, entries, .. }) => {
                    self.place(Node { line, value: Value::Map(entries) })
                }
                None => Err(Fault::error(line, "a list or map ends that never began")),
            },
            Event::Alias(_) => Err(Fault::error(line, "aliases are not allowed here: write the value again")),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn open(&mut self, frame: Frame, line: u64) -> Result<(), Fault> {
        if matches!(self.frames.last(), Some(Frame::Map { key: None, .. })) {
            return Err(Fault::error(line, KEY_WANTED));
        }
        if self.frames.len() >= DEPTH_MAX {
            return Err(Fault::error(line, format!("nested deeper than the {DEPTH_MAX} levels allowed")));
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Takes `text` as the next key if a key is due.
    fn set_key(&mut self, text: &str, line: u64) -> Result<bool, Fault> {
        let Some(Frame::Map { entries, key: key @ None, .. }) = self.frames.last_mut() else {
            return Ok(false);
        };
        if let Some(earlier) = entries.iter().find(|entry| entry.key == text) {
            let message = format!("`{text}` is there twice, first in line {}", earlier.line);
            return Err(Fault::error(line, message));
        }
        *key = Some((text.to_owned(), line));
        Ok(true)
    }

    fn place(&mut self, node: Node) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(Fault::error(node.line, format!("more than the {NODES_MAX} values allowed")));
        }
        match self.frames.last_mut() {
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, key, .. }) => match key.take() {
                Some((key, line)) => entries.push(Entry { key, line, value: node }),
                None => return Err(Fault::error(node.line, KEY_WANTED)),
            },
            None if node.value != Value::Null => self.roots.push(node),
            None => {}
        }
        Ok(())
    }
}

const KEY_WANTED: &str = "a key must be a plain text; a value that begins with { or [ needs quotes around it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_knows_its_line() {
        let nodes = documents("a: 1\nlist:\n  - 'x'\n  - ~\n---\nb: {c: true}\n").unwrap();
        assert_eq!(nodes.len(), 2);
        let list = nodes[0].get("list").unwrap();
        assert_eq!(list.items()[0], Node { line: 3, value: Value::Text("x".to_owned()) });
        assert_eq!(list.items()[1].value, Value::Null);
        assert_eq!(nodes[1].get("b").unwrap().entries()[0].line, 6);
    }

    /// Law LIMIT.
    #[test]
    fn size_depth_number_and_aliases_are_limited() {
        let cases = [
            ("a: ".to_owned() + &"x".repeat(FILE_BYTES_MAX), "larger than"),
            ("[".repeat(200) + "x", "nested deeper"),
            ("- x\n".repeat(NODES_MAX + 1), "values allowed"),
            ("a: &a [x]\nb: *a\n".to_owned(), "aliases"),
            ("a: 1\na: 2\n".to_owned(), "twice"),
            ("? [a]\n: 1\n".to_owned(), "a key must be"),
        ];
        for (text, wanted) in cases {
            let fault = documents(&text).unwrap_err();
            assert!(fault.message.contains(wanted), "{fault:?}");
        }
    }
}
