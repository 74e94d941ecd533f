use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, header};
use sentra_backbone::MemoryLog;
use sentra_intake::http::{Authenticated, HttpDoor, SENDER_PATHS, routes};
use sentra_intake::snmp::{Authority, Communities, EngineId, Limits as SnmpLimits, TrapReader, Users};
use sentra_intake::{Appender, Limits, Live, Sender, Senders};
use sentra_model::{ManualClock, TenantId, Timestamp};
use tower::ServiceExt as _;

/// Bytes of memory that one request may take.
const MEMORY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One request of a sender who may send: the first byte picks the route, the second the content type and encoding.
pub fn http_request(data: &[u8]) {
    let Some((&[route, headers], body)) = data.split_first_chunk::<2>() else { return };
    let (method, path) =
        SENDER_PATHS.get(usize::from(route) % SENDER_PATHS.len()).copied().unwrap_or_default();
    let content_type = if headers & 1 == 0 { "application/json" } else { "application/x-protobuf" };
    let mut request = Request::builder()
        .method(method)
        .uri(path.replace("{index}", "logs"))
        .header(header::CONTENT_TYPE, content_type);
    match headers >> 1 & 3 {
        1 => request = request.header(header::CONTENT_ENCODING, "gzip"),
        2 => request = request.header(header::CONTENT_ENCODING, "zstd"),
        _ => {}
    }
    if headers & 8 != 0 {
        request = request.header("x-splunk-request-channel", "fuzz");
    }
    let sender = Sender { tenant: TenantId::default_tenant(), format: None };
    let Ok(request) = request.extension(Authenticated(sender)).body(Body::from(body.to_vec())) else {
        return;
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_772_366_400)));
    let limits = Limits { request_bytes_max: MEMORY_BYTES_MAX, ..Limits::default() };
    let _ = runtime.block_on(async {
        let appender = Appender::new(Arc::new(MemoryLog::default()), clock, limits);
        let door = HttpDoor::new(appender, Live::new(Senders::default()), 1, MEMORY_BYTES_MAX);
        routes(door).oneshot(request).await
    });
}

/// One datagram for the reader of SNMP notifications.
pub fn snmp_datagram(data: &[u8]) {
    let Ok(authority) = Authority::new(EngineId::of_random([7; 16]), 1, 7, 0) else { return };
    let reader = TrapReader::new(Communities::Any, Users::default(), authority, SnmpLimits::default());
    if let Ok(mut reader) = reader {
        let _ = reader.read(data, IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
    }
}
