//! Plans taken apart and put together again, for engines that run a part of one.

use crate::plan::{Expr, ExprNode, Node, Op};

impl Expr {
    /// The same expression over other columns: `place` says where each is now.
    #[must_use]
    pub fn map_columns(&self, place: &mut dyn FnMut(usize) -> usize) -> Self {
        let node = match &self.node {
            ExprNode::Column(column) => ExprNode::Column(place(*column)),
            ExprNode::Literal(value) => ExprNode::Literal(value.clone()),
            ExprNode::Call(builtin, arguments) => {
                let moved = arguments.iter().map(|argument| argument.map_columns(place)).collect();
                ExprNode::Call(*builtin, moved)
            }
            ExprNode::AnyColumn { test, columns, fields, text } => ExprNode::AnyColumn {
                test: *test,
                columns: columns.iter().map(|column| place(*column)).collect(),
                fields: fields.iter().map(|column| place(*column)).collect(),
                text: Box::new(text.map_columns(place)),
            },
        };
        Self { kind: self.kind, node }
    }
}

impl Node {
    /// The same operator over what `map` makes of its inputs.
    ///
    /// # Errors
    /// The first of `map`.
    pub fn try_map_inputs<E>(&self, map: &mut dyn FnMut(&Self) -> Result<Self, E>) -> Result<Self, E> {
        let mut node = self.clone();
        for input in node.op.inputs_mut() {
            *input = map(input)?;
        }
        Ok(node)
    }
}

impl Op {
    fn inputs_mut(&mut self) -> Vec<&mut Node> {
        match self {
            Self::Scan { .. } | Self::Values { .. } => Vec::new(),
            Self::Filter { input, .. }
            | Self::Project { input, .. }
            | Self::Aggregate { input, .. }
            | Self::Sort { input, .. }
            | Self::Take { input, .. }
            | Self::Parse { input, .. }
            | Self::Expand { input, .. }
            | Self::Sequence { input, .. } => vec![input],
            Self::Join { left, right, .. } => vec![left, right],
            Self::Union { inputs } => inputs.iter_mut().collect(),
        }
    }
}
