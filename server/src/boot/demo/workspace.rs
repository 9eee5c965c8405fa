//! What the demo's workspace holds: accounts on every network, pictures, posts that went out, wait, or are still being
//! written, and one connection that somebody has taken back, with the delivery that failed for it. Everything goes
//! through the ports, as people's clicks do.

use std::{collections::HashMap, time::Duration};

use chrono::{Days, NaiveDateTime, NaiveTime};
use domain::{
    AccountId, Actor, MediaId, Platform, PostId,
    accounts::{Account, AccountFilter, AuthorizeOptions, Callback},
    media::Upload,
    page::{MAX_LIMIT, PageRequest},
    posts::{NewPost, Override, PostFilter, Visibility},
};
use sandbox::driver::{Control, Visitor};
use serde_json::json;

use super::Failure;
use crate::boot::assemble::Arctiv;

/// Where the demo's people live; their posts are planned in its time.
const ZONE: &str = "Europe/Dublin";

/// Pictures of the demo: name, what it shows, bytes. Drawn for Arctiv.
const PICTURES: [(&str, &str, &[u8]); 3] = [
    ("roast-bag.jpg", "A paper bag of the Winter Roast on a wooden table.", include_bytes!("roast-bag.jpg")),
    ("plum-cocoa.jpg", "A red plum and cocoa beans beside a coffee cup.", include_bytes!("plum-cocoa.jpg")),
    ("cups-above.jpg", "Three cups of black coffee, seen from above.", include_bytes!("cups-above.jpg")),
];

/// The account whose owner takes the access back while everybody looks.
const LEAVING: (Platform, &str) = (Platform::Linkedin, "Niamh Doyle");

/// Connects the accounts, unless there are some.
pub async fn connect_accounts(arctiv: &Arctiv, actor: &Actor) -> Result<(), Failure> {
    if arctiv.services.accounts.list(actor, AccountFilter::default()).await?.total == 0 {
        for platform in arctiv.adapters.platforms() {
            connect(arctiv, actor, platform).await?;
        }
    }
    Ok(())
}

/// Goes through the platform's consent page as the first person it offers.
async fn connect(arctiv: &Arctiv, actor: &Actor, platform: Platform) -> Result<(), Failure> {
    let address = arctiv.services.accounts.authorize(actor, platform, AuthorizeOptions::default()).await?;
    let back = Visitor::anybody().authorize(&address).await?;
    let mut answer: HashMap<String, String> = back.query_pairs().into_owned().collect();
    let callback = Callback { code: answer.remove("code"), state: answer.remove("state"), ..Callback::default() };
    arctiv.services.accounts.callback(actor, platform, callback).await?;
    Ok(())
}

