use sentra_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A link that logs a browser in, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginLink {
    /// Where to go, from the root of this server.
    #[schema(example = "/login?token=…")]
    pub path: String,
    /// The whole link.
    pub url: String,
    /// When it stops working.
    pub expires: Timestamp,
}
