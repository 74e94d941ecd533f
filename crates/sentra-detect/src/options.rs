use std::sync::Arc;

use crate::pipeline::Pipeline;
use crate::placeholders::Placeholders;
use crate::yaral::lists::SharedLists;

/// What rules are compiled with, beside their text.
#[derive(Debug, Clone, Default)]
pub struct CompileOptions {
    /// The lists behind placeholders.
    pub lists: Placeholders,
    /// Pipelines that rewrite every rule, or those of one pack ([`Pipeline::for_pack`]); applied in the order of
    /// their priority, and then of this list.
    pub pipelines: Vec<Pipeline>,
    /// The reference lists and data tables of YARA-L rules, which follow when they are swapped.
    pub shared_lists: Arc<SharedLists>,
}
