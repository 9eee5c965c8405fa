//! What the vault promises, by properties over arbitrary secrets and places.
#![expect(clippy::unwrap_used, reason = "a test")]

use proptest::{prelude::*, sample::Index};
use secrecy::{ExposeSecret, SecretString};
use vault::{Algorithm, Context, KeyRing, Vault, VaultError};

const KEY_A: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const KEY_B: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

fn vault(setting: &str, algorithm: Algorithm) -> Vault {
    Vault::new(KeyRing::parse(&SecretString::from(setting)).unwrap(), algorithm)
}

fn ring_a(algorithm: Algorithm) -> Vault {
    vault(&format!("a:{KEY_A}"), algorithm)
}

fn algorithms() -> impl Strategy<Value = Algorithm> {
    prop_oneof![Just(Algorithm::XChaCha20Poly1305), Just(Algorithm::Aes256Gcm)]
}

type Place = (String, [u8; 16], String);

fn places() -> impl Strategy<Value = Place> {
    ("[a-z_]{0,12}", any::<[u8; 16]>(), "[a-z_]{0,12}")
}

fn context(place: &Place) -> Context<'_> {
    Context::new(&place.0, &place.1, &place.2)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_was_sealed_opens_again(algorithm in algorithms(), place in places(), secret in ".{0,200}") {
        let vault = ring_a(algorithm);
        let sealed = vault.seal(&SecretString::from(secret.as_str()), &context(&place)).unwrap();
        let opened = vault.open(&sealed, &context(&place)).unwrap();
        prop_assert_eq!(opened.expose_secret(), &secret);
        prop_assert!(!vault.needs_reseal(&sealed));
        prop_assert_eq!(vault.reseal(&sealed, &context(&place)).unwrap(), None);
    }

    #[test]
    fn bytes_that_are_no_text_open_as_bytes_only(algorithm in algorithms(), place in places(), tail in any::<[u8; 8]>()) {
        let vault = ring_a(algorithm);
        let secret = [&[0xff_u8][..], &tail].concat();
        let sealed = vault.seal_bytes(&secret, &context(&place)).unwrap();
        let opened = vault.open_bytes(&sealed, &context(&place)).unwrap();
        prop_assert_eq!(opened.expose_secret(), secret.as_slice());
        prop_assert_eq!(vault.open(&sealed, &context(&place)).unwrap_err(), VaultError::NotText);
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused(
        algorithm in algorithms(), place in places(), secret in ".{0,60}", at in any::<Index>(), bit in 0_u8..8,
    ) {
        let vault = ring_a(algorithm);
        let mut sealed = vault.seal(&SecretString::from(secret), &context(&place)).unwrap();
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        let refused = vault.open(&sealed, &context(&place)).unwrap_err();
        prop_assert!(
            matches!(refused, VaultError::Tampered | VaultError::Malformed | VaultError::UnknownKey { .. }),
            "byte {at} bit {bit}: {refused:?}"
        );
    }

    #[test]
    fn another_place_is_refused(algorithm in algorithms(), place in places(), other in places(), secret in ".{0,60}") {
        prop_assume!(place != other);
        let vault = ring_a(algorithm);
        let sealed = vault.seal(&SecretString::from(secret), &context(&place)).unwrap();
        let elsewhere = [
            (other.0.clone(), place.1, place.2.clone()),
            (place.0.clone(), other.1, place.2.clone()),
            (place.0.clone(), place.1, other.2.clone()),
            other,
        ];
        for elsewhere in elsewhere.iter().filter(|elsewhere| **elsewhere != place) {
            prop_assert_eq!(vault.open(&sealed, &context(elsewhere)).unwrap_err(), VaultError::Tampered);
            prop_assert!(vault.open_bytes(&sealed, &context(elsewhere)).is_err());
        }
    }

    #[test]
    fn a_truncated_or_extended_envelope_is_refused(
        algorithm in algorithms(), place in places(), secret in ".{0,60}", at in any::<Index>(), extra in any::<u8>(),
    ) {
        let vault = ring_a(algorithm);
        let mut sealed = vault.seal(&SecretString::from(secret), &context(&place)).unwrap();
        prop_assert!(vault.open(&sealed[..at.index(sealed.len())], &context(&place)).is_err());
        sealed.push(extra);
        prop_assert_eq!(vault.open(&sealed, &context(&place)).unwrap_err(), VaultError::Tampered);
    }

    #[test]
    fn arbitrary_bytes_never_open_nor_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), place in places()) {
        let vault = ring_a(Algorithm::default());
        prop_assert!(vault.open_bytes(&bytes, &context(&place)).is_err());
        prop_assert!(vault.needs_reseal(&bytes));
        prop_assert!(vault.reseal(&bytes, &context(&place)).is_err());
    }

    #[test]
    fn an_unknown_key_is_refused_by_its_name(algorithm in algorithms(), place in places(), secret in ".{0,60}") {
        let sealed = ring_a(algorithm).seal(&SecretString::from(secret), &context(&place)).unwrap();
        let other = vault(&format!("b:{KEY_B}"), algorithm);
        prop_assert_eq!(other.open(&sealed, &context(&place)).unwrap_err(), VaultError::UnknownKey { key_id: "a".into() });
        // The same name with another key behind it is not taken for the right one.
        let impostor = vault(&format!("a:{KEY_B}"), algorithm);
        prop_assert_eq!(impostor.open(&sealed, &context(&place)).unwrap_err(), VaultError::Tampered);
    }

    #[test]
    fn rotation_reseals_under_the_new_key_and_lets_the_old_one_go(
        before in algorithms(), after in algorithms(), place in places(), secret in ".{0,60}",
    ) {
        let old = ring_a(before);
        let sealed = old.seal(&SecretString::from(secret.as_str()), &context(&place)).unwrap();

        let rotating = vault(&format!("b:{KEY_B},a:{KEY_A}"), after);
        prop_assert!(rotating.needs_reseal(&sealed));
        prop_assert!(!sealed.starts_with(&rotating.sealing_prefix()));
        let opened = rotating.open(&sealed, &context(&place)).unwrap();
        prop_assert_eq!(opened.expose_secret(), &secret);
        let resealed = rotating.reseal(&sealed, &context(&place)).unwrap().unwrap();
        prop_assert!(!rotating.needs_reseal(&resealed));
        prop_assert!(resealed.starts_with(&rotating.sealing_prefix()));
        let key_id = Vault::key_id(&resealed).unwrap();
        prop_assert_eq!(key_id.as_str(), "b");

        let new = vault(&format!("b:{KEY_B}"), after);
        let opened = new.open(&resealed, &context(&place)).unwrap();
        prop_assert_eq!(opened.expose_secret(), &secret);
        prop_assert!(old.open(&resealed, &context(&place)).is_err());
    }
}

