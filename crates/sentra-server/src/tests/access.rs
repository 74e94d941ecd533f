use std::collections::BTreeSet;

use super::*;
use crate::routes::{Access, table};
use crate::{CSRF_HEADER, api};

/// A path that the route answers.
fn example(path: &str) -> String {
    path.replace("{id}", "raw.0.1").replace("{topic}", "raw").replace("{name}", "linux")
}

fn bare(method: Method, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

/// The door: the list of routes without credentials is this one, and it is short.
#[tokio::test]
async fn every_route_but_the_open_ones_refuses_a_request_without_credentials() {
    let mut fixture = fixture().await;
    let mut uncovered = BTreeSet::new();
    for route in table() {
        let answer = fixture.send(bare(route.method.clone(), &example(route.path))).await;
        if answer.status == StatusCode::UNAUTHORIZED {
            assert_eq!(answer.problem(), "unauthorized");
            assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"sentra\"");
        } else {
            uncovered.insert(route.path);
        }
        assert_eq!(answer.status != StatusCode::UNAUTHORIZED, route.access == Access::Open, "{}", route.path);
    }
    assert_eq!(uncovered, BTreeSet::from(["/healthz", "/login", "/readyz"]));
    for unknown in ["/api", "/api/", "/api/v1", "/api/v2/status", "/api/v1/incidents/a/b"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = fixture.send(bare(method, unknown)).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{unknown}");
        }
    }
}

/// What is documented is served, and what is served is documented.
#[test]
fn the_routes_are_those_of_the_openapi_document() {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    let is_described = |path: &str| path.starts_with("/api/") && path != "/api/v1/openapi.json";
    let served: BTreeSet<_> = table()
        .iter()
        .filter(|route| is_described(route.path))
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .collect();
    assert_eq!(documented, served);
}

#[tokio::test]
async fn the_wrong_method_is_told_the_right_one_and_only_with_credentials() {
    let mut fixture = fixture().await;
    let answer = fixture.ask(Method::DELETE, "/api/v1/status", Body::empty()).await;
    assert_eq!(answer.problem(), "method-not-allowed");
    assert_eq!(answer.headers[header::ALLOW], "GET");
    let without = fixture.send(bare(Method::DELETE, "/api/v1/status")).await;
    assert_eq!(without.status, StatusCode::UNAUTHORIZED);
    assert_eq!(fixture.get("/api/v1/nothing").await.problem(), "route-unknown");
}

#[tokio::test]
async fn a_foreign_host_name_is_refused_on_every_route() {
    let mut fixture = fixture().await;
    for path in ["/", "/healthz", "/api/v1/status", "/login?token=x"] {
        let mut request = bare(Method::GET, path);
        request.headers_mut().insert(header::HOST, "rebound.example:8080".parse().unwrap());
        assert_eq!(fixture.send(request).await.problem(), "wrong-host", "{path}");
    }
}

#[tokio::test]
async fn a_login_link_makes_a_session_that_reads_and_with_the_header_writes() {
    let mut fixture = fixture().await;
    let link = fixture.ask(Method::POST, "/api/v1/login-links", Body::empty()).await;
    assert_eq!(link.status, StatusCode::CREATED);
    let path = link.json()["path"].as_str().unwrap().to_owned();
    assert_eq!(link.json()["url"], format!("http://localhost:8080{path}"));

    let preview = fixture.send(bare(Method::HEAD, &path)).await;
    assert_eq!(preview.status, StatusCode::NO_CONTENT, "a preview does not use the link up");
    let login = fixture.send(bare(Method::GET, &path)).await;
    assert_eq!(
        (login.status, &login.headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/".parse().unwrap())
    );
    let cookie = login.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let again = fixture.send(bare(Method::GET, &path)).await;
    assert_eq!(again.problem(), "login-link-spent");

    let cookie = cookie.split(';').next().unwrap().to_owned();
    let with_cookie = |method: Method, path: &str, csrf: bool| {
        let mut request = bare(method, path);
        request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        if csrf {
            request.headers_mut().insert(CSRF_HEADER, "1".parse().unwrap());
        }
        request
    };
    assert_eq!(fixture.send(with_cookie(Method::GET, "/api/v1/status", false)).await.status, StatusCode::OK);
    let forged = fixture.send(with_cookie(Method::POST, "/api/v1/ingest", false)).await;
    assert_eq!(forged.problem(), "csrf-header-missing");
    let meant = fixture.send(with_cookie(Method::POST, "/api/v1/ingest", true)).await;
    assert_eq!(meant.status, StatusCode::OK);
    let more = fixture.send(with_cookie(Method::POST, "/api/v1/login-links", true)).await;
    assert_eq!(more.problem(), "bearer-required", "a session cannot make itself last");
    let left = fixture.send(with_cookie(Method::POST, "/api/v1/logout", true)).await;
    assert_eq!(left.status, StatusCode::NO_CONTENT);
    let after = fixture.send(with_cookie(Method::GET, "/api/v1/status", false)).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let mut fixture = fixture().await;
    for path in ["/", "/healthz", "/api/v1/status", "/nothing.js"] {
        let answer = fixture.send(bare(Method::GET, path)).await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(answer.headers["cross-origin-opener-policy"], "same-origin");
    }
    let answer = fixture.get("/api/v1/status").await;
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn the_console_answers_every_page_and_no_path_leads_out_of_it() {
    let mut fixture = fixture().await;
    for page in ["/", "/incidents", "/incidents/inc-0123456789abcdef"] {
        let answer = fixture.send(bare(Method::GET, page)).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        assert!(answer.text().to_lowercase().contains("<!doctype html>"), "{page}");
    }
    for outside in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/..%2fCargo.toml", "/assets/../../Cargo.toml"] {
        let answer = fixture.send(bare(Method::GET, outside)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{outside}");
    }
    assert_eq!(fixture.send(bare(Method::POST, "/")).await.problem(), "method-not-allowed");
    let head = fixture.send(bare(Method::HEAD, "/")).await;
    assert!(head.status == StatusCode::OK && head.body.is_empty());
}
