//! A security key: makes one credential and signs with it, as CTAP 2 has it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use rand::Rng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub struct Device {
    key: SigningKey,
    id: [u8; 32],
    pub counter: u32,
    /// Whether it makes sure of its owner.
    pub verifies: bool,
    user: String,
}

impl Device {
    pub fn new() -> Self {
        let mut random = [0_u8; 64];
        rand::rng().fill_bytes(&mut random);
        let (key, id) = random.split_at(32);
        let key = SigningKey::from_slice(key).unwrap();
        Self { key, id: id.try_into().unwrap(), counter: 0, verifies: true, user: String::new() }
    }

    fn data(&mut self, site: &str, new: bool) -> Vec<u8> {
        self.counter += 1;
        let flags = 0x01 | if self.verifies { 0x04 } else { 0 } | if new { 0x40 } else { 0 };
        let mut data = Sha256::digest(site.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        if new {
            data.extend([0; 16]);
            data.extend([0, 32]);
            data.extend(self.id);
            let point = self.key.verifying_key().to_encoded_point(false);
            data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
            data.extend(point.x().unwrap());
            data.extend([0x22, 0x58, 0x20]);
            data.extend(point.y().unwrap());
        }
        data
    }

    fn client_data(what: &str, options: &Value, origin: &str) -> Vec<u8> {
        json!({ "type": what, "challenge": options["challenge"], "origin": origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    /// `navigator.credentials.create` on a page of `origin`.
    pub fn create(&mut self, options: &Value, origin: &str) -> Value {
        self.user = options["user"]["id"].as_str().unwrap().to_owned();
        let data = self.data(options["rp"]["id"].as_str().unwrap(), true);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(&data);
        let id = URL_SAFE_NO_PAD.encode(self.id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(Self::client_data("webauthn.create", options, origin)),
                "attestationObject": URL_SAFE_NO_PAD.encode(object),
            },
            "clientExtensionResults": {},
        })
    }

    /// `navigator.credentials.get` on a page of `origin`.
    pub fn get(&mut self, options: &Value, origin: &str) -> Value {
        let client = Self::client_data("webauthn.get", options, origin);
        let data = self.data(options["rpId"].as_str().unwrap(), false);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client));
        let signature: Signature = self.key.sign(&signed);
        let id = URL_SAFE_NO_PAD.encode(self.id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
                "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "signature": URL_SAFE_NO_PAD.encode(signature.to_der().as_bytes()),
                "userHandle": self.user,
            },
            "clientExtensionResults": {},
        })
    }
}
