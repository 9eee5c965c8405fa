//! Asks the browser for a passkey. Options and answers are JSON as `WebAuthn` writes it; what the browser wants as bytes is
//! turned here, since the oldest browsers we serve do not do it by themselves.

use js_sys::{Array, Function, JSON, Object, Promise, Reflect, Uint8Array};
use leptos::prelude::window;
use serde_json::{Value, json};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Why there is no passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceError {
    /// The person said no, or took too long.
    Cancelled,
    /// The device has one for this account.
    Known,
    /// The browser knows nothing of passkeys.
    Unsupported,
    Failed,
}

impl DeviceError {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Cancelled => "No passkey was used. Try again when you are ready.",
            Self::Known => "This device has a passkey for your account already.",
            Self::Unsupported => "This browser does not know passkeys.",
            Self::Failed => "Your device could not do this. Please try again, or use another one.",
        }
    }
}

impl From<JsValue> for DeviceError {
    fn from(error: JsValue) -> Self {
        let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default();
        match name.as_str() {
            "NotAllowedError" | "AbortError" => Self::Cancelled,
            "InvalidStateError" => Self::Known,
            "NotSupportedError" => Self::Unsupported,
            _ => Self::Failed,
        }
    }
}

/// Makes a passkey: `PublicKeyCredentialCreationOptionsJSON` in, `RegistrationResponseJSON` out.
pub async fn create(options: &Value) -> Result<Value, DeviceError> {
    let options = parsed(options)?;
    to_bytes(&options, "challenge")?;
    to_bytes(&Reflect::get(&options, &"user".into())?, "id")?;
    each_to_bytes(&options, "excludeCredentials")?;
    let credential = ask("create", &options).await?;
    let response = Reflect::get(&credential, &"response".into())?;
    Ok(json!({
        "id": text(&credential, "id"),
        "rawId": text(&credential, "id"),
        "type": "public-key",
        "authenticatorAttachment": text(&credential, "authenticatorAttachment"),
        "response": {
            "clientDataJSON": from_bytes(&response, "clientDataJSON")?,
            "attestationObject": from_bytes(&response, "attestationObject")?,
        },
        "clientExtensionResults": {},
    }))
}

/// Uses one: `PublicKeyCredentialRequestOptionsJSON` in, `AuthenticationResponseJSON` out.
pub async fn get(options: &Value) -> Result<Value, DeviceError> {
    let options = parsed(options)?;
    to_bytes(&options, "challenge")?;
    each_to_bytes(&options, "allowCredentials")?;
    let credential = ask("get", &options).await?;
    let response = Reflect::get(&credential, &"response".into())?;
    Ok(json!({
        "id": text(&credential, "id"),
        "rawId": text(&credential, "id"),
        "type": "public-key",
        "authenticatorAttachment": text(&credential, "authenticatorAttachment"),
        "response": {
            "clientDataJSON": from_bytes(&response, "clientDataJSON")?,
            "authenticatorData": from_bytes(&response, "authenticatorData")?,
            "signature": from_bytes(&response, "signature")?,
            "userHandle": from_bytes(&response, "userHandle")?,
        },
        "clientExtensionResults": {},
    }))
}

async fn ask(what: &str, options: &JsValue) -> Result<JsValue, DeviceError> {
    let container = Reflect::get(&window().navigator(), &"credentials".into())?;
    if container.is_undefined() || Reflect::get(&window(), &"PublicKeyCredential".into())?.is_undefined() {
        return Err(DeviceError::Unsupported);
    }
    let request = Object::new();
    Reflect::set(&request, &"publicKey".into(), options)?;
    let function: Function = Reflect::get(&container, &what.into())?.dyn_into()?;
    let promise: Promise = function.call1(&container, &request)?.dyn_into()?;
    let credential = JsFuture::from(promise).await?;
    if credential.is_null() { Err(DeviceError::Cancelled) } else { Ok(credential) }
}

fn parsed(options: &Value) -> Result<JsValue, DeviceError> {
    Ok(JSON::parse(&options.to_string())?)
}

fn text(object: &JsValue, key: &str) -> Option<String> {
    Reflect::get(object, &key.into()).ok().and_then(|value| value.as_string())
}

/// A field in base64url becomes bytes.
fn to_bytes(object: &JsValue, key: &str) -> Result<(), DeviceError> {
    let Some(encoded) = text(object, key) else { return Ok(()) };
    let plain = window().atob(&encoded.replace('-', "+").replace('_', "/"))?;
    // One character for each byte.
    let bytes: Vec<u8> = plain.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or_default()).collect();
    Reflect::set(object, &key.into(), &Uint8Array::from(bytes.as_slice()))?;
    Ok(())
}

fn each_to_bytes(object: &JsValue, key: &str) -> Result<(), DeviceError> {
    let list = Reflect::get(object, &key.into())?;
    if list.is_undefined() {
        return Ok(());
    }
    for one in Array::from(&list) {
        to_bytes(&one, "id")?;
    }
    Ok(())
}

/// Bytes in base64url, as a JSON value; null where there are none.
fn from_bytes(object: &JsValue, key: &str) -> Result<Value, DeviceError> {
    let buffer = Reflect::get(object, &key.into())?;
    if buffer.is_null() || buffer.is_undefined() {
        return Ok(Value::Null);
    }
    let plain: String = Uint8Array::new(&buffer).to_vec().into_iter().map(char::from).collect();
    let encoded = window().btoa(&plain)?;
    Ok(Value::String(encoded.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned()))
}
