//! What handlers are handed: parameters and bodies whose every fault is a problem document.

use std::str::FromStr;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use sentra_intake::http::Authenticated;
use sentra_model::{TenantId, TenantScope};
use sentra_query::{Asker, Role};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::door::Caller;
use crate::problem::{Problem, ProblemKind};
use crate::state::Shared;

/// Header that names the tenant.
const TENANT_HEADER: &str = "x-sentra-tenant";

/// Query parameters.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(Problem::new(ProblemKind::ParameterInvalid, rejection.body_text())),
        }
    }
}

/// The id at the end of the path.
pub(crate) struct Id<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Id<T>
where
    T: FromStr,
    T::Err: std::fmt::Display,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let invalid = |detail: String| Problem::new(ProblemKind::ParameterInvalid, detail);
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| invalid(rejection.body_text()))?;
        text.parse().map(Self).map_err(|error: T::Err| invalid(error.to_string()))
    }
}

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(body_problem(&rejection)),
        }
    }
}

fn body_problem(rejection: &JsonRejection) -> Problem {
    let kind = match rejection {
        JsonRejection::MissingJsonContentType(_) => ProblemKind::MediaTypeUnsupported,
        JsonRejection::JsonDataError(_) | JsonRejection::JsonSyntaxError(_) => ProblemKind::BodyInvalid,
        other if other.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE => ProblemKind::BodyTooLarge,
        _ => ProblemKind::BodyBrokenOff,
    };
    let problem = Problem::new(kind, rejection.body_text());
    if kind == ProblemKind::BodyTooLarge { problem.with_next("send a smaller body") } else { problem }
}

/// Law TENANT: whose data the request is about. There is one tenant that is meant when none is named, and no
/// way to mean all of them.
pub(crate) async fn named_tenant(parts: &mut Parts) -> Result<TenantId, Problem> {
    #[derive(Deserialize)]
    struct Named {
        tenant: Option<String>,
    }
    let Query(named) = Query::<Named>::try_from_uri(&parts.uri)
        .map_err(|rejection| Problem::new(ProblemKind::ParameterInvalid, rejection.body_text()))?;
    let mut headers = parts.headers.get_all(TENANT_HEADER).iter();
    let header = headers.next().map(|value| value.to_str().unwrap_or("\u{fffd}"));
    let invalid = |detail: String| Problem::new(ProblemKind::TenantInvalid, detail);
    if headers.next().is_some() {
        return Err(invalid("the tenant is named twice".to_owned()));
    }
    let name = match (header, named.tenant.as_deref()) {
        (Some(header), Some(parameter)) if header != parameter => {
            return Err(invalid(format!("the header names tenant {header:?}, the parameter {parameter:?}")));
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => return Ok(TenantId::default_tenant()),
    };
    name.parse().map_err(|error: sentra_model::TenantError| invalid(error.to_string()))
}

/// The scope of a tenant that exists.
pub(crate) struct Scope(pub(crate) TenantScope);

impl FromRequestParts<Shared> for Scope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let tenant = named_tenant(parts).await?;
        let is_known = tenant == TenantId::default_tenant() || shared.tenants().await?.contains(&tenant);
        if is_known {
            return Ok(Self(TenantScope::new(tenant)));
        }
        Err(Problem::new(ProblemKind::TenantUnknown, format!("there is no tenant {tenant}")))
    }
}

/// Who asks: the scope of a tenant that exists, and what the caller may.
pub(crate) struct Who(pub(crate) Asker);

impl FromRequestParts<Shared> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let Scope(scope) = Scope::from_request_parts(parts, shared).await?;
        // Whoever came in by a browser session; everybody else who got here has the token.
        let role = match parts.extensions.get::<Caller>() {
            Some(Caller::Session(_)) => Role::Analyst,
            Some(Caller::Bearer) | None => Role::Admin,
        };
        Ok(Self(Asker::new(scope, role)))
    }
}

/// The scope of a tenant that may come into being with this request.
pub(crate) struct NewScope(pub(crate) TenantScope);

impl FromRequestParts<Shared> for NewScope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        new_scope(parts, shared).await.map(Self)
    }
}

/// The scope of the tenant that the request names, which may come into being with it. A sender with an API key has
/// the tenant of its key and can name no other.
pub(crate) async fn new_scope(parts: &mut Parts, shared: &Shared) -> Result<TenantScope, Problem> {
    if let Some(Authenticated(sender)) = parts.extensions.get() {
        let own = sender.tenant.clone();
        let named = named_tenant(parts).await?;
        if named != own && named != TenantId::default_tenant() {
            let detail = format!("the key is one of tenant {own}, the request names {named}");
            return Err(Problem::new(ProblemKind::TenantInvalid, detail));
        }
        return Ok(TenantScope::new(own));
    }
    let tenant = named_tenant(parts).await?;
    let scope = TenantScope::new(tenant);
    if *scope.tenant() == TenantId::default_tenant() || shared.has_sent(scope.tenant()).await? {
        return Ok(scope);
    }
    let tenants = shared.tenants().await?;
    let tenants_max = shared.config.intake.tenants_max;
    // Law LIMIT: a tenant is directories and workers.
    if !tenants.contains(scope.tenant()) && tenants.len() >= tenants_max {
        let detail = format!("there are {} tenants, intake.tenants_max is {tenants_max}", tenants.len());
        return Err(Problem::new(ProblemKind::TenantsTooMany, detail));
    }
    Ok(scope)
}
