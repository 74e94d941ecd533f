//! A bounded YAML reader that knows the line of every node.
//!
//! Law LIMIT: size, depth, number of nodes and what aliases expand to are limited, so that a small hostile
//! file cannot become a large tree. Nothing here recurses over the input's depth.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::problem::Fault;

/// Largest rule file, in bytes.
pub(crate) const FILE_BYTES_MAX: usize = 16 << 20;
/// Largest document of a file, in bytes.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// Most nodes of one document, those included that aliases expand to.
pub(crate) const NODES_MAX: usize = 100_000;
/// Deepest nesting of lists and maps.
pub(crate) const DEPTH_MAX: usize = 32;

/// A value with the line it starts at (from 1, in the file).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: u64,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) line: u64,
    pub(crate) value: Node,
}

impl Node {
    /// The value under `key` of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Takes the value under `key` out of a map.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Node> {
        let Value::Map(entries) = &mut self.value else { return None };
        let at = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(at).value)
    }

    /// The entries of a map; none of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list, or the node itself when it is no list.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// The text of a scalar; numbers and booleans in their usual form; `None` of null, lists and maps.
    pub(crate) fn text(&self) -> Option<String> {
        self.as_text().map(Cow::into_owned)
    }

    /// The same, without a copy of a text.
    pub(crate) fn as_text(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Value::Text(text) => Some(Cow::Borrowed(text)),
            Value::Integer(number) => Some(Cow::Owned(number.to_string())),
            Value::Float(number) => Some(Cow::Owned(number.to_string())),
            Value::Bool(truth) => Some(Cow::Owned(truth.to_string())),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    fn nodes(&self) -> usize {
        1 + match &self.value {
            Value::List(items) => items.iter().map(Node::nodes).sum(),
            Value::Map(entries) => entries.iter().map(|entry| 1 + entry.value.nodes()).sum::<usize>(),
            _ => 0,
        }
    }
}

/// The documents of a file, each by itself: one that is broken does not take the others with it. Empty
/// documents are left out.
pub(crate) fn documents(text: &str) -> Vec<Result<Node, Fault>> {
    if text.len() > FILE_BYTES_MAX {
        let message = format!("file of {} bytes is larger than the {FILE_BYTES_MAX} allowed", text.len());
        return vec![Err(Fault::new(1, message))];
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    pieces(text)
        .into_iter()
        .filter_map(|(first_line, piece)| document(piece, first_line).transpose())
        .collect()
}

/// Cuts a file at its document markers: `---` at the start of a line is one wherever it stands.
fn pieces(text: &str) -> Vec<(u64, &str)> {
    let mut pieces = Vec::new();
    let (mut start, mut first_line) = (0, 1);
    let mut at = 0;
    for (line, content) in (1_u64..).zip(text.split_inclusive('\n')) {
        let marks = content
            .strip_prefix("---")
            .is_some_and(|rest| rest.trim_start().len() < rest.len() || rest.is_empty());
        if marks && at > start {
            pieces.push((first_line, text.get(start..at).unwrap_or_default()));
            (start, first_line) = (at, line);
        }
        at += content.len();
    }
    pieces.push((first_line, text.get(start..).unwrap_or_default()));
    pieces
}

fn document(text: &str, first_line: u64) -> Result<Option<Node>, Fault> {
    let blank = |line: &str| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line.starts_with('%') || line == "---" || line == "..."
    };
    if text.lines().all(blank) {
        return Ok(None);
    }
    if text.len() > DOCUMENT_BYTES_MAX {
        let message =
            format!("document of {} bytes is larger than the {DOCUMENT_BYTES_MAX} allowed", text.len());
        return Err(Fault::new(first_line, message));
    }
    let mut builder = Builder { first_line, ..Builder::default() };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event
            .map_err(|error| Fault::new(builder.line(error.marker().line()), error.info().to_owned()))?;
        builder.take(event, span.start.line())?;
    }
    Ok(builder.root.filter(|node| node.value != Value::Null))
}

#[derive(Debug)]
enum Frame {
    List { line: u64, anchor: usize, items: Vec<Node> },
    Map { line: u64, anchor: usize, entries: Vec<Entry>, key: Option<(String, u64)> },
}

