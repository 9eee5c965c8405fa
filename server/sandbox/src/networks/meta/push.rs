//! Meta's *deauthorize* and *data deletion* callbacks: a form with a `signed_request`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use crate::{
    config::Client,
    push::{Message, mac},
    world::{Grant, World},
};

pub(crate) fn signed_request(world: &World, grant: &Grant, client: &Client) -> Message {
    let payload = json!({
        "algorithm": "HMAC-SHA256", "issued_at": world.now().timestamp(), "user_id": grant.person,
    });
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let signature = URL_SAFE_NO_PAD.encode(mac(&client.secret, &payload));
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("signed_request", &format!("{signature}.{payload}"))
        .finish();
    Message { content_type: "application/x-www-form-urlencoded", headers: Vec::new(), body }
}
