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
    ErrorCode, MediaId,
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
/// its answer never came, that one post is found or made under the same name, and then changed to what is written now.
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
                    let wish = Wish {
                        draft: draft.as_autosave(),
                        post: draft.as_new(&to, undo_seconds),
                        change: draft.as_patch(&to, undo_seconds, None),
                    };
                    make(keeper, entry, wish).await
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

/// What is to be saved, as a draft, as a new post, and as a change to one.
struct Wish {
    draft: NewPost,
    post: NewPost,
    change: PostPatch,
}

async fn make(keeper: Keeper, entry: Entry, wish: Wish) -> Result<Post, AppError> {
    if let Some(post) = entry.post {
        return update_post(post, wish.change).await;
    }
    let sent = match entry.sent {
        // Other words were to go out, and nobody knows whether they did. A draft under their name sees to it that they no
        // longer will; if the name is taken, they did, and that post is found by sending them again.
        Some(sent) if sent != wish.post && !sent.autosave => match create_post(wish.draft, entry.key.clone()).await {
            Ok(post) => {
                keeper.made(post.id);
                return update_post(post.id, wish.change).await;
            }
            Err(error) if error.code() == Some(ErrorCode::Conflict) => sent,
            Err(error) => return Err(error),
        },
        Some(sent) => sent,
        None => wish.post.clone(),
    };
    keeper.about_to_send(&sent);
    let post = create_post(sent.clone(), entry.key).await.inspect_err(|error| keeper.not_made(error))?;
    keeper.made(post.id);
    if sent == wish.post { Ok(post) } else { update_post(post.id, wish.change).await }
}
