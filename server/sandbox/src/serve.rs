//! From the socket to a network and back. One way in for every platform request: read it, look for a fault, let the
//! network answer under the lock, note it in the journal, and then do to the connection what the fault wants.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    body::Bytes,
    extract::{self, ConnectInfo, DefaultBodyLimit, Request, State, connect_info::Connected},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    serve::{IncomingStream, Listener},
};
use futures::StreamExt as _;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

use crate::{
    Sandbox, consent,
    networks::{self, Network},
    showcase,
    wire::{Body, Call, Fields, PullError, Reply, parse_body, percent_decode},
    world::{Ended, Entry, Errand, Fault, FaultKind, Operation, Standing, Twist, World, keep},
};

/// Largest request body: films that come in one piece.
const MAX_BODY: usize = 320 << 20;
/// How long a `timeout` fault keeps a caller waiting who does not give up.
const HOLD: Duration = Duration::from_mins(2);
/// What becomes of a request.
enum Outcome {
    Answer(Reply),
    /// Answered after a while.
    Late(Reply, Duration),
    /// The connection closes without a byte.
    Cut,
    /// Nothing at all, until the caller gives up.
    Hold,
}

/// Every platform request.
pub(crate) async fn platform(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let line = request.extensions().get::<ConnectInfo<Line>>().map(|info| info.0.clone());
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_start_matches('/');
    let (first, below) = path.split_once('/').unwrap_or((path, ""));
    let Some(network) = networks::find(first) else {
        return (StatusCode::NOT_FOUND, format!("No simulated network answers here. There are {}.", networks::names()))
            .into_response();
    };
    let below = below.to_owned();
    let (bytes, whole) = match receive(body).await {
        Ok(received) => received,
        Err(refusal) => return refusal.into_response(),
    };
    let mut call = read_call(&sandbox, &parts, &below, bytes).await;
    // The caller was cut off. Upload hosts keep what came; anybody else never saw the request.
    if !whole && !network.keeps_parts(&call) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    if let Some((address, most)) = network.pulls(&call) {
        call.fetched = Some(pull(&sandbox, &address, most).await);
    }
    let (outcome, errands) = {
        let mut world = sandbox.world();
        let outcome = decide(&mut world, network, &call, &below);
        (outcome, std::mem::take(&mut world.errands))
    };
    for errand in errands {
        tokio::spawn(run(sandbox.clone(), errand));
    }
    match outcome {
        Outcome::Answer(reply) => reply.into_response(),
        Outcome::Late(reply, delay) => {
            sandbox.unless_closing(delay).await;
            reply.into_response()
        }
        Outcome::Cut => cut(line.as_ref()),
        Outcome::Hold => {
            sandbox.unless_closing(HOLD).await;
            cut(line.as_ref())
        }
    }
}