#[test]
fn changing_the_algorithm_alone_asks_for_a_reseal() {
    let context = Context::new("account_credentials", b"row", "access_token");
    let sealed = ring_a(Algorithm::XChaCha20Poly1305).seal(&SecretString::from("token"), &context).unwrap();
    let aes = ring_a(Algorithm::Aes256Gcm);
    assert!(aes.needs_reseal(&sealed));
    let resealed = aes.reseal(&sealed, &context).unwrap().unwrap();
    assert_eq!(aes.open(&resealed, &context).unwrap().expose_secret(), "token");
}

#[test]
fn the_same_secret_is_never_sealed_to_the_same_bytes() {
    let context = Context::new("account_credentials", b"row", "access_token");
    for algorithm in [Algorithm::XChaCha20Poly1305, Algorithm::Aes256Gcm] {
        let vault = ring_a(algorithm);
        let secret = SecretString::from("token");
        assert_ne!(vault.seal(&secret, &context).unwrap(), vault.seal(&secret, &context).unwrap());
    }
}

#[test]
fn the_envelope_has_the_documented_layout() {
    let context = Context::new("account_credentials", b"row", "access_token");
    let layout = |algorithm: Algorithm| ring_a(algorithm).seal(&SecretString::from("token"), &context).unwrap();
    let xchacha = layout(Algorithm::XChaCha20Poly1305);
    assert_eq!(xchacha[..3], [1, 1, b'a']);
    assert_eq!(xchacha.len(), 3 + 24 + "token".len() + 16);
    let aes = layout(Algorithm::Aes256Gcm);
    assert_eq!(aes[..3], [2, 1, b'a']);
    assert_eq!(aes.len(), 3 + 12 + "token".len() + 16);
}

/// Envelopes outlive the program: one sealed by an earlier build must open for as long as its key is in the ring.
#[test]
fn an_envelope_of_an_earlier_build_still_opens() {
    let context = Context::new("account_credentials", &[0x11; 16], "access_token");
    for (envelope, algorithm) in [(include_str!("envelope.xchacha.hex"), 1), (include_str!("envelope.aes.hex"), 2)] {
        let bytes: Vec<u8> = (0..envelope.trim().len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&envelope[at..at + 2], 16).unwrap())
            .collect();
        assert_eq!(bytes[0], algorithm);
        let opened = ring_a(Algorithm::default()).open(&bytes, &context).unwrap();
        assert_eq!(opened.expose_secret(), "a token of another day");
    }
}

#[test]
fn nothing_printable_shows_a_secret() {
    let vault = ring_a(Algorithm::default());
    let context = Context::new("account_credentials", b"row", "access_token");
    let sealed = vault.seal(&SecretString::from("the-token"), &context).unwrap();
    let opened = vault.open(&sealed, &context).unwrap();
    let error = vault.open(&sealed, &Context::new("t", b"r", "c")).unwrap_err();
    let shown = format!("{vault:?} {opened:?} {error:?} {error}");
    assert!(!shown.contains("the-token") && !shown.contains(&KEY_A[..10]), "{shown}");
}

#[test]
fn settings_name_the_algorithms() {
    for algorithm in [Algorithm::XChaCha20Poly1305, Algorithm::Aes256Gcm] {
        assert_eq!(algorithm.as_str().parse::<Algorithm>().unwrap(), algorithm);
    }
    assert!("aes-128".parse::<Algorithm>().is_err());
}
