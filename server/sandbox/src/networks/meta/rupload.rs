//! The host that films are uploaded to: the whole rest of the file in one request, from an offset that the host agrees
//! with. What arrived before a connection broke is kept.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    networks::Caller,
    wire::{Body, Call, Reply},
    world::{Slug, StageState, Standing, Whole, World},
};

/// What one request came to.
pub(crate) enum Upload {
    /// The file is there.
    Whole(Whole),
    /// The host is to fetch it from this address.
    Address(String),
}

/// Takes what a request brings for a publication. `Err` is the answer, where the file is not complete with it.
pub(crate) fn receive(world: &mut World, call: &Call, slug: Slug, id: &str) -> Result<Upload, Reply> {
    let caller = caller(world, call, slug)?;
    let own = |owner: &str| {
        caller.person == owner || caller.page.as_deref() == Some(owner) || caller.assets.iter().any(|id| id == owner)
    };
    let stage = world.stages.get_mut(slug, id).filter(|stage| own(&stage.owner));
    let Some(stage) = stage else {
        return Err(problem(404, false, "NotFoundError", "The upload session does not exist"));
    };
    if call.method == axum::http::Method::GET {
        return Err(Reply::ok(&json!({ "offset": stage.pieces.size() })));
    }
    if stage.state != StageState::Waiting {
        return Err(problem(400, false, "ProcessingFailedError", "The upload is already complete"));
    }
    if let Some(address) = call.header("file_url") {
        return Ok(Upload::Address(address.to_owned()));
    }
    let (Some(offset), Some(size)) = (call.number("offset"), call.number("file_size").filter(|size| *size > 0)) else {
        return Err(problem(400, false, "InvalidHeaderError", "The headers offset and file_size are required"));
    };
    if stage.expected != 0 && stage.expected != size {
        return Err(problem(400, false, "InvalidHeaderError", "file_size differs from that of an earlier request"));
    }
    if offset != stage.pieces.size() {
        return Err(problem(400, true, "OffsetInvalidError", "Request starting offset is invalid"));
    }
    let Some(bytes) = call.raw() else {
        let words =
            if matches!(call.body, Body::Empty) { "The request has no body" } else { "The body must be the file" };
        return Err(problem(400, false, "InvalidBodyError", words));
    };
    if offset + bytes.len() as u64 > size {
        return Err(problem(400, false, "InvalidBodyError", "The body is longer than file_size"));
    }
    stage.expected = size;
    stage.pieces.insert(offset, bytes.clone());
    if stage.pieces.size() < size {
        return Err(problem(400, true, "PartialRequestError", "Partial request (did not match length of file)"));
    }
    let whole = stage.pieces.whole();
    stage.pieces.clear();
    world.changed();
    Ok(Upload::Whole(whole))
}

fn caller(world: &World, call: &Call, slug: Slug) -> Result<Caller, Reply> {
    let standing = call.oauth_token().map(|token| world.oauth.standing(slug, token, world.now()));
    match standing {
        Some(Standing::Live(token, grant)) => Ok(Caller::new(token, grant)),
        _ => Err(problem(401, false, "NotAuthorizedError", "User not authorized to perform this request")),
    }
}

pub(crate) fn success() -> Reply {
    Reply::ok(&json!({ "success": true, "message": "Upload successful." }))
}

/// The answer of a `status` fault.
pub(crate) fn refusal(status: u16, words: &str) -> Reply {
    problem(status, status == 429 || status >= 500, "ProcessingFailedError", words)
}

fn problem(status: u16, retriable: bool, kind: &str, words: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let body: Value = json!({ "debug_info": { "retriable": retriable, "type": kind, "message": words } });
    Reply::json(status, &body)
}
