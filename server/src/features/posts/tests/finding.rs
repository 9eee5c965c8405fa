//! Searching and narrowing the list of posts.

use domain::posts::{Bound, PostSort, PostStatuses};

use super::*;

async fn found(studio: &Studio, actor: &Actor, filter: PostFilter) -> Vec<PostId> {
    let page = studio.posts.list(actor, filter.clone()).await.unwrap();
    assert_eq!(page.total, i64::try_from(page.items.len()).unwrap(), "{filter:?}");
    page.items.iter().map(|post| post.id).collect()
}

async fn searched(studio: &Studio, actor: &Actor, q: &str) -> Vec<PostId> {
    found(studio, actor, PostFilter { q: Some(q.to_owned()), ..PostFilter::default() }).await
}

#[tokio::test]
async fn words_are_found_whatever_their_case_accents_and_punctuation() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let umlauts = studio.save(&maeve, private("Grüße aus KÖLN, von Müllers Café.")).await.id;
    let link = studio
        .save(
            &maeve,
            NewPost { link: Some("https://harbourpine.example/winter-roast?ref=a".into()), ..private("New in") },
        )
        .await
        .id;
    let titled =
        studio.save(&maeve, NewPost { title: Some("Spring plan".into()), ..private("Eggs & <b>bunnies</b>") }).await.id;
    let own = Override { body: "For\nprofessionals".into() };
    let own = NewPost { overrides: BTreeMap::from([(Platform::Linkedin, own)]), ..private("Common") };
    let own = studio.save(&maeve, own).await.id;
    let cup = studio.save(&maeve, private("☕ 冬のコーヒー")).await.id;

    for (q, posts) in [
        ("köln", vec![umlauts]),
        ("koln grusse", vec![]),
        ("koln gruße", vec![umlauts]),
        ("MULLERS cafe", vec![umlauts]),
        // Decomposed, as some keyboards type it.
        ("Mu\u{308}llers", vec![umlauts]),
        ("müll", vec![umlauts]),
        ("müll köln", vec![]),
        ("harbourpine", vec![link]),
        ("https://harbourpine.example/winter-ro", vec![link]),
        ("winter example", vec![link]),
        ("oast", vec![]),
        ("spring eggs", vec![titled]),
        ("bunnies", vec![titled]),
        ("professionals", vec![own]),
        ("nprofessionals", vec![]),
        ("linkedin", vec![]),
        ("\"new in\"", vec![link]),
        ("\"in new\"", vec![]),
        ("eggs or köln", vec![titled, umlauts]),
        ("new -spring", vec![link]),
        ("☕", vec![cup]),
        ("コーヒー", vec![cup]),
        ("'); drop table posts; --", vec![]),
        ("!!! & | <-> :*", vec![]),
    ] {
        assert_eq!(searched(&studio, &maeve, q).await, posts, "{q}");
    }
}

#[tokio::test]
async fn only_the_current_version_and_only_ones_own_workspace_is_searched() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let stranger = studio.workspace("UTC").await;
    let post = studio.save(&maeve, private("Quince")).await.id;
    assert_eq!(searched(&studio, &maeve, "quince").await, [post]);
    assert_eq!(searched(&studio, &stranger, "quince").await, []);
    studio.posts.update(&maeve, post, PostPatch { body: Some("Damson".into()), ..PostPatch::default() }).await.unwrap();
    assert_eq!(searched(&studio, &maeve, "quince").await, []);
    assert_eq!(searched(&studio, &maeve, "damson").await, [post]);
    studio.posts.delete(&maeve, post).await.unwrap();
    assert_eq!(searched(&studio, &maeve, "damson").await, []);
}

#[tokio::test]
async fn what_fits_best_comes_first_when_asked_for() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let titled =
        studio.save(&maeve, NewPost { title: Some("Quince".into()), ..private("Quince, quince and quince") }).await.id;
    let told = studio.save(&maeve, private("A long text in which, far down, a quince is mentioned.")).await.id;
    let by = |sort| PostFilter { q: Some("quince".into()), sort, ..PostFilter::default() };
    assert_eq!(found(&studio, &maeve, by(PostSort::Newest)).await, [told, titled]);
    assert_eq!(found(&studio, &maeve, by(PostSort::Relevance)).await, [titled, told]);
    let page = PageRequest { limit: Some(1), ..PageRequest::default() };
    let first = studio.posts.list(&maeve, PostFilter { page, ..by(PostSort::Relevance) }).await.unwrap();
    assert_eq!((first.items[0].id, first.total, first.next_cursor), (titled, 2, None));
    let page = PageRequest { limit: Some(1), offset: Some(1), cursor: None };
    let second = studio.posts.list(&maeve, PostFilter { page, ..by(PostSort::Relevance) }).await.unwrap();
    assert_eq!(second.items[0].id, told);
}

