//! What a letter about something that has happened says.

use chrono::{DateTime, Utc};
use domain::{
    Platform,
    notifications::{
        DecidedPost, EndingAccount, FailedAccount, FailedPost, Happened, JoinedMember, LostAccount, StoppedWebhook,
        WaitingPost,
    },
    text::truncate_chars,
};

/// Characters of a post's title in a subject, and beyond it.
const SHORT: usize = 60;
const LONG: usize = 120;
/// Accounts of one post that are named.
const NAMED: usize = 5;

/// The words of a letter, but for its greeting and its end.
#[derive(Debug)]
pub(super) struct Said {
    pub subject: String,
    /// In a sentence or two; what a mailbox shows beside the subject. It begins with a word of ours, never with a name.
    pub summary: String,
    /// One for each thing.
    pub paragraphs: Vec<String>,
    /// What to do, and where: a path of ours.
    pub action: Option<(&'static str, String)>,
}

pub(super) fn say(what: &Happened, workspace: &str) -> Said {
    match what {
        Happened::PostsFailed { posts, more } => posts_failed(posts, *more, workspace),
        Happened::ApprovalsRequested { posts, more } => waiting(posts, *more, workspace),
        Happened::PostsDecided { posts, more } => decided(posts, *more, workspace),
        Happened::ConnectionsLost { accounts, more } => lost(accounts, *more, workspace),
        Happened::ConnectionsExpiring { accounts, more } => ending(accounts, *more, workspace),
        Happened::MembersJoined { members, more } => joined(members, *more, workspace),
        Happened::RoleChanged { role } => Said {
            subject: format!("Your role in {workspace} has changed"),
            summary: format!("You work in {workspace} as {role} from now on."),
            paragraphs: Vec::new(),
            action: Some(("See the team", "/team".to_owned())),
        },
        Happened::WebhooksDisabled { webhooks } => stopped(webhooks, workspace),
    }
}

/// One line of text, cut to a length.
fn line(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = truncate_chars(&line, most);
    if cut.len() == line.len() { line } else { format!("{}…", cut.trim_end()) }
}

fn count(n: usize, more: u32) -> usize {
    n + usize::try_from(more).unwrap_or_default()
}

fn at(name: &str, platform: Platform) -> String {
    format!("{} ({})", line(name, SHORT), platform.label())
}

/// The sentence after a colon, or a full stop where there is none.
fn because(reason: &str) -> String {
    let reason = line(reason, LONG * 2);
    if reason.is_empty() { ".".to_owned() } else { format!(": {reason}") }
}

fn and_more(paragraphs: &mut Vec<String>, more: u32, one: &str, many: &str) {
    match more {
        0 => {}
        1 => paragraphs.push(format!("And one more {one}.")),
        more => paragraphs.push(format!("And {more} more {many}.")),
    }
}

fn posts_failed(posts: &[FailedPost], more: u32, workspace: &str) -> Said {
    if let ([post], 0) = (posts, more) {
        let title = line(&post.title, SHORT);
        let everywhere = if post.published > 0 { " everywhere" } else { "" };
        let summary = match (post.published, post.accounts.len()) {
            (_, 0) => format!("No account in {workspace} was left that could take this post."),
            (0, 1) => format!("The one account in {workspace} that this post was for does not have it."),
            (0, n) => format!("None of the {n} accounts in {workspace} that this post was for has it."),
            (1, n) => format!("One account in {workspace} has this post, {n} {} not.", do_or_does(n)),
            (has, n) => format!("{has} accounts in {workspace} have this post, {n} {} not.", do_or_does(n)),
        };
        let mut paragraphs: Vec<String> = post.accounts.iter().take(NAMED).map(failure).collect();
        let more = post.accounts.len().saturating_sub(NAMED);
        and_more(&mut paragraphs, u32::try_from(more).unwrap_or(u32::MAX), "account", "accounts");
        return Said {
            subject: format!("“{title}” was not published{everywhere}"),
            summary,
            paragraphs,
            action: Some(("Open the post", format!("/posts/{}", post.id))),
        };
    }
    let mut paragraphs: Vec<String> = posts
        .iter()
        .map(|post| {
            let title = line(&post.title, LONG);
            match post.accounts.as_slice() {
                [] => format!("“{title}”: no account was left that could take it."),
                [only] => format!("“{title}”, {}", failure(only)),
                [first, rest @ ..] => format!("“{title}”, {} accounts, among them {}", rest.len() + 1, failure(first)),
            }
        })
        .collect();
    and_more(&mut paragraphs, more, "post", "posts");
    let n = count(posts.len(), more);
    Said {
        subject: format!("{n} posts in {workspace} were not published everywhere"),
        summary: format!("{n} posts in {workspace} have ended, and not every account has them."),
        paragraphs,
        action: Some(("See what has failed", "/activity?status=failed".to_owned())),
    }
}

fn waiting(posts: &[WaitingPost], more: u32, workspace: &str) -> Said {
    let n = count(posts.len(), more);
    let who = |post: &WaitingPost| match line(&post.asked_by, SHORT) {
        name if name.is_empty() => "Somebody".to_owned(),
        name => name,
    };
    let (subject, summary, mut paragraphs) = match posts {
        [post] if n == 1 => (
            format!("“{}” waits for approval", line(&post.title, SHORT)),
            format!("A post in {workspace} waits for approval. {} asks for it.", who(post)),
            Vec::new(),
        ),
        _ => (
            format!("{n} posts in {workspace} wait for approval"),
            format!("{n} posts in {workspace} wait until somebody approves them."),
            posts.iter().map(|post| format!("“{}”: {} asks for it.", line(&post.title, LONG), who(post))).collect(),
        ),
    };
    and_more(&mut paragraphs, more, "post", "posts");
    Said { subject, summary, paragraphs, action: Some(("Look at what waits", "/approvals".to_owned())) }
}

fn decided(posts: &[DecidedPost], more: u32, workspace: &str) -> Said {
    let n = count(posts.len(), more);
    let word = |post: &DecidedPost| {
        let by = match line(&post.by, SHORT) {
            name if name.is_empty() => "Somebody".to_owned(),
            name => name,
        };
        match &post.note {
            None => format!("{by} has approved it."),
            // The whole of it: its author has to know what to change.
            Some(note) => format!("{by} has rejected it: {}", line(note, note.len())),
        }
    };
    let (subject, summary, mut paragraphs) = match posts {
        [post] if n == 1 => {
            let title = line(&post.title, SHORT);
            let (became, then) = match post.note {
                None => ("approved", "It goes out at its time, or has gone out."),
                Some(_) => ("rejected", "Change it and ask again."),
            };
            (
                format!("“{title}” was {became}"),
                format!("Your post in {workspace} was {became}. {then}"),
                vec![word(post)],
            )
        }
        _ => (
            format!("{n} of your posts in {workspace} were decided on"),
            format!("Somebody has decided on {n} of your posts in {workspace}."),
            posts.iter().map(|post| format!("“{}”: {}", line(&post.title, LONG), word(post))).collect(),
        ),
    };
    and_more(&mut paragraphs, more, "post", "posts");
    let path = match posts {
        [post] if n == 1 => format!("/posts/{}", post.id),
        _ => "/posts".to_owned(),
    };
    let label = if n == 1 { "Open the post" } else { "See your posts" };
    Said { subject, summary, paragraphs, action: Some((label, path)) }
}

const fn do_or_does(n: usize) -> &'static str {
    if n == 1 { "does" } else { "do" }
}

