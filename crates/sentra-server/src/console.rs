use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::layers::has_already;
use crate::problem::{Problem, ProblemKind};

/// A file of the console, built into the program.
pub(crate) struct Asset {
    /// Path below the root, without the slash.
    path: &'static str,
    bytes: &'static [u8],
    /// Digest of the bytes, in quotes.
    etag: &'static str,
}

// `ASSETS`, made by build.rs from console/dist, sorted by path.
include!(concat!(env!("OUT_DIR"), "/console_assets.rs"));

/// The page that every path of the console begins with.
const INDEX: &str = "index.html";
/// Names below this directory hold a digest of their bytes, so they never change.
const HASHED_PREFIX: &str = "assets/";
/// Shown when the program was built without the console.
const NO_CONSOLE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sentra</title>\
    <h1>Sentra is running</h1><p>This program was built without its console. Run <code>make console</code> and \
    build it again. The API is at <code>/api/v1</code>.</p></html>";

/// Serves the console: its files, and its first page for every path that looks like a page.
pub(crate) async fn serve(request: Request) -> Response {
    serve_from(ASSETS, &request)
}

fn serve_from(assets: &'static [Asset], request: &Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response =
            Problem::new(ProblemKind::MethodNotAllowed, "the console is only read").into_response();
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = request.uri().path().trim_start_matches('/');
    // Names are compared with the list of what is built in; no path leads anywhere else.
    let asset = find(assets, path).or_else(|| if is_page(path) { find(assets, INDEX) } else { None });
    match asset {
        Some(asset) if has_already(request.headers(), asset.etag) => {
            (StatusCode::NOT_MODIFIED, headers(asset)).into_response()
        }
        // axum leaves the body out where the method is HEAD.
        Some(asset) => (headers(asset), asset.bytes).into_response(),
        None if is_page(path) => {
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], NO_CONSOLE).into_response()
        }
        None => Problem::new(ProblemKind::RouteUnknown, "the console has no such file").into_response(),
    }
}

fn find(assets: &'static [Asset], path: &str) -> Option<&'static Asset> {
    assets.binary_search_by(|asset| asset.path.cmp(path)).ok().and_then(|index| assets.get(index))
}

/// A page of the console has a path without a file's ending.
fn is_page(path: &str) -> bool {
    path == INDEX || !path.rsplit('/').next().unwrap_or_default().contains('.')
}

fn headers(asset: &Asset) -> [(header::HeaderName, &'static str); 3] {
    let is_hashed = asset.path.starts_with(HASHED_PREFIX);
    let cache = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    [
        (header::CONTENT_TYPE, media_type(asset.path)),
        (header::ETAG, asset.etag),
        (header::CACHE_CONTROL, cache),
    ]
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    static BUILT: &[Asset] = &[
        Asset { path: "assets/app-1a2b.js", bytes: b"let a;", etag: "\"one\"" },
        Asset { path: "favicon.svg", bytes: b"<svg/>", etag: "\"two\"" },
        Asset { path: "index.html", bytes: b"<!doctype html>", etag: "\"three\"" },
    ];

    fn get(path: &str, known: Option<&str>) -> Response {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        if let Some(etag) = known {
            request.headers_mut().insert(header::IF_NONE_MATCH, etag.parse().unwrap());
        }
        serve_from(BUILT, &request)
    }

    #[test]
    fn files_whose_name_holds_their_digest_are_kept_for_ever_and_the_page_is_asked_for_again() {
        for (path, media, cache) in [
            ("/assets/app-1a2b.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
            ("/favicon.svg", "image/svg+xml", "no-cache"),
            ("/", "text/html; charset=utf-8", "no-cache"),
            ("/incidents/inc-1", "text/html; charset=utf-8", "no-cache"),
        ] {
            let response = get(path, None);
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], media, "{path}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], cache, "{path}");
        }
        assert_eq!(get("/assets/old-0000.js", None).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn what_the_browser_has_is_not_sent_again() {
        for known in ["\"three\"", "W/\"three\"", "\"x\", \"three\"", "*"] {
            assert_eq!(get("/", Some(known)).status(), StatusCode::NOT_MODIFIED, "{known}");
        }
        assert_eq!(get("/", Some("\"two\"")).status(), StatusCode::OK);
    }

    #[test]
    fn the_list_that_is_built_in_is_sorted() {
        assert!(ASSETS.is_sorted_by_key(|asset| asset.path));
    }
}
