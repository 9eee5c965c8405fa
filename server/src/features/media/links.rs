//! Signed URLs: who has one may see one file for about an hour.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    DataExportId, MediaId,
    clock::Clock,
    media::{Signature, Variant},
};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// The least time a fresh URL works, seconds.
const VALID_FOR: i64 = 3_600;
/// URLs made within the same ten minutes are the same, so that a browser finds its copy again.
const ROUNDED_TO: i64 = 600;

/// Makes and checks signed URLs. Cheap to clone.
#[derive(Clone)]
pub struct MediaLinks {
    mac: Hmac<Sha256>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for MediaLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaLinks")
    }
}

/// Why a URL is not honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The signature is not ours, or belongs to another picture, variant or time.
    NotOurs,
    /// It was ours, and its time has passed.
    Expired,
}

impl MediaLinks {
    /// `secret` may serve other purposes too: what signs URLs is derived from it and opens nothing else.
    pub fn new(secret: &SecretString, clock: Arc<dyn Clock>) -> Self {
        let derived =
            Sha256::new().chain_update(b"arctiv media links 1\0").chain_update(secret.expose_secret()).finalize();
        let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (to, from) in key.iter_mut().zip(derived) {
            *to = from;
        }
        Self { mac: Hmac::new(&key), clock }
    }

    /// `/media/{id}/{variant}?expires=…&signature=…`; works for 60 to 70 minutes.
    pub fn url(&self, id: MediaId, variant: Variant) -> String {
        let expires = self.expires();
        let signature = URL_SAFE_NO_PAD.encode(self.over(id, variant, expires).finalize().into_bytes());
        format!("/media/{id}/{}?expires={expires}&signature={signature}", variant.word())
    }

    /// The address of an avatar or a logo; works as long.
    pub fn portrait(&self, name: &str) -> String {
        let expires = self.expires();
        let signature = URL_SAFE_NO_PAD.encode(self.over_portrait(name, expires).finalize().into_bytes());
        format!("/portraits/{name}?expires={expires}&signature={signature}")
    }

    /// The same as [`verify`](Self::verify) for those.
    pub fn verify_portrait(&self, name: &str, signature: &Signature) -> Result<(), Refused> {
        self.judge(self.over_portrait(name, signature.expires), signature)
    }

    /// The address of somebody's own data; works as long.
    pub fn export(&self, id: DataExportId) -> String {
        let expires = self.expires();
        let signature = URL_SAFE_NO_PAD.encode(self.over_export(id, expires).finalize().into_bytes());
        format!("/exports/{id}?expires={expires}&signature={signature}")
    }

    /// The same as [`verify`](Self::verify) for that.
    pub fn verify_export(&self, id: DataExportId, signature: &Signature) -> Result<(), Refused> {
        self.judge(self.over_export(id, signature.expires), signature)
    }

    /// Compares in constant time; says that a URL has expired only to those who hold a true one.
    pub fn verify(&self, id: MediaId, variant: Variant, signature: &Signature) -> Result<(), Refused> {
        self.judge(self.over(id, variant, signature.expires), signature)
    }

    fn judge(&self, wanted: Hmac<Sha256>, signature: &Signature) -> Result<(), Refused> {
        let given = URL_SAFE_NO_PAD.decode(&signature.signature).map_err(|_| Refused::NotOurs)?;
        wanted.verify_slice(&given).map_err(|_| Refused::NotOurs)?;
        if signature.expires > self.clock.now().timestamp() { Ok(()) } else { Err(Refused::Expired) }
    }

    fn expires(&self) -> i64 {
        let soonest = self.clock.now().timestamp() + VALID_FOR;
        (soonest + ROUNDED_TO - 1).div_euclid(ROUNDED_TO) * ROUNDED_TO
    }

    fn over_export(&self, id: DataExportId, expires: i64) -> Hmac<Sha256> {
        self.mac.clone().chain_update(format!("export\n{id}\n{expires}"))
    }

    fn over_portrait(&self, name: &str, expires: i64) -> Hmac<Sha256> {
        // No id of a file looks like this.
        self.mac.clone().chain_update(format!("portrait\n{name}\n{expires}"))
    }

    fn over(&self, id: MediaId, variant: Variant, expires: i64) -> Hmac<Sha256> {
        self.mac.clone().chain_update(format!("{id}\n{}\n{expires}", variant.word()))
    }
}