/// Reads a body as far as it comes; says whether that is all of it.
async fn receive(body: axum::body::Body) -> Result<(Bytes, bool), StatusCode> {
    let mut frames = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(frame) = frames.next().await {
        let Ok(frame) = frame else { return Ok((bytes.into(), false)) };
        if bytes.len() + frame.len() > MAX_BODY {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        bytes.extend_from_slice(&frame);
    }
    Ok((bytes.into(), true))
}

async fn read_call(sandbox: &Sandbox, parts: &Parts, below: &str, bytes: Bytes) -> Call {
    let declared = parts.headers.get(header::CONTENT_TYPE).cloned();
    let content_type = declared
        .as_ref()
        .and_then(|value| value.to_str().ok())
        .map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let body_len = bytes.len();
    let body = parse_body(content_type.as_deref(), declared, bytes).await;
    Call {
        method: parts.method.clone(),
        path: below.split('/').filter(|segment| !segment.is_empty()).map(percent_decode).collect(),
        query: Fields::parse(parts.uri.query().unwrap_or_default().as_bytes()),
        headers: parts.headers.clone(),
        content_type,
        body,
        body_len,
        base: sandbox.base_for(&parts.headers),
        fetched: None,
    }
}

/// Faults, the network's own answer, and the journal: all that happens under the lock.
fn decide(world: &mut World, network: &dyn Network, call: &Call, path: &str) -> Outcome {
    if call.method == Method::GET
        && let Some(id) = network.public_post(call)
    {
        return Outcome::Answer(showcase::public_page(world, network, &id));
    }
    let operation = network.operation(call);
    let fault = if world.faults.is_empty() { None } else { strike(world, network, call, operation) };
    let outcome = match &fault {
        None => Outcome::Answer(network.handle(world, call)),
        Some(fault) => suffer(world, network, call, fault),
    };
    world.twist = Twist::default();
    let status = match &outcome {
        Outcome::Answer(reply) | Outcome::Late(reply, _) => Some(reply.status.as_u16()),
        Outcome::Cut | Outcome::Hold => None,
    };
    note(world, network, call, path, operation, status, fault.map(|fault| fault.kind));
    outcome
}

/// Lets a fault happen.
fn suffer(world: &mut World, network: &dyn Network, call: &Call, fault: &Fault) -> Outcome {
    let late = fault.slow_ms.unwrap_or(3_000);
    match fault.kind {
        FaultKind::Status => return Outcome::Answer(refused(world, network, call, fault)),
        FaultKind::Sunset => return Outcome::Answer(network.sunset(world, call, fault)),
        FaultKind::Timeout => return Outcome::Hold,
        FaultKind::Drop => return Outcome::Cut,
        FaultKind::SlowProcessing => world.twist.late_ms = late,
        FaultKind::FailedProcessing => world.twist.fails = true,
        FaultKind::Expired => expire(world, network, call),
        FaultKind::Revoked => revoke(world, network, call),
        FaultKind::WithoutScopes => {
            if let Some(credential) = network.credential(call) {
                world.oauth.withhold(&credential, &fault.scopes);
                world.changed();
            }
        }
        // The other one asks first, and gets what there is to get.
        FaultKind::Raced => drop(network.handle(world, call)),
        FaultKind::TimeoutAfterAccept | FaultKind::DropAfterAccept | FaultKind::Slow | FaultKind::Malformed => {}
    }
    let reply = network.handle(world, call);
    match fault.kind {
        FaultKind::TimeoutAfterAccept => Outcome::Hold,
        FaultKind::DropAfterAccept => Outcome::Cut,
        FaultKind::Slow => Outcome::Late(reply, Duration::from_millis(late)),
        FaultKind::Malformed => {
            Outcome::Answer(Reply::typed(StatusCode::OK, "application/json; charset=utf-8", "{\"data\":{\"id\":\"17"))
        }
        _ => Outcome::Answer(reply),
    }
}

/// A refusal with the status that the rule names, in the network's own words.
fn refused(world: &mut World, network: &dyn Network, call: &Call, fault: &Fault) -> Reply {
    let status = fault.status.unwrap_or(500);
    let mut reply = network.refuse(world, call, status, fault);
    reply.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(body) = &fault.body {
        reply.body = body.to_string().into();
    }
    match fault.retry_after {
        Some(seconds) => reply.header("retry-after", seconds.to_string()),
        None => reply,
    }
}

fn note(
    world: &mut World,
    network: &dyn Network,
    call: &Call,
    path: &str,
    operation: Operation,
    status: Option<u16>,
    fault: Option<FaultKind>,
) {
    let (query, headers, body) = keep(call, world.journal.detail);
    let entry = Entry {
        platform: network.slug(),
        method: call.method.to_string(),
        path: format!("/{path}"),
        query,
        headers,
        content_type: call.content_type.clone(),
        body,
        status,
        at: world.now(),
        operation,
        fault,
    };
    world.journal.add(entry);
}

/// The fault that strikes this request, one turn of it used up.
fn strike(world: &mut World, network: &dyn Network, call: &Call, operation: Operation) -> Option<Fault> {
    let subjects = subjects(world, network, call, operation);
    let accounts = &world.accounts;
    let concerns = |wanted: &str| {
        subjects
            .iter()
            .any(|id| id == wanted || accounts.get(network.slug(), id).is_some_and(|account| account.is_called(wanted)))
    };
    world.faults.strike(network.slug(), operation, concerns)
}

/// Ids of the accounts that a request is about. A post is about the account it names; a token may be about many.
fn subjects(world: &World, network: &dyn Network, call: &Call, operation: Operation) -> Vec<String> {
    let mut ids = network.named_accounts(call);
    ids.extend(network.meant_accounts(world, call));
    ids.retain(|id| world.accounts.get(network.slug(), id).is_some());
    let one = matches!(operation, Operation::Publish | Operation::Upload | Operation::Comment | Operation::Status);
    if one && !ids.is_empty() {
        return ids;
    }
    let Some(credential) = network.credential(call) else { return ids };
    if let Some(code) = world.oauth.code(network.slug(), &credential) {
        ids.push(code.person.clone());
        ids.extend(code.assets.iter().cloned());
        return ids;
    }
    match world.oauth.standing(network.slug(), &credential, world.now()) {
        Standing::Unknown => {}
        Standing::Live(token, grant)
        | Standing::Expired(token, grant)
        | Standing::Revoked(token, grant)
        | Standing::Spent(token, grant) => {
            if let Some(page) = &token.page {
                ids.push(page.clone());
            } else {
                ids.push(grant.person.clone());
                ids.extend(grant.assets.iter().cloned());
            }
        }
    }
    ids
}

/// The token or code in a request runs out.
fn expire(world: &mut World, network: &dyn Network, call: &Call) {
    if let Some(credential) = network.credential(call) {
        let now = world.now();
        world.oauth.run_out(&credential, now);
        world.changed();
    }
}

/// The person takes the grant behind a request back.
fn revoke(world: &mut World, network: &dyn Network, call: &Call) {
    let Some(credential) = network.credential(call) else { return };
    world.oauth.spoil_code(&credential);
    let grant = match world.oauth.standing(network.slug(), &credential, world.now()) {
        Standing::Live(_, grant) | Standing::Expired(_, grant) | Standing::Spent(_, grant) => grant.id,
        Standing::Revoked(..) | Standing::Unknown => return,
    };
    world.oauth.end(grant, Ended::ByPerson);
    world.changed();
}

/// Fetches what a network was sent for, and tells it.
async fn run(sandbox: Sandbox, errand: Errand) {
    let mut fetched = Vec::with_capacity(errand.addresses.len());
    for address in &errand.addresses {
        fetched.push(pull(&sandbox, address, errand.most).await);
    }
    let mut world = sandbox.world();
    world.twist = errand.twist;
    if let Some(network) = networks::of(errand.platform) {
        network.fetched(&mut world, &errand.stage, fetched);
    }
    world.twist = Twist::default();
    world.changed();
}

/// A network fetches a medium, as Meta does: no redirects, not for long, not more than it wants.
async fn pull(sandbox: &Sandbox, address: &str, most: u64) -> Result<Bytes, PullError> {
    let client = sandbox.http().map_err(PullError::Failed)?;
    let (local, limit) = {
        let world = sandbox.world();
        (world.settings.local_media, Duration::from_secs(world.config.pull_seconds))
    };
    let read = async {
        if !local {
            refuse_local(address).await?;
        }
        let failed = |error: reqwest::Error| PullError::Failed(error.to_string());
        let answer = client.get(address).send().await.map_err(failed)?;
        if answer.status() != StatusCode::OK {
            return Err(PullError::Failed(format!("the address answered {}", answer.status())));
        }
        let declared = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let declared = declared.unwrap_or_default().to_ascii_lowercase();
        if !["image/", "video/", "application/octet-stream"].iter().any(|kind| declared.starts_with(kind)) {
            return Err(PullError::Failed(format!("the address answered with the type {declared:?}")));
        }
        let mut bytes = Vec::new();
        let mut frames = answer.bytes_stream();
        while let Some(frame) = frames.next().await {
            bytes.extend_from_slice(&frame.map_err(failed)?);
            if bytes.len() as u64 > most {
                return Err(PullError::TooLarge);
            }
        }
        Ok(Bytes::from(bytes))
    };
    tokio::time::timeout(limit, read).await.unwrap_or(Err(PullError::Slow))
}

/// The real networks reach public addresses only, and only by TLS.
async fn refuse_local(address: &str) -> Result<(), PullError> {
    let url = url::Url::parse(address).map_err(|error| PullError::Failed(error.to_string()))?;
    let refusal = |words: &str| Err(PullError::Failed(words.to_owned()));
    if url.scheme() != "https" {
        return refusal("the address is not https");
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return refusal("the address names no host");
    };
    let host = host.trim_matches(['[', ']']);
    let mut found =
        tokio::net::lookup_host((host, port)).await.map_err(|error| PullError::Failed(error.to_string()))?;
    if found.any(|address| !is_public(address.ip())) {
        return refusal("the address is not public");
    }
    Ok(())
}

fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()),
        IpAddr::V6(ip) => {
            !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified())
        }
    }
}

