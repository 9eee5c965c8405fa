//! Saving: the descriptions of the pictures first, then the post, once.

use super::{
    keep::{Entry, Keeper},
    state::{Composer, Purpose},
};
use crate::{
    AppError,
    features::{
        media::server_fns::set_alt_text,
        posts::server_fns::{create_post, update_post},
    },
};
use domain::{
    MediaId,
    media::MediaAsset,
    posts::{NewPost, Post, PostPatch},
};
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

/// Saves what is written now. Everything is read at once: the page may be gone before the answer.
///
/// A new post is made once. Where a draft of it lies on the server, that becomes the post. Where something was sent and
/// its answer never came, the same is sent again under the same name, which finds or makes that one post, and then it is
/// changed to what is written now.
pub fn save(composer: Composer, keeper: Keeper) -> impl Future<Output = Result<Post, AppError>> {
    let draft = composer.draft.get_untracked();
    let to = composer.recipients();
    let (purpose, undo_seconds) = (composer.purpose(), composer.undo_seconds());
    let (described, pictures) = (composer.described(), composer.pictures);
    let entry = keeper.hand_over();
    async move {
        let saved = async {
            store_descriptions(described, pictures).await?;
            match purpose {
                Purpose::Change(id, version) => update_post(id, draft.as_patch(&to, undo_seconds, Some(version))).await,
                Purpose::New => {
                    let (wanted, patch) = (draft.as_new(&to, undo_seconds), draft.as_patch(&to, undo_seconds, None));
                    make(keeper, entry, wanted, patch).await
                }
            }
        }
        .await;
        match &saved {
            Ok(_) => keeper.done(),
            Err(_) => keeper.goes_on(),
        }
        saved
    }
}

async fn make(keeper: Keeper, entry: Entry, wanted: NewPost, patch: PostPatch) -> Result<Post, AppError> {
    let post = match (entry.post, entry.sent) {
        (Some(post), _) => post,
        (None, sent) => {
            let sent = sent.unwrap_or_else(|| wanted.clone());
            keeper.about_to_send(&sent);
            match create_post(sent.clone(), entry.key).await {
                Ok(post) => {
                    keeper.made(post.id);
                    if sent == wanted {
                        return Ok(post);
                    }
                    post.id
                }
                Err(error) => {
                    keeper.not_made(&error);
                    return Err(error);
                }
            }
        }
    };
    update_post(post, patch).await
}