/// Addresses at which platforms that fetch media themselves can do so (platforms.md 0.6): signed, on our own host, good
/// for an hour and longer.
#[derive(Clone, Debug)]
pub struct PublicMedia {
    links: MediaLinks,
    origin: String,
}

impl PublicMedia {
    /// `origin` without a trailing slash, as the platforms reach it.
    pub fn new(links: MediaLinks, origin: String) -> Self {
        Self { links, origin }
    }

    /// The address of a file of an asset.
    pub fn url(&self, id: MediaId, variant: Variant) -> String {
        format!("{}{}", self.origin, self.links.url(id, variant))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use chrono::{DateTime, Utc};
    use uuid::Uuid;

    use super::*;

    struct At(AtomicI64);
    impl Clock for At {
        fn now(&self) -> DateTime<Utc> {
            DateTime::from_timestamp(self.0.load(Ordering::Relaxed), 0).unwrap()
        }
    }

    fn links(secret: &str) -> (MediaLinks, Arc<At>) {
        let clock = Arc::new(At(AtomicI64::new(1_790_000_123)));
        (MediaLinks::new(&SecretString::from(secret), clock.clone()), clock)
    }

    fn signature(url: &str) -> Signature {
        serde_urlencoded::from_str(url.split_once('?').unwrap().1).unwrap()
    }

    const ID: MediaId = MediaId(Uuid::from_u128(7));

    #[test]
    fn a_url_works_for_an_hour_and_a_little() {
        let (links, clock) = links("a secret");
        let signature = signature(&links.url(ID, Variant::Original));
        let lives = signature.expires - 1_790_000_123;
        assert!((VALID_FOR..VALID_FOR + ROUNDED_TO).contains(&lives), "{lives}");
        clock.0.store(signature.expires - 1, Ordering::Relaxed);
        assert_eq!(links.verify(ID, Variant::Original, &signature), Ok(()));
        clock.0.store(signature.expires, Ordering::Relaxed);
        assert_eq!(links.verify(ID, Variant::Original, &signature), Err(Refused::Expired));
    }

    #[test]
    fn it_stays_the_same_for_some_minutes() {
        let (links, clock) = links("a secret");
        clock.0.store(1_790_000_401, Ordering::Relaxed);
        let first = links.url(ID, Variant::Thumbnail);
        clock.0.store(1_790_001_000, Ordering::Relaxed);
        assert_eq!(links.url(ID, Variant::Thumbnail), first);
        clock.0.store(1_790_001_001, Ordering::Relaxed);
        assert_ne!(links.url(ID, Variant::Thumbnail), first);
    }

    #[test]
    fn nothing_of_it_can_be_changed() {
        let (links, _) = links("a secret");
        let true_one = signature(&links.url(ID, Variant::Original));
        let refused = |id, variant, signature: &Signature| {
            assert_eq!(links.verify(id, variant, signature), Err(Refused::NotOurs), "{signature:?}");
        };
        refused(MediaId(Uuid::from_u128(8)), Variant::Original, &true_one);
        refused(ID, Variant::Thumbnail, &true_one);
        refused(ID, Variant::Original, &Signature { expires: true_one.expires + 1, ..true_one.clone() });
        for (at, _) in true_one.signature.char_indices() {
            let mut other = true_one.signature.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let signature = String::from_utf8(other).unwrap();
            refused(ID, Variant::Original, &Signature { signature, ..true_one.clone() });
        }
        for signature in ["", "%%%", &true_one.signature[..20], &format!("{}AA", true_one.signature)] {
            refused(ID, Variant::Original, &Signature { signature: signature.to_owned(), ..true_one.clone() });
        }
    }

    #[test]
    fn platforms_get_the_whole_address() {
        let (links, _) = links("a secret");
        let public = PublicMedia::new(links.clone(), "https://arctiv.example".into());
        let copy = Variant::Copy("jpg-w1440-p0-b8388608".parse().unwrap());
        for variant in [Variant::Original, copy] {
            assert_eq!(public.url(ID, variant), format!("https://arctiv.example{}", links.url(ID, variant)));
        }
    }

    #[test]
    fn another_key_signs_otherwise() {
        let (ours, _) = links("a secret");
        let (theirs, _) = links("another secret");
        let signature = signature(&theirs.url(ID, Variant::Original));
        assert_eq!(ours.verify(ID, Variant::Original, &signature), Err(Refused::NotOurs));
    }
}