#[derive(Debug, Default)]
struct Builder {
    first_line: u64,
    frames: Vec<Frame>,
    anchors: Vec<(usize, Node)>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder {
    /// The line in the file of a line in the document.
    fn line(&self, line_in_document: usize) -> u64 {
        self.first_line + (line_in_document as u64).saturating_sub(1)
    }

    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Fault> {
        let line = self.line(line);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                if self.set_key(&text, line)? {
                    return Ok(());
                }
                let value =
                    if style == ScalarStyle::Plain { plain(&text) } else { Value::Text(text.into_owned()) };
                self.place(Node { line, value }, anchor, 1)
            }
            Event::SequenceStart(anchor, _) => {
                self.open(Frame::List { line, anchor, items: Vec::new() }, line)
            }
            Event::MappingStart(anchor, _) => {
                self.open(Frame::Map { line, anchor, entries: Vec::new(), key: None }, line)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.frames.pop() {
                Some(Frame::List { line, anchor, items }) => {
                    self.place(Node { line, value: Value::List(items) }, anchor, 1)
                }
                Some(Frame::Map { line, anchor, entries, .. }) => {
                    self.place(Node { line, value: Value::Map(entries) }, anchor, 1)
                }
                None => Err(Fault::new(line, "list or map ends that never began")),
            },
            Event::Alias(id) => self.alias(id, line),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn open(&mut self, frame: Frame, line: u64) -> Result<(), Fault> {
        if matches!(self.frames.last(), Some(Frame::Map { key: None, .. })) {
            return Err(Fault::new(line, "a key must be a plain text"));
        }
        if self.frames.len() >= DEPTH_MAX {
            return Err(Fault::new(line, format!("nested deeper than the {DEPTH_MAX} levels allowed")));
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Takes `text` as the next key if a key is due.
    fn set_key(&mut self, text: &str, line: u64) -> Result<bool, Fault> {
        let Some(Frame::Map { entries, key: key @ None, .. }) = self.frames.last_mut() else {
            return Ok(false);
        };
        if entries.iter().any(|entry| entry.key == text) {
            return Err(Fault::new(line, format!("key {text:?} is there twice")));
        }
        *key = Some((text.to_owned(), line));
        self.spend(1, line)?;
        Ok(true)
    }

    fn alias(&mut self, id: usize, line: u64) -> Result<(), Fault> {
        let anchored = self.anchors.iter().find(|(anchor, _)| *anchor == id);
        let Some((_, node)) = anchored else {
            return Err(Fault::new(line, "alias of an anchor that is not complete"));
        };
        let nodes = node.nodes();
        // Spent before the copy is made: an alias bomb is refused, not built.
        if self.nodes + nodes > NODES_MAX {
            return Err(Fault::new(
                line,
                format!("aliases expand to more than the {NODES_MAX} nodes allowed"),
            ));
        }
        let copy = node.clone();
        self.place(copy, 0, nodes)
    }

    fn spend(&mut self, nodes: usize, line: u64) -> Result<(), Fault> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX {
            return Err(Fault::new(line, format!("more than the {NODES_MAX} nodes allowed")));
        }
        Ok(())
    }

    fn place(&mut self, node: Node, anchor: usize, nodes: usize) -> Result<(), Fault> {
        self.spend(nodes, node.line)?;
        if anchor > 0 {
            self.spend(node.nodes(), node.line)?;
            self.anchors.push((anchor, node.clone()));
        }
        match self.frames.last_mut() {
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, key, .. }) => match key.take() {
                Some((key, line)) => entries.push(Entry { key, line, value: node }),
                None => return Err(Fault::new(node.line, "a key must be a plain text")),
            },
            None => self.root = Some(node),
        }
        Ok(())
    }
}

/// What an unquoted scalar means (YAML 1.2 core schema).
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let radix = |prefix: &str, radix: u32| {
        text.strip_prefix(prefix).and_then(|digits| i64::from_str_radix(digits, radix).ok())
    };
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Value::Integer(number);
    }
    let numeric = text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    if !numeric {
        return Value::Text(text.to_owned());
    }
    if let Ok(number) = text.parse::<i64>() {
        return Value::Integer(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && text.contains(['.', 'e', 'E']) => Value::Float(number),
        _ => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        let mut all = documents(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0).unwrap()
    }

    #[test]
    fn every_node_knows_its_line() {
        let node = one("title: a\nlist:\n  - 1\n  - 'x'\nmap: {k: ~, b: true, f: 1.5, h: 0x10}\n");
        let list = node.get("list").unwrap();
        assert_eq!(list.items()[1], Node { line: 4, value: Value::Text("x".to_owned()) });
        let map = node.get("map").unwrap();
        assert_eq!(map.entries()[0].line, 5);
        let values: Vec<_> = map.entries().iter().map(|entry| entry.value.value.clone()).collect();
        assert_eq!(values, [Value::Null, Value::Bool(true), Value::Float(1.5), Value::Integer(16)]);
    }

    #[test]
    fn a_broken_document_leaves_the_others() {
        let all = documents("---\na: 1\n---\nb: [1\n---\n# nothing\n---\nc: 3\n");
        assert_eq!(all.len(), 3, "{all:?}");
        assert_eq!(all[0].as_ref().unwrap().entries()[0].line, 2);
        assert!((4..=5).contains(&all[1].as_ref().unwrap_err().line), "{all:?}");
        assert_eq!(all[2].as_ref().unwrap().entries()[0].line, 8);
    }

    #[test]
    fn an_alias_is_its_anchor() {
        let node = one("a: &x [1, 2]\nb: *x\n");
        assert_eq!(node.get("a").unwrap().items().len(), 2);
        assert_eq!(node.get("b").unwrap().value, node.get("a").unwrap().value);
    }

    /// Law LIMIT.
    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", "));
        }
        let fault = documents(&text).remove(0).unwrap_err();
        assert!(fault.message.contains("nodes allowed"), "{fault:?}");
    }

    /// Law LIMIT.
    #[test]
    fn depth_and_size_are_limited() {
        for text in ["- ".repeat(50_000) + "x", "[".repeat(200) + "x", "{a: ".repeat(200) + "x"] {
            assert!(documents(&text).remove(0).is_err());
        }
        let large = "a: ".to_owned() + &"x".repeat(DOCUMENT_BYTES_MAX);
        assert!(documents(&large).remove(0).unwrap_err().message.contains("larger than"));
        let many = "- x\n".repeat(NODES_MAX + 1);
        assert!(documents(&many).remove(0).is_err());
    }

    #[test]
    fn a_key_given_twice_and_a_list_as_key_are_refused() {
        assert_eq!(documents("a: 1\nb: 2\na: 3\n").remove(0).unwrap_err().line, 3);
        assert!(documents("? [a, b]\n: 1\n").remove(0).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[a-c \\n:\\-\\[\\]{}&*!|>'\"#%?,~0-9]{0,200}") {
            let _ = documents(&text);
        }
    }
}