fn failure(account: &FailedAccount) -> String {
    let FailedAccount { name, platform, reason, needs_person } = account;
    let look = if *needs_person { " Somebody has to look there whether it has the post." } else { "" };
    format!("{}{}{look}", at(name, *platform), because(reason))
}

fn lost(accounts: &[LostAccount], more: u32, workspace: &str) -> Said {
    let n = count(accounts.len(), more);
    let mut paragraphs: Vec<String> =
        accounts.iter().map(|one| format!("{}{}", at(&one.name, one.platform), because(&one.reason))).collect();
    and_more(&mut paragraphs, more, "account", "accounts");
    let any_limited = accounts.iter().any(|one| one.limited);
    let (subject, summary, action) = match accounts {
        [one] if n == 1 && one.limited => (
            format!("{} lacks a permission", line(&one.name, SHORT)),
            format!("An account in {workspace} is still connected, but does not allow everything any more."),
            ("Open the account", format!("/accounts/{}", one.id)),
        ),
        _ if any_limited => (
            format!("{n} accounts in {workspace} need attention"),
            format!("Access to {n} accounts in {workspace} is gone, or does not allow everything any more."),
            ("See the accounts", "/accounts?attention=true".to_owned()),
        ),
        [one] if n == 1 => (
            format!("{} must be reconnected", line(&one.name, SHORT)),
            format!("Access to an account in {workspace} is gone. Until it is reconnected, nothing goes out there."),
            ("Open the account", format!("/accounts/{}", one.id)),
        ),
        _ => (
            format!("{n} accounts in {workspace} must be reconnected"),
            format!(
                "Access to {n} accounts in {workspace} is gone. Until they are reconnected, nothing goes out there."
            ),
            ("See the accounts", "/accounts?status=reconnect_required".to_owned()),
        ),
    };
    Said { subject, summary, paragraphs, action: Some(action) }
}

