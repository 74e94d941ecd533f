use std::borrow::Cow;

use crate::{Class, EventCode, Mart, Severity, Timestamp};

/// How it ended, by the numbers of OCSF `status_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Outcome {
    /// Not stated.
    #[default]
    Unknown,
    /// It worked.
    Success,
    /// It did not.
    Failure,
}

impl Outcome {
    /// The name in the `outcome` column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// A value of a source field. Absent and null are the same: the field is not in the list.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction, or too large for 64 bits.
    Float(f64),
    /// True or false.
    Bool(bool),
}

impl<'a> FieldValue<'a> {
    /// The value as it is compared and stored: text as it is, numbers in decimal, `true`, `false`.
    #[must_use]
    pub fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Float(number) => Cow::Owned(number.to_string()),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
        }
    }
}

impl<'a> From<&'a str> for FieldValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

/// One normalised record, borrowing from the raw bytes where it can.
///
/// The header is what Sentra understood, the same for every source; `fields` is what the source said,
/// under the source's own names: Sigma rules match those. Empty header texts mean "not known" and
/// are stored as null.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// When it happened, by the source's clock.
    pub time: Timestamp,
    /// The mart it goes to.
    pub mart: Mart,
    /// OCSF class.
    pub class: Class,
    /// Cross-system code.
    pub code: Option<EventCode>,
    /// How it ended.
    pub outcome: Outcome,
    /// How bad the source says it is.
    pub severity: Severity,
    /// How many identical happenings the record stands for; 1 but for "message repeated N times".
    pub count: u32,
    /// Name of the format that understood it, `syslog`, `windows`, `cloudtrail`, `json`, `text`.
    pub format: Cow<'a, str>,
    /// Sigma product: `windows`, `linux`, `aws`.
    pub product: Cow<'a, str>,
    /// Sigma service: `security`, `sysmon`, `sshd`, `cloudtrail`; empty where none applies.
    pub service: Cow<'a, str>,
    /// The machine it happened on.
    pub host: Cow<'a, str>,
    /// Who did it (OCSF `actor.user.name`), or who logged in.
    pub user: Cow<'a, str>,
    /// Whom it was done to (OCSF `user.name`) where that is another.
    pub target_user: Cow<'a, str>,
    /// Where it came from.
    pub src_ip: Cow<'a, str>,
    /// Port it came from; 0 for not known.
    pub src_port: u16,
    /// Where it went.
    pub dst_ip: Cow<'a, str>,
    /// Port it went to; 0 for not known.
    pub dst_port: u16,
    /// Image path or program name.
    pub process: Cow<'a, str>,
    /// Process id in decimal.
    pub pid: Cow<'a, str>,
    /// Image path of the parent.
    pub parent_process: Cow<'a, str>,
    /// The command line that ran.
    pub command: Cow<'a, str>,
    /// Login session.
    pub session: Cow<'a, str>,
    /// File or object path.
    pub file: Cow<'a, str>,
    /// DNS name.
    pub domain: Cow<'a, str>,
    /// Application or cloud service.
    pub app: Cow<'a, str>,
    /// Hypervisor type, VM uuid and application instance, as `sentra_decode::virtual_entity` composes them.
    pub virtual_entity: Cow<'a, str>,
    /// The human sentence of the record where it has one.
    pub message: Cow<'a, str>,
    /// The source's fields, nested ones under dotted names; a name may come more than once (arrays).
    pub fields: Vec<(Cow<'a, str>, FieldValue<'a>)>,
    /// What was not understood, for people: `no time in the record, arrival time taken`.
    pub problem: Option<Cow<'static, str>>,
}

impl<'a> Event<'a> {
    /// An event of `format` that happened at `time`, standing for one happening.
    #[must_use]
    #[inline]
    pub fn new(format: impl Into<Cow<'a, str>>, mart: Mart, time: Timestamp) -> Self {
        const NONE: Cow<'static, str> = Cow::Borrowed("");
        Self {
            time,
            mart,
            class: Class::BASE,
            code: None,
            outcome: Outcome::Unknown,
            severity: Severity::Unknown,
            count: 1,
            format: format.into(),
            product: NONE,
            service: NONE,
            host: NONE,
            user: NONE,
            target_user: NONE,
            src_ip: NONE,
            src_port: 0,
            dst_ip: NONE,
            dst_port: 0,
            process: NONE,
            pid: NONE,
            parent_process: NONE,
            command: NONE,
            session: NONE,
            file: NONE,
            domain: NONE,
            app: NONE,
            virtual_entity: NONE,
            message: NONE,
            fields: Vec::new(),
            problem: None,
        }
    }

    /// Adds a source field; empty text is kept, it is what the source said.
    #[inline]
    pub fn push(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<FieldValue<'a>>) {
        // Not `Vec::push`: here the field is made where it stays, there it is made before room is, and moved.
        self.fields.extend(std::iter::once_with(|| (name.into(), value.into())));
    }

    /// The first value of the source field `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldValue<'a>> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// The first value of the source field `name` when it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.field(name) {
            Some(FieldValue::Text(text)) => Some(text),
            _ => None,
        }
    }
}
