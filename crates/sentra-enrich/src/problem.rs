/// Law LIMIT: problems of one source that are told one by one; the rest is counted.
pub const PROBLEMS_PER_SOURCE_MAX: usize = 100;

/// Something in a source that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Name of the source.
    pub source: String,
    /// Line, counted from 1, or the number of the entry; 0 when it is about the source as a whole.
    pub line: u64,
    /// What is wrong and what to do about it.
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.source, self.what),
            line => write!(f, "{}:{line}: {}", self.source, self.what),
        }
    }
}

/// The problems of one source while it is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems {
    source: String,
    list: Vec<Problem>,
    untold: u64,
}

impl Problems {
    pub(crate) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), ..Self::default() }
    }

    pub(crate) fn tell(&mut self, line: u64, what: impl Into<String>) {
        if self.list.len() < PROBLEMS_PER_SOURCE_MAX {
            self.list.push(Problem { source: self.source.clone(), line, what: what.into() });
        } else {
            self.untold += 1;
        }
    }

    /// The problems, with one more that counts those which are not told.
    pub(crate) fn into_list(mut self) -> Vec<Problem> {
        if self.untold > 0 {
            let what = format!("{} more problems", self.untold);
            self.list.push(Problem { source: self.source, line: 0, what });
        }
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_bounded_and_the_rest_is_counted() {
        let mut problems = Problems::new("hr.csv");
        for line in 0..1_000 {
            problems.tell(line, "x");
        }
        let list = problems.into_list();
        assert_eq!(list.len(), PROBLEMS_PER_SOURCE_MAX + 1);
        assert_eq!(list.last().unwrap().what, "900 more problems");
        assert_eq!(list[1].to_string(), "hr.csv:1: x");
    }
}