/// The consent form, answered.
pub(crate) async fn consent_form(
    State(sandbox): State<Sandbox>,
    extract::Path((platform, id)): extract::Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let Some(network) = networks::find(&platform) else { return Reply::empty(StatusCode::NOT_FOUND) };
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match parse_body(Some(&content_type), None, body).await {
        Body::Form(form) => consent::answer(&mut sandbox.world(), network, &id, &form),
        _ => consent::fault_page(network, "Nothing was chosen", "The form came without its fields."),
    }
}

/// Largest body of the sandbox's own forms and calls.
pub(crate) fn body_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(1 << 20)
}

/// Ends the connection without a byte. Where the router runs without our listener there is no connection to end: the
/// answer then is a body that breaks off at once.
fn cut(line: Option<&Line>) -> Response {
    if let Some(line) = line {
        line.0.store(true, Ordering::Release);
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let broken = axum::body::Body::from_stream(Broken);
    Response::builder().status(StatusCode::BAD_GATEWAY).body(broken).unwrap_or_default()
}

/// A body that fails before its first byte.
struct Broken;

impl futures::Stream for Broken {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted))))
    }
}

/// A handle on one connection: set, the next write fails and the server drops the socket. The status line is part of
/// that first write, so that the caller sees the connection close and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Line(Arc<AtomicBool>);

