/// A running digest of typed inputs, from which derived ids come (law IDENTITY).
///
/// Every input is preceded by its length, so that `("ab", "c")` and `("a", "bc")` differ.
#[derive(Debug, Clone)]
pub struct Digest(blake3::Hasher);

impl Digest {
    /// A digest for the use named by `domain`; other domains never give the same id.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        Self(blake3::Hasher::new()).text(domain)
    }

    /// Adds a text.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Adds bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    /// The first 64 bits of the digest.
    #[must_use]
    pub fn first_u64(&self) -> u64 {
        let mut first = [0; 8];
        self.0.finalize_xof().fill(&mut first);
        u64::from_be_bytes(first)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn the_border_between_inputs_counts() {
        let one = Digest::new("d").text("ab").text("c").first_u64();
        let other = Digest::new("d").text("a").text("bc").first_u64();
        assert_ne!(one, other);
    }
}
