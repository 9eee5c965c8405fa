//! A post's versions.

use domain::posts::versions::{PieceKind, VersionPart};

use super::*;

fn body(text: &str) -> PostPatch {
    PostPatch { body: Some(text.to_owned()), ..PostPatch::default() }
}

#[tokio::test]
async fn who_changed_what_and_when() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("Europe/Dublin").await;
    let ruairi = studio.colleague(&maeve, Role::Editor).await;
    let shop = studio.account(&maeve, Platform::Facebook, "Shop").await;
    let picture = studio.picture(&maeve, 10, 10).await;
    let post = studio.save(&maeve, private("Red plum")).await.id;
    studio.clock.advance(Duration::minutes(1));
    let moved = studio.now();
    studio.posts.update(&ruairi, post, body("Red plum and cocoa")).await.unwrap();
    let more = PostPatch {
        title: Some("Autumn".into()),
        link: Some("https://a.example".into()),
        media_assets: Some(vec![picture]),
        overrides: Some(BTreeMap::from([(Platform::Facebook, Override { body: "Own".into() })])),
        ..PostPatch::default()
    };
    studio.posts.update(&maeve, post, more).await.unwrap();
    let later = PostPatch {
        visibility: Some(Visibility::Scheduled),
        scheduled_at: Some(studio.now() + Duration::days(1)),
        account_ids: Some(vec![shop]),
        ..PostPatch::default()
    };
    studio.posts.update(&maeve, post, later).await.unwrap();

    let page = studio.posts.versions(&maeve, post, PageRequest::default()).await.unwrap();
    let told: Vec<_> = page.items.iter().map(|one| (one.number, one.current, one.changes.clone())).collect();
    assert_eq!(
        told,
        [
            (4, true, vec![VersionPart::Schedule, VersionPart::Accounts]),
            (3, false, vec![VersionPart::Title, VersionPart::Overrides, VersionPart::Link, VersionPart::Media]),
            (2, false, vec![VersionPart::Text]),
            (1, false, vec![]),
        ]
    );
    assert_eq!((page.items[2].author.id, page.items[2].created_at), (ruairi.user_id, moved));
    assert_eq!((page.items[3].author.id, page.items[3].excerpt.as_str()), (maeve.user_id, "Red plum"));
    assert_eq!((page.total, page.next_cursor), (4, None));

    let version = studio.posts.version(&maeve, post, 3).await.unwrap();
    assert_eq!((version.title.as_deref(), version.content.body.as_str()), (Some("Autumn"), "Red plum and cocoa"));
    assert_eq!(version.media.len(), 1);
    let meant = studio.posts.version(&maeve, post, 4).await.unwrap().meant_for.unwrap();
    assert_eq!((meant.visibility, meant.account_ids), (Visibility::Scheduled, Some(vec![shop])));

    let change = studio.posts.compare(&maeve, post, 1, 2).await.unwrap();
    let [text] = &change.parts[..] else { panic!("{change:?}") };
    assert_eq!(
        text.pieces.last().map(|piece| (piece.kind, piece.text.as_str())),
        Some((PieceKind::Added, " and cocoa"))
    );
    let change = studio.posts.compare(&maeve, post, 3, 4).await.unwrap();
    let accounts = change.parts.iter().find(|part| part.part == VersionPart::Accounts).unwrap();
    assert_eq!(accounts.pieces[0].text, "All active accounts");
    assert_eq!(accounts.pieces[1].text, "Shop (Facebook)");
    let change = studio.posts.compare(&maeve, post, 2, 3).await.unwrap();
    assert_eq!((change.media_added.len(), change.media_removed.len()), (1, 0));
}

#[tokio::test]
async fn the_history_comes_in_pages() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = studio.save(&maeve, private("0")).await.id;
    for n in 1..5 {
        studio.posts.update(&maeve, post, body(&n.to_string())).await.unwrap();
    }
    let page = async |page| {
        let page = studio.posts.versions(&maeve, post, page).await.unwrap();
        (page.items.iter().map(|one| one.number).collect::<Vec<_>>(), page.next_cursor)
    };
    let (first, cursor) = page(PageRequest::first(2)).await;
    assert_eq!(first, [5, 4]);
    let (second, cursor) = page(PageRequest { cursor, ..PageRequest::first(2) }).await;
    assert_eq!(second, [3, 2]);
    assert_eq!(page(PageRequest { cursor, ..PageRequest::first(2) }).await, (vec![1], None));
    assert_eq!(page(PageRequest { offset: Some(3), ..PageRequest::first(2) }).await, (vec![2, 1], None));
    for cursor in ["x", "-1", "99999999999"] {
        let refused =
            studio.posts.versions(&maeve, post, PageRequest { cursor: Some(cursor.into()), ..PageRequest::default() });
        assert!(field(refused.await, "cursor").contains("not one of ours"));
    }
}

