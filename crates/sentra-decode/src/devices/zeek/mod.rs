//! Zeek, as JSON and as tab-separated text. Both name the same fields; what they mean is read once.
//!
//! Fields keep Zeek's names. Where a shipper has flattened `id.orig_h` to `id_orig_h`, the dotted name that Sigma's rules
//! use stands beside it; DNS and HTTP have the names of Sigma's categories too.

mod framer;
mod meaning;
mod tsv;

use std::borrow::Cow;

use sentra_model::{Event, FieldValue};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
pub use framer::ZeekTsvFramer;
pub(crate) use tsv::FORMAT as TSV;

pub(crate) static FORMAT: Format = Format {
    name: "zeek",
    title: "Zeek logs as JSON: conn, dns, http, ssl, files and the others",
    sample: r#"{"_path":"conn","ts":1772359200.123456,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"proto":"tcp","service":"ssl","duration":1.5,"orig_bytes":1200,"resp_bytes":5400,"conn_state":"SF","history":"ShADadFf"}"#,
    shape: Shape::Object { recognise, decode },
};

/// Logs by fields that no other log of Zeek has, for writers that leave the path to the name of the file.
const SHAPES: [(&str, &str); 20] = [
    ("conn", "conn_state"),
    ("dns", "trans_id"),
    ("http", "trans_depth"),
    ("ssl", "cert_chain_fuids"),
    ("ssl", "ssl_history"),
    ("ssl", "resumed"),
    ("x509", "certificate.serial"),
    ("files", "seen_bytes"),
    ("notice", "suppress_for"),
    ("ssh", "auth_attempts"),
    ("ssh", "kex_alg"),
    ("kerberos", "request_type"),
    ("ntlm", "ntlm"),
    ("ntlm", "server_nb_computer_name"),
    ("smb_mapping", "share_type"),
    ("smb_files", "times.modified"),
    ("dce_rpc", "endpoint"),
    ("rdp", "security_protocol"),
    ("smtp", "mailfrom"),
    ("weird", "peer"),
];

fn recognise(fields: &[Field<'_>]) -> bool {
    let has = |wanted: &str| fields.iter().any(|(name, _)| name == wanted);
    if !has("ts") {
        return false;
    }
    let is_connection = has("uid") && (has("id.orig_h") || has("id_orig_h"));
    is_connection
        || has("_path")
        || has("@stream")
        || (has("fuid") && has("seen_bytes"))
        || has("certificate.serial")
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let path = path(&fields);
    meaning::event(context, "zeek", path, fields)
}

/// The log that the fields are of; empty when they do not say.
fn path<'a>(fields: &[Field<'a>]) -> Cow<'a, str> {
    let named = fields.iter().find(|(name, _)| matches!(name.as_ref(), "_path" | "@stream" | "path"));
    if let Some((name, FieldValue::Text(path))) = named
        // SMB's own `path` is a share.
        && (name != "path" || !path.contains(['\\', '/']))
    {
        return path.clone();
    }
    let has = |wanted: &str| fields.iter().any(|(name, _)| name == wanted);
    let by_shape = SHAPES.iter().find(|(_, field)| has(field));
    by_shape.map_or(Cow::Borrowed(""), |(path, _)| Cow::Borrowed(*path))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
