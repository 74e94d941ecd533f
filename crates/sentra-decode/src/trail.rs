//! The names of JSON members as they came last time. The records of a source have the same names in the same order:
//! what followed a name last time is held against the text before anything is searched, and what a name means is found
//! out once.
//!
//! Every thread has a trail of its own. It must never change what is read, only how long that takes: a guess counts
//! when the text bears it out, byte by byte.

use std::hash::{BuildHasher as _, Hasher as _};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::hints::Meaning;
use crate::joined::{Parent, kept};

/// Law LIMIT: names that a thread remembers. When there are more it forgets all of them and begins anew.
const NAMES_MAX: usize = 4_096;
/// Law LIMIT: longer names are not remembered.
const NAME_BYTES_MAX: usize = 128;

/// Bytes of a name that are compared in one step.
const HEAD_BYTES: usize = 16;

/// A name by its number.
pub(crate) type NodeId = u16;

/// Above all names, and before the first of them.
pub(crate) const TOP: NodeId = 0;
/// A name that is not remembered.
pub(crate) const UNKNOWN: NodeId = NodeId::MAX;

/// A member of an object at its place in the record: what is asked of every one, in one line of memory.
#[derive(Debug)]
pub(crate) struct Node {
    /// The beginning of [`Details::quoted`], and the bits of it that count.
    head: u128,
    mask: u128,
    /// The full name, where it is not the member alone.
    pub(crate) name: Option<&'static str>,
    /// Bytes of [`Details::quoted`].
    length: u16,
    /// What it is a member of.
    parent: NodeId,
    /// What came after it last time.
    next: NodeId,
    /// Whether the name means anything to anybody.
    has_meaning: bool,
}

impl Node {
    fn new(details: &Details, parent: NodeId, name: Option<&'static str>) -> Self {
        let quoted = details.quoted.as_bytes();
        let mut head = [0; HEAD_BYTES];
        head.iter_mut().zip(quoted).for_each(|(place, byte)| *place = *byte);
        let unused = HEAD_BYTES.saturating_sub(quoted.len());
        Self {
            head: u128::from_le_bytes(head),
            mask: u128::MAX.checked_shr(8 * unused as u32).unwrap_or_default(),
            name,
            // Longer names are not remembered.
            length: quoted.len() as u16,
            parent,
            next: UNKNOWN,
            has_meaning: details.meaning.is_any(),
        }
    }

    /// Bytes of the member, its closing quote and its colon.
    #[inline]
    pub(crate) fn quoted_length(&self) -> usize {
        usize::from(self.length)
    }
}

/// What is seldom asked of a node.
#[derive(Debug)]
struct Details {
    /// The member with what stands behind it: `name":`.
    quoted: Box<str>,
    meaning: Meaning,
}

impl Details {
    fn member(&self) -> &str {
        self.quoted.strip_suffix("\":").unwrap_or_default()
    }
}

/// What a thread remembers.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    nodes: Vec<Node>,
    /// By the numbers of the nodes.
    details: Vec<Details>,
    known: HashTable<NodeId>,
    hasher: RandomState,
}