#[tokio::test]
async fn filters_narrow_together_and_are_counted() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let ruairi = studio.colleague(&maeve, Role::Editor).await;
    let shop = studio.account(&maeve, Platform::Facebook, "Shop").await;
    let page = studio.account(&maeve, Platform::Facebook, "Page").await;
    let draft = studio.save(&maeve, private("Draft")).await.id;
    let chosen = studio
        .save(&ruairi, NewPost { account_ids: Some(vec![shop]), ..at(studio.now() + Duration::days(1)) })
        .await
        .id;
    let everywhere = studio.save(&ruairi, at(studio.now() + Duration::days(2))).await.id;

    let of = |filter: PostFilter| found(&studio, &maeve, filter);
    let any = PostFilter::default;
    assert_eq!(of(PostFilter { social_account_id: Some(shop), ..any() }).await, [everywhere, chosen, draft]);
    assert_eq!(of(PostFilter { social_account_id: Some(page), ..any() }).await, [everywhere, draft]);
    assert_eq!(of(PostFilter { author_id: Some(ruairi.user_id), ..any() }).await, [everywhere, chosen]);
    assert_eq!(of(PostFilter { visibility: Some(Visibility::Private), ..any() }).await, [draft]);
    let two: PostStatuses = "scheduled,draft".parse().unwrap();
    assert_eq!(of(PostFilter { status: two, ..any() }).await, [everywhere, chosen, draft]);
    studio.change_account(page, "is_active = false").await;
    assert_eq!(of(PostFilter { social_account_id: Some(page), ..any() }).await, [], "switched off, nothing goes there");

    let facets = async |filter| studio.posts.facets(&maeve, filter).await.unwrap();
    let all = facets(PostFilter { status: PostStatus::Draft.into(), ..any() }).await;
    assert_eq!((all.total, all.of(PostStatus::Draft), all.of(PostStatus::Scheduled)), (3, 1, 2), "in whatever state");
    let authors: Vec<_> = all.authors.iter().map(|one| (one.author.id, one.posts)).collect();
    assert_eq!(authors, [(ruairi.user_id, 2), (maeve.user_id, 1)]);
    let narrowed = facets(PostFilter { q: Some("draft".into()), ..any() }).await;
    assert_eq!((narrowed.total, narrowed.of(PostStatus::Scheduled)), (1, 0));
    let stranger = studio.workspace("UTC").await;
    let nothing = studio.posts.facets(&stranger, any()).await.unwrap();
    assert_eq!((nothing.total, nothing.authors.len()), (0, 0));
}

#[tokio::test]
async fn ranges_of_time_go_by_when_a_post_goes_out_in_the_workspaces_zone() {
    let studio = Studio::new().await;
    studio.clock.set("2027-03-20T12:00:00Z".parse().unwrap());
    let maeve = studio.workspace("Europe/Dublin").await;
    studio.account(&maeve, Platform::Facebook, "Shop").await;
    // The last half hour of the 27th, and the last of the 28th, which has 23 hours and ends at 23:00 UTC.
    let before = studio.save(&maeve, at("2027-03-27T23:30:00Z".parse().unwrap())).await.id;
    let within = studio.save(&maeve, at("2027-03-28T22:30:00Z".parse().unwrap())).await.id;
    let after = studio.save(&maeve, at("2027-03-28T23:30:00Z".parse().unwrap())).await.id;
    let draft = studio.save(&maeve, private("Written on the 20th")).await.id;
    let range = |from: &str, to: &str| PostFilter {
        from: (!from.is_empty()).then(|| from.parse::<Bound>().unwrap()),
        to: (!to.is_empty()).then(|| to.parse::<Bound>().unwrap()),
        ..PostFilter::default()
    };
    for (from, to, posts) in [
        ("2027-03-28", "2027-03-28", vec![within]),
        ("2027-03-27", "2027-03-28", vec![within, before]),
        ("2027-03-29", "", vec![after]),
        ("2027-03-28T22:30:00Z", "2027-03-28T23:30:00Z", vec![within]),
        ("", "2027-03-20", vec![draft]),
    ] {
        assert_eq!(found(&studio, &maeve, range(from, to)).await, posts, "{from} to {to}");
    }
    let backwards = studio.posts.list(&maeve, range("2027-03-28", "2027-03-01")).await;
    assert!(field(backwards, "to").contains("before its start"));
    let line = &studio.posts.list(&maeve, range("2027-03-28", "2027-03-28")).await.unwrap().items[0];
    assert_eq!(line.at, "2027-03-28T22:30:00Z".parse::<DateTime<Utc>>().unwrap());
    assert_eq!(line.scheduled_local.unwrap().to_string(), "2027-03-28 23:30:00");
    assert_eq!((line.time_zone.as_deref(), line.version), (Some("Europe/Dublin"), 1));
}

#[tokio::test]
async fn the_longest_texts_can_be_searched() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let words = |seed: usize| {
        let text: String = (0..)
            .map(|n| format!("ü{:x} ", n * 7 + seed))
            .scan(0, |length, word| {
                *length += word.chars().count();
                (*length <= 70_000).then_some(word)
            })
            .collect();
        text
    };
    let own = |n| Override { body: words(n) };
    let platforms = [Platform::Facebook, Platform::Twitter, Platform::Linkedin, Platform::Instagram, Platform::Tiktok];
    let overrides = platforms.into_iter().enumerate().map(|(n, platform)| (platform, own(n + 1))).collect();
    let post = studio.save(&maeve, NewPost { overrides, ..private(&words(0)) }).await.id;
    assert_eq!(searched(&studio, &maeve, "u7 ue").await, [post]);
}
