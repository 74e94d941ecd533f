use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::ConnectInfo;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use sentra_backbone::LogError;
use sentra_model::SourceKind;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status, async_trait};

use super::record::records;
use crate::Sender;
use crate::http::{Authenticated, ClientNames, HttpDoor, append, identify};

/// The routes of the gRPC service. Law LIMIT: `request_bytes_max` holds for messages too.
pub(crate) fn service(door: HttpDoor) -> Router {
    let message_bytes_max = door.appender.limits().request_bytes_max;
    let server = LogsServiceServer::new(Logs { door })
        .max_decoding_message_size(message_bytes_max)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd);
    Routes::new(server).into_axum_router()
}

#[derive(Debug)]
struct Logs {
    door: HttpDoor,
}

impl Logs {
    fn sender(&self, request: &Request<ExportLogsServiceRequest>, address: IpAddr) -> Result<Sender, Status> {
        if let Some(Authenticated(sender)) = request.extensions().get() {
            return Ok(sender.clone());
        }
        let headers = request.metadata().clone().into_headers();
        let names = request.extensions().get::<ClientNames>().cloned().unwrap_or_default();
        identify(&self.door, &headers, address, &names.0)
            .map_err(|_| Status::unauthenticated("the API key is missing or not known"))
    }
}

#[async_trait]
impl LogsService for Logs {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical());
        let sender = self.sender(&request, address)?;
        let Some(_turn) = self.door.turn() else {
            return Err(busy("as many requests as the limit allows are served"));
        };
        let records = records(request.get_ref());
        let format = sender.format.clone().map_or_else(|| "otlp".to_owned(), |inner| format!("otlp:{inner}"));
        let appender = &self.door.appender;
        let source = appender.source(SourceKind::OtlpGrpc, address.to_string(), Some(format));
        let borrowed = records.iter().map(|(position, bytes)| (*position, bytes.as_slice()));
        match append(appender, &sender.tenant, &source, borrowed).await.error {
            None => Ok(Response::new(ExportLogsServiceResponse::default())),
            Some(error @ LogError::Full { .. }) => Err(busy(&error.to_string())),
            Some(error) => Err(Status::internal(error.to_string())),
        }
    }
}

/// Unavailable is what OTLP's exporters try again after; `grpc-retry-pushback-ms` says when.
fn busy(reason: &str) -> Status {
    let mut status = Status::new(Code::Unavailable, reason);
    status
        .metadata_mut()
        .insert("grpc-retry-pushback-ms", tonic::metadata::MetadataValue::from_static("1000"));
    status
}
