//! The routes: the wallboard page, lists and single objects of the API, the live stream, metrics and health.
//!
//! Reads only, and only the board. Event intake is mounted beside it by whoever puts the program together.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use compact_str::CompactString;
use serde::Serialize;

use super::board::{Board, Key};
use super::compress::compress;
use super::health::Health;
use super::info::seconds;
use super::list::Page;
use super::metrics;
use super::object::{AgentObject, Form, QueueObject, encode};
use super::problem::Problem;
use super::request::{Parameters, nearest, request_id};
use super::stream;
use super::wallboard;

/// Most ids among which a near one is looked for.
const HINTS_MAX: usize = 10_000;

/// Headers of every answer. The page's own files are all it may load, and no other page may frame it.
const SECURITY: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// All routes over `board`. Has no fallback of its own, so that it can be merged with other routers.
pub fn router(board: Arc<Board>) -> Router {
    let mut router = Router::new()
        .route("/api/v1/queues", get(queues))
        .route("/api/v1/queues/{id}", get(queue))
        .route("/api/v1/agents", get(agents))
        .route("/api/v1/agents/{id}", get(agent))
        .route("/api/v1/live/stream", get(live_stream))
        .route("/api/v1/live/snapshot", get(live_snapshot))
        .route("/api/v1/health", get(health))
        .route("/metrics", get(metrics_text))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/version", get(version));
    for path in wallboard::paths() {
        router = router.route(path, get(wallboard_file));
    }
    let router = router.with_state(board).layer(middleware::from_fn(compress));
    router.layer(middleware::map_response(secure))
}

/// The answer to a path that no route has: for the fallback of the whole program.
pub async fn not_found(uri: Uri) -> Response {
    let detail = format!("there is nothing at {:?}", uri.path());
    secure(Problem::new(StatusCode::NOT_FOUND, "not_found", detail).into_response()).await
}

