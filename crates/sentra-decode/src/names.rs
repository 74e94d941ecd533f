//! Small helpers over the flat fields of a record.

use std::borrow::Cow;

use sentra_model::{Event, FieldValue};

use crate::flatten::Field;

/// Adds to what was not understood.
pub(crate) fn note(event: &mut Event<'_>, problem: impl Into<Cow<'static, str>>) {
    let problem = problem.into();
    event.problem = Some(match event.problem.take() {
        Some(earlier) => Cow::Owned(format!("{earlier}; {problem}")),
        None => problem,
    });
}

/// What is noted of a record without a time.
pub(crate) const NO_TIME: &str = "no time in the record, arrival time taken";

/// Takes a note back that the envelope has made untrue.
pub(crate) fn forget(event: &mut Event<'_>, noted: &str) {
    let Some(problem) = event.problem.take() else { return };
    let rest: Vec<_> = problem.split("; ").filter(|part| *part != noted).collect();
    event.problem = (!rest.is_empty()).then(|| Cow::Owned(rest.join("; ")));
}

/// The value as header text; a borrowed text stays borrowed.
pub(crate) fn header_text<'a>(value: &FieldValue<'a>) -> Cow<'a, str> {
    match value {
        FieldValue::Text(text) => text.clone(),
        other => Cow::Owned(other.as_text().into_owned()),
    }
}

/// The value of the first of `names` that the record has, non-empty and not `-`.
pub(crate) fn first_of<'f, 'a>(fields: &'f [Field<'a>], names: &[&str]) -> Option<&'f FieldValue<'a>> {
    names.iter().find_map(|name| {
        fields.iter().find(|(field, value)| field == name && !is_placeholder(value)).map(|(_, value)| value)
    })
}

/// Whether the value is how sources write "nothing": empty, or a dash.
pub(crate) fn is_placeholder(value: &FieldValue<'_>) -> bool {
    matches!(value, FieldValue::Text(text) if text.is_empty() || text == "-")
}

/// The event with nothing borrowed from the record.
pub(crate) fn detach(event: Event<'_>) -> Event<'static> {
    fn own(text: Cow<'_, str>) -> Cow<'static, str> {
        Cow::Owned(text.into_owned())
    }
    let own_value = |value: FieldValue<'_>| match value {
        FieldValue::Text(text) => FieldValue::Text(own(text)),
        FieldValue::Integer(number) => FieldValue::Integer(number),
        FieldValue::Float(number) => FieldValue::Float(number),
        FieldValue::Bool(truth) => FieldValue::Bool(truth),
    };
    Event {
        time: event.time,
        mart: event.mart,
        class: event.class,
        code: event.code,
        outcome: event.outcome,
        severity: event.severity,
        count: event.count,
        format: own(event.format),
        product: own(event.product),
        service: own(event.service),
        host: own(event.host),
        user: own(event.user),
        target_user: own(event.target_user),
        src_ip: own(event.src_ip),
        src_port: event.src_port,
        dst_ip: own(event.dst_ip),
        dst_port: event.dst_port,
        process: own(event.process),
        pid: own(event.pid),
        parent_process: own(event.parent_process),
        command: own(event.command),
        session: own(event.session),
        file: own(event.file),
        domain: own(event.domain),
        app: own(event.app),
        virtual_entity: own(event.virtual_entity),
        message: own(event.message),
        fields: event.fields.into_iter().map(|(name, value)| (own(name), own_value(value))).collect(),
        problem: event.problem,
    }
}
