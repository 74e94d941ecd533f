/// Points, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Points {
    pub(crate) dimensions: usize,
    pub(crate) values: Vec<f32>,
}

impl Points {
    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.dimensions.max(1)
    }

    pub(crate) fn point(&self, place: usize) -> &[f32] {
        self.values.get(place * self.dimensions..(place + 1) * self.dimensions).unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimensions.max(1))
    }

    pub(crate) fn select(&self, places: &[u32]) -> Self {
        let values = places.iter().flat_map(|place| self.point(*place as usize)).copied().collect();
        Self { dimensions: self.dimensions, values }
    }
}