fn ending(accounts: &[EndingAccount], more: u32, workspace: &str) -> Said {
    let day = |at: &DateTime<Utc>| at.format("%-d %B %Y").to_string();
    let n = count(accounts.len(), more);
    let mut paragraphs: Vec<String> = accounts
        .iter()
        .map(|one| {
            let name = at(&one.name, one.platform);
            format!(
                "{name}: access ends on {}, and {} gives us no way to renew it.",
                day(&one.ends_at),
                one.platform.label()
            )
        })
        .collect();
    and_more(&mut paragraphs, more, "account", "accounts");
    let (subject, action) = match accounts {
        [one] if n == 1 => (
            format!("Access to {} ends on {}", line(&one.name, SHORT), day(&one.ends_at)),
            ("Open the account", format!("/accounts/{}", one.id)),
        ),
        _ => (format!("Access to {n} accounts in {workspace} ends soon"), ("See the accounts", "/accounts".to_owned())),
    };
    let summary = format!("Please reconnect before then, so that posts from {workspace} keep going out.");
    Said { subject, summary, paragraphs, action: Some(action) }
}

fn joined(members: &[JoinedMember], more: u32, workspace: &str) -> Said {
    let n = count(members.len(), more);
    let (subject, summary, mut paragraphs) = match members {
        [one] if n == 1 => (
            format!("{} has joined {workspace}", line(&one.name, SHORT)),
            format!("Somebody new works in {workspace}: {}, as {}.", line(&one.name, SHORT), one.role),
            Vec::new(),
        ),
        _ => (
            format!("{n} people have joined {workspace}"),
            format!("{n} people more work in {workspace} now."),
            members.iter().map(|one| format!("{}, as {}.", line(&one.name, SHORT), one.role)).collect(),
        ),
    };
    and_more(&mut paragraphs, more, "person", "people");
    Said { subject, summary, paragraphs, action: Some(("See the team", "/team".to_owned())) }
}

fn stopped(webhooks: &[StoppedWebhook], workspace: &str) -> Said {
    let subject = match webhooks {
        [_] => format!("A webhook of {workspace} was switched off"),
        all => format!("{} webhooks of {workspace} were switched off", all.len()),
    };
    let why = |one: &StoppedWebhook| {
        let address = line(&one.url, LONG);
        if one.gone {
            format!("{address} answers that it is gone (410).")
        } else {
            format!("Nothing has arrived at {address} for days.")
        }
    };
    Said {
        subject,
        summary: "Nothing is sent there any more, until an admin switches it on again.".to_owned(),
        paragraphs: webhooks.iter().map(why).collect(),
        action: Some(("See the webhooks", "/settings/webhooks".to_owned())),
    }
}
