//! Which pipelines are for the rules of which pack.

use std::collections::BTreeMap;

use super::Pipeline;

/// Pipelines in the order in which they are applied, by the pack whose rules they rewrite.
#[derive(Debug, Default)]
pub(crate) struct ScopedPipelines {
    /// For the rules of packs without a pipeline of their own.
    everywhere: Vec<Pipeline>,
    /// For the others, with those that are for every pack.
    by_pack: BTreeMap<String, Vec<Pipeline>>,
}

impl ScopedPipelines {
    pub(crate) fn new(pipelines: &[Pipeline]) -> Self {
        let mut pipelines = pipelines.to_vec();
        pipelines.sort_by_key(Pipeline::priority);
        let those = |is_meant: &dyn Fn(Option<&str>) -> bool| -> Vec<Pipeline> {
            pipelines.iter().filter(|pipeline| is_meant(pipeline.pack())).cloned().collect()
        };
        let packs = pipelines.iter().filter_map(Pipeline::pack);
        Self {
            everywhere: those(&|pack| pack.is_none()),
            by_pack: packs
                .map(|own| (own.to_owned(), those(&|pack| pack.is_none_or(|pack| pack == own))))
                .collect(),
        }
    }

    /// Those for the rules of `pack`, `core@1`.
    pub(crate) fn of(&self, pack: &str) -> &[Pipeline] {
        self.by_pack.get(pack).unwrap_or(&self.everywhere)
    }

    /// Whether there is none for any pack.
    pub(crate) fn is_empty(&self) -> bool {
        self.everywhere.is_empty() && self.by_pack.is_empty()
    }
}