/// Writes the posts, unless there are some. They go out as soon as serving begins. Answers with one of them that goes to
/// the account of [`LEAVING`].
pub async fn write_posts(arctiv: &Arctiv, actor: &Actor) -> Result<Option<PostId>, Failure> {
    if arctiv.services.posts.list(actor, PostFilter::default()).await?.total > 0 {
        return Ok(None);
    }
    let accounts = accounts(arctiv, actor).await?;
    let on = |platforms: &[Platform]| -> Option<Vec<AccountId>> {
        let chosen = accounts.iter().filter(|account| platforms.contains(&account.platform));
        Some(chosen.map(|account| account.id).collect())
    };
    let networks: Vec<Platform> = arctiv.adapters.platforms().collect();
    let takes_words = |platform: &&Platform| platform.rules().is_some_and(|rules| !rules.media_required);
    let words = on(&networks.iter().filter(takes_words).copied().collect::<Vec<_>>());
    let pages = on(&[Platform::Facebook, Platform::Linkedin]);
    let pictures = on(&networks);
    let [bag, plum, cups] = upload(arctiv, actor).await?;

    let mut first = None;
    for post in [
        NewPost {
            title: Some("Decaf, done properly".to_owned()),
            body: "Decaf, done properly: washed in spring water, roasted the same day, gone by Friday.".to_owned(),
            account_ids: words.clone(),
            ..NewPost::default()
        },
        NewPost {
            title: Some("The Winter Roast is back".to_owned()),
            body:
                "The Winter Roast is back: red plum, cocoa and a long, sweet finish. Grown in Huila by the families we \
                   have bought from since 2019, roasted on Camden Street this week."
                    .to_owned(),
            media_assets: vec![bag, plum],
            overrides: [(
                Platform::Twitter,
                Override { body: "The Winter Roast is back. Red plum, cocoa, a long, sweet finish.".to_owned() },
            )]
            .into(),
            account_ids: pictures.clone(),
            ..NewPost::default()
        },
        NewPost {
            title: Some("Saturday tasting".to_owned()),
            body: "Three coffees, three roasters, one table. Saturday from ten, Camden Street. Bring a friend."
                .to_owned(),
            media_assets: vec![cups],
            account_ids: on(&[Platform::Facebook, Platform::Instagram]),
            ..NewPost::default()
        },
        NewPost {
            title: Some("What red plum tastes like".to_owned()),
            body: "Notes for the next tasting: slow drying, high farms, cold nights.".to_owned(),
            visibility: Visibility::Private,
            ..NewPost::default()
        },
        NewPost {
            title: Some("Gift boxes".to_owned()),
            body: "Gift boxes: prices are not settled yet. Ask Rory about the ribbon.".to_owned(),
            media_assets: vec![bag],
            visibility: Visibility::Private,
            ..NewPost::default()
        },
    ] {
        let made = arctiv.services.posts.create(actor, post, None).await?;
        first.get_or_insert(made.id);
    }
    for (days, hour, minute, title, body, picture, who) in [
        (1, 9, 0, "Open till eight", "From tomorrow we are open till eight, every Thursday.", None, &words),
        (
            2,
            12,
            30,
            "Huila, lot 14",
            "Lot 14 from Huila has landed: 240 kilos, and no more of it.",
            Some(plum),
            &pictures,
        ),
        (4, 9, 0, "We are hiring", "We are looking for a second roaster. Early mornings, good company.", None, &pages),
        (4, 17, 0, "How we cup", "Four minutes, break the crust, wait, taste. Again.", Some(cups), &pictures),
        (8, 9, 0, "Gift boxes are here", "Gift boxes are here: two bags, one card, no fuss.", Some(bag), &pictures),
        (11, 18, 15, "Last post before Christmas", "Order by Thursday noon and it is under the tree.", None, &words),
    ] {
        let post = NewPost {
            title: Some(title.to_owned()),
            body: body.to_owned(),
            media_assets: picture.into_iter().collect(),
            visibility: Visibility::Scheduled,
            scheduled_local: at(arctiv, days, hour, minute),
            time_zone: Some(ZONE.to_owned()),
            account_ids: who.clone(),
            ..NewPost::default()
        };
        arctiv.services.posts.create(actor, post, None).await?;
    }
    Ok(first)
}

/// A wall-clock time some days from now.
fn at(arctiv: &Arctiv, days: u64, hour: u32, minute: u32) -> Option<NaiveDateTime> {
    let day = arctiv.clock.now().date_naive().checked_add_days(Days::new(days))?;
    Some(day.and_time(NaiveTime::from_hms_opt(hour, minute, 0)?))
}

async fn accounts(arctiv: &Arctiv, actor: &Actor) -> Result<Vec<Account>, Failure> {
    let page = PageRequest { limit: Some(MAX_LIMIT), ..PageRequest::default() };
    Ok(arctiv.services.accounts.list(actor, AccountFilter { page, ..AccountFilter::default() }).await?.items)
}

async fn upload(arctiv: &Arctiv, actor: &Actor) -> Result<[MediaId; 3], Failure> {
    let mut ids = PICTURES.map(|_| None);
    for (id, (name, shows, bytes)) in ids.iter_mut().zip(PICTURES) {
        let upload = Upload { file_name: name.to_owned(), alt_text: Some(shows.to_owned()), bytes: bytes.to_vec() };
        *id = Some(arctiv.services.media.upload(actor, upload).await?.asset.id);
    }
    match ids {
        [Some(bag), Some(plum), Some(cups)] => Ok([bag, plum, cups]),
        _ => Err("a picture of the demo was not taken".into()),
    }
}

/// Once the first post is out: one owner takes the access back at the network, and the next post finds out. Shows what a
/// lost connection and a dead letter look like, and what to do about them.
pub async fn lose_a_connection(
    arctiv: Arctiv,
    actor: Actor,
    first: PostId,
    sandbox_url: String,
) -> Result<(), Failure> {
    let (platform, name) = LEAVING;
    let Some(account) = accounts(&arctiv, &actor)
        .await?
        .into_iter()
        .find(|account| account.platform == platform && account.display_name == name)
    else {
        return Ok(());
    };
    // A minute is plenty; a busy machine may skip the scene.
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let counts = arctiv.services.posts.get(&actor, first).await?.deliveries;
        if counts.total > 0 && counts.success == counts.total {
            break;
        }
    }
    Control::new(&sandbox_url)?.post("revoke", &json!({ "platform": platform.as_str(), "account": name })).await?;
    let post = NewPost {
        title: Some("Thank you".to_owned()),
        body: "A thousand bags this month. Thank you, each and every one.".to_owned(),
        account_ids: Some(vec![account.id]),
        ..NewPost::default()
    };
    arctiv.services.posts.create(&actor, post, None).await?;
    Ok(())
}
