//! Saving: the descriptions of the pictures first, then the post, once.

use super::state::{Composer, Purpose};
use crate::{
    AppError,
    features::{
        media::server_fns::set_alt_text,
        posts::server_fns::{create_post, update_post},
    },
};
use domain::{MediaId, media::MediaAsset, posts::Post};
use leptos::{prelude::*, web_sys};
use std::collections::BTreeMap;

/// A name for this post that no other has, made when it is first saved. The same is sent with every try, so that a
/// post whose answer was lost on the way is not made twice.
pub fn new_key() -> String {
    let mut bytes = [0_u8; 16];
    // Every browser that can run this has it, also outside a secure context.
    let random =
        window().crypto().and_then(|crypto: web_sys::Crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    if random.is_err() {
        for byte in &mut bytes {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 0 to 255 by construction"
            )]
            let one = (js_sys::Math::random() * 256.0) as u8;
            *byte = one;
        }
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Stores the descriptions that were typed. What is typed meanwhile stays for the next time.
pub async fn store_descriptions(
    described: RwSignal<BTreeMap<MediaId, String>>,
    pictures: RwSignal<Vec<MediaAsset>>,
) -> Result<(), AppError> {
    let typed = described.try_get_untracked().unwrap_or_default();
    for (id, text) in typed {
        let asset = set_alt_text(id, text.clone()).await?;
        let _page_gone = pictures.try_update(|pictures| {
            if let Some(old) = pictures.iter_mut().find(|old| old.id == id) {
                *old = asset;
            }
        });
        let _page_gone = described.try_update(|described| {
            if described.get(&id) == Some(&text) {
                described.remove(&id);
            }
        });
    }
    Ok(())
}

/// Saves what is written now. `key` names it. Everything is read at once: the page may be gone before the answer.
pub fn save(composer: Composer, key: String) -> impl Future<Output = Result<Post, AppError>> {
    let draft = composer.draft.get_untracked();
    let to = composer.recipients();
    let (purpose, undo_seconds) = (composer.purpose(), composer.undo_seconds());
    let (described, pictures) = (composer.described(), composer.pictures);
    async move {
        store_descriptions(described, pictures).await?;
        match purpose {
            Purpose::New => create_post(draft.as_new(&to, undo_seconds), key).await,
            Purpose::Change(id, version) => update_post(id, draft.as_patch(&to, undo_seconds, version)).await,
        }
    }
}