async fn secure(mut response: Response) -> Response {
    for (name, value) in SECURITY {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// What every answer with numbers says about them.
#[derive(Serialize)]
struct Meta {
    as_of: Option<String>,
    watermark: Option<String>,
    complete: bool,
    timezone: String,
    definitions_version: String,
    request_id: String,
    window_seconds: f64,
    sl_threshold_seconds: f64,
    short_abandon_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl Meta {
    fn new(board: &Board, request_id: String, next_cursor: Option<String>) -> Self {
        let info = board.info();
        let as_of = board.state().watermark().map(|at| at.to_string());
        Self {
            watermark: as_of.clone(),
            as_of,
            complete: false,
            timezone: info.timezone.clone(),
            definitions_version: info.definitions_version.clone(),
            request_id,
            window_seconds: seconds(info.window),
            sl_threshold_seconds: seconds(info.sl_threshold),
            short_abandon_seconds: seconds(info.short_abandon),
            next_cursor,
        }
    }
}

#[derive(Serialize)]
struct Answer<T> {
    data: T,
    meta: Meta,
}

fn json(value: &impl Serialize) -> Response {
    let mut response = Response::new(Body::from(encode(value)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Runs `answer` with the request's id, which also names its problem, and returns it in the header.
fn answer(board: &Arc<Board>, headers: &HeaderMap, answer: impl FnOnce(&str) -> Result<Response, Problem>) -> Response {
    let id = request_id(board, headers);
    let mut response = answer(&id).unwrap_or_else(|problem| problem.with_request_id(&id).into_response());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}

async fn queues(State(board): State<Arc<Board>>, uri: Uri, headers: HeaderMap) -> Response {
    answer(&board, &headers, |id| {
        let page = Page::parse(&Parameters::parse(&uri, &Page::PARAMETERS)?)?;
        // Views are taken under the lock and encoded outside, so that a long list does not hold up the publisher.
        let (views, next) =
            page.of(&board.state().queues, |e| (&e.view.tenant, &e.view.site), |entry| entry.view.clone());
        let level = board.info().sl_variant;
        let data: Vec<_> = views.iter().map(|view| QueueObject { view, form: Form::Full, level }).collect();
        Ok(json(&Answer { data, meta: Meta::new(&board, id.to_owned(), next) }))
    })
}

async fn agents(State(board): State<Arc<Board>>, uri: Uri, headers: HeaderMap) -> Response {
    answer(&board, &headers, |id| {
        let page = Page::parse(&Parameters::parse(&uri, &Page::PARAMETERS)?)?;
        let (views, next) =
            page.of(&board.state().agents, |e| (&e.view.tenant, &e.view.site), |entry| entry.view.clone());
        let data: Vec<_> = views.iter().map(|view| AgentObject { view, form: Form::Full }).collect();
        Ok(json(&Answer { data, meta: Meta::new(&board, id.to_owned(), next) }))
    })
}

/// Why an id led to no object.
enum Miss {
    /// It exists in several tenants.
    Ambiguous,
    /// It does not exist; these ids do.
    Unknown(Vec<CompactString>),
}

impl Miss {
    fn problem(self, what: &str, id: &str) -> Problem {
        match self {
            Self::Ambiguous => {
                let detail = format!("{what} {id:?} exists in several tenants: name one with tenant=");
                Problem::parameter("tenant", detail)
            }
            Self::Unknown(known) => {
                let hint = nearest(id, known.iter().map(CompactString::as_str));
                let hint = hint.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
                Problem::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {what} {id:?}{hint}"))
            }
        }
    }
}

/// The one object with this id, in the tenant that the parameters name; an id in several tenants needs one.
fn find<'a, E>(entries: &'a BTreeMap<Key, E>, id: &str, tenant: Option<&str>) -> Result<&'a E, Miss> {
    let from: Key = (id.into(), "".into());
    let mut found = entries
        .range(from..)
        .take_while(|((known, _), _)| known == id)
        .filter(|((_, of), _)| tenant.is_none_or(|tenant| tenant == of));
    match (found.next(), found.next()) {
        (Some((_, entry)), None) => Ok(entry),
        (Some(_), Some(_)) => Err(Miss::Ambiguous),
        (None, _) => Err(Miss::Unknown(entries.keys().take(HINTS_MAX).map(|(known, _)| known.clone()).collect())),
    }
}

async fn queue(State(board): State<Arc<Board>>, Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    answer(&board, &headers, |id| {
        let parameters = Parameters::parse(&uri, &["tenant"])?;
        let found = find(&board.state().queues, &name, parameters.get("tenant")).map(|entry| entry.view.clone());
        let view = &*found.map_err(|miss| miss.problem("queue", &name))?;
        let data = QueueObject { view, form: Form::Full, level: board.info().sl_variant };
        Ok(json(&Answer { data, meta: Meta::new(&board, id.to_owned(), None) }))
    })
}

async fn agent(State(board): State<Arc<Board>>, Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    answer(&board, &headers, |id| {
        let parameters = Parameters::parse(&uri, &["tenant"])?;
        let found = find(&board.state().agents, &name, parameters.get("tenant")).map(|entry| entry.view.clone());
        let view = &*found.map_err(|miss| miss.problem("agent", &name))?;
        let data = AgentObject { view, form: Form::Full };
        Ok(json(&Answer { data, meta: Meta::new(&board, id.to_owned(), None) }))
    })
}

async fn live_stream(State(board): State<Arc<Board>>, uri: Uri, headers: HeaderMap) -> Response {
    answer(&board, &headers, |_| {
        let parameters = Parameters::parse(&uri, &["scope", "last_event_id"])?;
        stream::open(&board, &parameters, &headers)
    })
}

async fn live_snapshot(State(board): State<Arc<Board>>, uri: Uri, headers: HeaderMap) -> Response {
    answer(&board, &headers, |_| {
        let scope = stream::scope(&Parameters::parse(&uri, &["scope"])?)?;
        let mut response = Response::new(Body::from(board.snapshot(scope).body.unwrap_or_default()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    })
}

async fn health(State(board): State<Arc<Board>>, uri: Uri, headers: HeaderMap) -> Response {
    answer(&board, &headers, |id| {
        Parameters::parse(&uri, &[])?;
        Ok(json(&Answer { data: Health::of(&board), meta: Meta::new(&board, id.to_owned(), None) }))
    })
}

async fn metrics_text(State(board): State<Arc<Board>>) -> Response {
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics::text(&board)).into_response()
}

async fn livez() -> &'static str {
    "ok\n"
}

async fn readyz(State(board): State<Arc<Board>>, uri: Uri) -> Response {
    let parameters = match Parameters::parse(&uri, &["verbose"]) {
        Ok(parameters) => parameters,
        Err(problem) => return problem.into_response(),
    };
    let ready = board.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = |good: bool| if good { "ok" } else { "not ok" };
    let mut text = String::new();
    if parameters.flag("verbose") {
        let state = board.state();
        text += &format!("recovered and attached: {}\n", word(ready));
        text += &format!("first numbers seen: {}\n", word(state.watermark().is_some()));
        for source in &state.sources {
            text += &format!("source {}: {}\n", source.view.switch, if source.view.up { "up" } else { "down" });
        }
    }
    text += if ready { "ready\n" } else { "not ready\n" };
    (status, text).into_response()
}

async fn version(State(board): State<Arc<Board>>) -> Response {
    json(board.info())
}

async fn wallboard_file(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    debug_assert!(method == Method::GET || method == Method::HEAD);
    wallboard::asset(uri.path(), &headers).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}
