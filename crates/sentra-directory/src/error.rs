use std::io;

/// Why a directory was not read. The last good copy stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A file or variable that the configuration names is missing or holds something else.
    #[error("{what} {place}: {detail}")]
    Setting {
        /// What it should hold.
        what: &'static str,
        /// Its path or name.
        place: String,
        /// Why it cannot be used.
        detail: String,
    },
    /// The filter is none.
    #[error("filter is not understood at character {at}: {what}")]
    Filter {
        /// Where, from 1.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// Nobody answers there, or not with a certificate of the stated authority.
    #[error("{url} cannot be reached: {source}")]
    Connect {
        /// Where.
        url: String,
        /// Why not.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to the directory broke: {0}")]
    Broken(#[from] io::Error),
    /// It took too long.
    #[error("the directory did not {what} within {seconds} seconds")]
    Late {
        /// What it should have done.
        what: &'static str,
        /// How long it had.
        seconds: u64,
    },
    /// The directory refused.
    #[error("the directory refused to {what}: result {code}{detail}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// The result code of RFC 4511.
        code: u32,
        /// What the directory says about it.
        detail: String,
    },
    /// What came is no LDAP.
    #[error("the directory's answer is not understood: {0}")]
    Malformed(&'static str),
    /// There is more than may be taken; a part would make the rest look deleted.
    #[error("the directory has more than {limit} {what}: narrow base or filter")]
    TooMuch {
        /// How much is taken.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
    /// Nothing was found, which is mostly a right or a base that is missing.
    #[error("the directory has no entry for this base and filter, or does not show it to this account")]
    Empty,
    /// The copy cannot be kept.
    #[error("the copy {path} cannot be written: {source}")]
    Copy {
        /// Where.
        path: String,
        /// Why not.
        source: io::Error,
    },
}