/// A connection that can be cut from inside a handler.
pub(crate) struct Cuttable {
    stream: TcpStream,
    line: Line,
}

impl Cuttable {
    fn alive(&self) -> io::Result<()> {
        if self.line.0.load(Ordering::Acquire) { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.alive()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.alive()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.alive()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Our listener: plain TCP whose connections can be cut.
pub(crate) struct Lines(pub(crate) TcpListener);

impl Listener for Lines {
    type Io = Cuttable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small answers must not wait for more to send.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot switch off Nagle's algorithm");
        }
        (Cuttable { stream, line: Line(Arc::new(AtomicBool::new(false))) }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for Line {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.io().line.clone()
    }
}

/// Writes the state file whenever something has changed, until the server is about to stop.
pub(crate) async fn keep_state(sandbox: Sandbox, path: PathBuf) {
    let mut written = None;
    let mut pause = Duration::from_secs(1);
    while !sandbox.unless_closing(pause).await {
        let begun = Instant::now();
        match save_state(&sandbox, &path, written).await {
            Ok(revision) => written = Some(revision),
            Err(error) => tracing::error!(%error, "the state file cannot be written"),
        }
        // A large state is written less often.
        pause = Duration::from_secs(1).max(begun.elapsed() * 10);
    }
}

/// Writes the state file unless it holds this revision already; answers with the revision that it holds now.
pub(crate) async fn save_state(sandbox: &Sandbox, path: &Path, written: Option<u64>) -> io::Result<u64> {
    let (revision, snapshot) = {
        let world = sandbox.world();
        let revision = world.revision();
        if written == Some(revision) {
            return Ok(revision);
        }
        (revision, world.snapshot())
    };
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || snapshot.write(&path)).await.map_err(io::Error::other)??;
    Ok(revision)
}