impl Trail {
    #[inline]
    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(usize::from(id))
    }

    /// The member that came after `previous` last time, if `text`, which is what stands behind an opening quote, begins
    /// with it and it belongs to `parent`.
    #[inline]
    pub(crate) fn guess(&self, previous: NodeId, parent: NodeId, text: &[u8]) -> Option<(NodeId, &Node)> {
        let id = self.node(previous)?.next;
        let node = self.node(id)?;
        // Not told where the text ends soon: then it counts as another one.
        let head = u128::from_le_bytes(*text.first_chunk::<HEAD_BYTES>()?);
        let is_it = (head ^ node.head) & node.mask == 0
            && node.parent == parent
            && (node.quoted_length() <= HEAD_BYTES || self.is_quoted(id, text));
        is_it.then_some((id, node))
    }

    /// Whether `text` begins with the member, its closing quote and its colon.
    fn is_quoted(&self, id: NodeId, text: &[u8]) -> bool {
        let details = self.details.get(usize::from(id));
        details.is_some_and(|details| text.starts_with(details.quoted.as_bytes()))
    }

    /// What the name of this number means, if anything.
    #[inline]
    pub(crate) fn meaning(&self, id: NodeId) -> Option<Meaning> {
        if !self.node(id)?.has_meaning {
            return None;
        }
        Some(self.details.get(usize::from(id))?.meaning)
    }

    /// Begins a record. There is room for the names of any record that is read with a trail.
    pub(crate) fn begin(&mut self) {
        if self.nodes.is_empty() || self.nodes.len() >= NAMES_MAX {
            self.nodes.clear();
            self.details.clear();
            self.known.clear();
            self.push(Details { quoted: Box::default(), meaning: Meaning::default() }, UNKNOWN, None);
        }
    }

    fn push(&mut self, details: Details, parent: NodeId, name: Option<&'static str>) {
        self.nodes.push(Node::new(&details, parent, name));
        self.details.push(details);
    }

    fn is_member(&self, id: NodeId, parent: NodeId, member: &str) -> bool {
        self.node(id).is_some_and(|node| node.parent == parent)
            && self.details.get(usize::from(id)).is_some_and(|details| details.member() == member)
    }

    /// The node of `member` in `parent`, whose full name is `parent_name`, as what comes after `previous`;
    /// [`UNKNOWN`] when it cannot be remembered.
    pub(crate) fn find(
        &mut self,
        previous: NodeId,
        (parent, parent_name): (NodeId, &str),
        member: &str,
    ) -> NodeId {
        if parent == UNKNOWN || member.len() > NAME_BYTES_MAX {
            return UNKNOWN;
        }
        let hash = hash(&self.hasher, parent, member);
        let id = match self.known.find(hash, |id| self.is_member(*id, parent, member)) {
            Some(id) => *id,
            None => self.add(hash, (parent, parent_name), member),
        };
        if id != UNKNOWN
            && let Some(node) = self.nodes.get_mut(usize::from(previous))
        {
            node.next = id;
        }
        id
    }

    #[cold]
    fn add(&mut self, hash: u64, (parent, parent_name): (NodeId, &str), member: &str) -> NodeId {
        let name = match parent {
            TOP => None,
            _ => match kept(Parent::new(parent_name), member) {
                Some(name) => Some(name),
                None => return UNKNOWN,
            },
        };
        // Names beyond the last number within one record are read without being remembered.
        let Ok(id) = NodeId::try_from(self.nodes.len()) else { return UNKNOWN };
        if usize::from(id) >= NAMES_MAX {
            return UNKNOWN;
        }
        let meaning = Meaning::of(name.unwrap_or(member));
        let quoted = [member, "\":"].concat().into_boxed_str();
        self.push(Details { quoted, meaning }, parent, name);
        let (nodes, details, hasher) = (&self.nodes, &self.details, &self.hasher);
        self.known.insert_unique(hash, id, |id| {
            let both = nodes.get(usize::from(*id)).zip(details.get(usize::from(*id)));
            both.map_or(0, |(node, details)| self::hash(hasher, node.parent, details.member()))
        });
        id
    }
}

fn hash(hasher: &RandomState, parent: NodeId, member: &str) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write_u16(parent);
    hasher.write(member.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_guessed_where_it_came_last_time_and_nowhere_else() {
        let mut trail = Trail::default();
        trail.begin();
        let user = trail.find(TOP, (TOP, ""), "user");
        let name = trail.find(user, (user, "user"), "name");
        assert_eq!(trail.node(name).and_then(|node| node.name), Some("user.name"));
        assert_eq!(trail.guess(TOP, TOP, b"user\":1,\"and\":\"more\"").map(|(id, _)| id), Some(user));
        assert_eq!(trail.guess(user, user, b"name\":1,\"and\":\"more\"").map(|(id, _)| id), Some(name));
        assert!(trail.guess(user, TOP, b"name\":1,\"and\":\"more\"").is_none());
        assert!(trail.guess(user, user, b"name\" :1,\"and\":\"more\"").is_none());
        assert!(trail.guess(user, user, b"nam").is_none());
        assert!(trail.guess(user, user, b"name2\":1,\"and\":\"more\"").is_none());
        assert!(trail.guess(name, TOP, b"user\":1,\"and\":\"more\"").is_none());
        // Found again, not made again.
        assert_eq!(trail.find(name, (TOP, ""), "user"), user);
        assert_eq!(trail.guess(name, TOP, b"user\":1,\"and\":\"more\"").map(|(id, _)| id), Some(user));
        assert_eq!(trail.find(user, (UNKNOWN, "x"), "y"), UNKNOWN);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut trail = Trail::default();
        trail.begin();
        for number in 0..3 * NAMES_MAX {
            trail.find(TOP, (TOP, ""), &format!("name{number}"));
        }
        assert_eq!(trail.nodes.len(), NAMES_MAX);
        trail.begin();
        assert_eq!(trail.nodes.len(), 1);
        assert_ne!(trail.find(TOP, (TOP, ""), &"n".repeat(NAME_BYTES_MAX)), UNKNOWN);
        assert_eq!(trail.find(TOP, (TOP, ""), &"n".repeat(NAME_BYTES_MAX + 1)), UNKNOWN);
    }
}