#[tokio::test]
async fn an_earlier_version_comes_back_as_the_newest() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let shop = studio.account(&maeve, Platform::Facebook, "Shop").await;
    let picture = studio.picture(&maeve, 10, 10).await;
    let first = NewPost {
        title: Some("First".into()),
        link: Some("https://a.example".into()),
        media_assets: vec![picture],
        ..private("Words")
    };
    let post = studio.save(&maeve, first).await.id;
    let moment = studio.now() + Duration::days(1);
    let changed = PostPatch {
        title: Some(String::new()),
        link: Some(String::new()),
        media_assets: Some(vec![]),
        overrides: Some(BTreeMap::from([(Platform::Facebook, Override { body: "Own".into() })])),
        visibility: Some(Visibility::Scheduled),
        scheduled_at: Some(moment),
        account_ids: Some(vec![shop]),
        ..body("Other words")
    };
    studio.posts.update(&maeve, post, changed).await.unwrap();

    let back = studio.posts.restore(&maeve, post, 1).await.unwrap();
    assert_eq!((back.version, back.title.as_deref(), back.body.as_str()), (3, Some("First"), "Words"));
    assert_eq!((back.link.as_deref(), back.media.len(), back.overrides.len()), (Some("https://a.example"), 1, 0));
    assert_eq!((back.status, back.scheduled_at), (PostStatus::Scheduled, Some(moment)), "it keeps its time");
    assert_eq!(back.account_ids, Some(vec![shop]), "and its accounts");
    let newest = studio.posts.versions(&maeve, post, PageRequest::first(1)).await.unwrap().items.remove(0);
    assert_eq!((newest.number, newest.restored_from), (3, Some(1)));
    assert!(
        studio
            .posts
            .compare(&maeve, post, 1, 3)
            .await
            .unwrap()
            .parts
            .iter()
            .all(|part| { matches!(part.part, VersionPart::Schedule | VersionPart::Accounts) })
    );
    studio.run_scheduled().await;
    let out = studio.deliveries(post).await;
    assert_eq!(out, [("facebook".to_owned(), "pending".to_owned())], "only the newest goes out");
}

#[tokio::test]
async fn what_cannot_be_changed_cannot_be_brought_back() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let reader = studio.colleague(&maeve, Role::Viewer).await;
    let stranger = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Shop").await;
    let picture = studio.picture(&maeve, 10, 10).await;
    let post = studio.save(&maeve, NewPost { media_assets: vec![picture], ..private("One") }).await.id;
    let two = PostPatch { media_assets: Some(vec![]), ..body("Two") };
    studio.posts.update(&maeve, post, two).await.unwrap();

    assert_eq!(code(studio.posts.restore(&maeve, post, 2).await), ErrorCode::Conflict, "the current one");
    assert_eq!(code(studio.posts.restore(&maeve, post, 9).await), ErrorCode::NotFound);
    assert_eq!(code(studio.posts.restore(&reader, post, 1).await), ErrorCode::Forbidden);
    assert!(studio.posts.version(&reader, post, 1).await.is_ok());
    for refused in [
        studio.posts.restore(&stranger, post, 1).await.map(|_| ()),
        studio.posts.version(&stranger, post, 1).await.map(|_| ()),
        studio.posts.compare(&stranger, post, 1, 2).await.map(|_| ()),
        studio.posts.versions(&stranger, post, PageRequest::default()).await.map(|_| ()),
    ] {
        assert_eq!(code(refused), ErrorCode::NotFound);
    }
    let now = PostPatch { visibility: Some(Visibility::Public), undo_seconds: Some(60), ..PostPatch::default() };
    studio.posts.update(&maeve, post, now).await.unwrap();
    assert_eq!(code(studio.posts.restore(&maeve, post, 1).await), ErrorCode::Conflict, "going out");
    studio.select().await;
    studio.publish(post, "published").await;
    assert_eq!(code(studio.posts.restore(&maeve, post, 1).await), ErrorCode::Conflict, "out");

    let other = studio.save(&maeve, NewPost { media_assets: vec![picture], ..private("One") }).await.id;
    studio.posts.update(&maeve, other, PostPatch { media_assets: Some(vec![]), ..body("Two") }).await.unwrap();
    studio.media.delete(&maeve, picture).await.unwrap();
    let gone = studio.posts.restore(&maeve, other, 1).await.unwrap_err();
    assert!(gone.fault.message.contains("not in the library any more"), "{gone:?}");
}

#[tokio::test]
async fn a_refused_post_is_sent_again_after_the_undo_window() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Shop").await;
    let post = studio.save(&maeve, private("One")).await.id;
    let two = PostPatch { visibility: Some(Visibility::Public), ..body("Two") };
    studio.posts.update(&maeve, post, two).await.unwrap();
    studio.select().await;
    studio.settle(post, Platform::Facebook, "failed").await;
    let back = studio.posts.restore(&maeve, post, 1).await.unwrap();
    assert_eq!((back.status, back.body.as_str()), (PostStatus::Publishing, "One"));
    assert_eq!(back.publishes_at, Some(studio.now() + Duration::seconds(5)));
    studio.select().await;
}

#[tokio::test]
async fn versions_from_before_they_told_what_they_were_for() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = studio.save(&maeve, private("One")).await.id;
    sqlx::query("update post_versions set visibility = null, title = null where post_id = $1")
        .bind(post.0)
        .execute(&studio.admin)
        .await
        .unwrap();
    let titled = PostPatch { title: Some("Titled".into()), ..PostPatch::default() };
    studio.posts.update(&maeve, post, titled).await.unwrap();
    let page = studio.posts.versions(&maeve, post, PageRequest::default()).await.unwrap();
    assert_eq!(page.items[0].changes, [], "nobody knows");
    assert_eq!(studio.posts.version(&maeve, post, 1).await.unwrap().meant_for, None);
    let back = studio.posts.restore(&maeve, post, 1).await.unwrap();
    assert_eq!(back.title.as_deref(), Some("Titled"), "a title that nobody knows is not taken away");
    assert_eq!(code(studio.posts.restore(&maeve, post, 0).await), ErrorCode::NotFound);
}
