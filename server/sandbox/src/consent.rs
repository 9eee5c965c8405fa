//! The page on which a simulated person lets an application in, or does not. Works without a script and by keyboard.
//!
//! The same address answers JSON to a caller that asks for it (`Accept: application/json`), so that a test can read what
//! is offered; [`crate::driver`] does so. The form's fields are listed in the README.

use std::{collections::BTreeSet, fmt::Write as _};

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    config::Client,
    html::{escape, mark, page},
    networks::{Network, with_query},
    wire::{Call, Fields, Reply},
    world::{Account, Challenge, Code, Consent, World},
};

/// The application that asks, if it is registered.
pub(crate) fn client(world: &World, query: &Fields) -> Option<Client> {
    query.get("client_id").and_then(|id| world.config.client(id)).cloned()
}

/// Where it wants the browser back, if that is registered for it.
pub(crate) fn redirect(client: &Client, query: &Fields) -> Option<String> {
    query.get("redirect_uri").filter(|uri| client.allows_redirect(uri)).map(str::to_owned)
}

/// Something is wrong with the request itself. The browser stays here: an address that is not registered must get
/// nothing.
pub(crate) fn fault_page(network: &dyn Network, title: &str, words: &str) -> Reply {
    let body = format!(
        "{}<main class=\"card\"><div class=\"head\">{}<h1>{}</h1></div><p>{}</p>\
         <p class=\"muted small\">Nothing was granted, and nobody was sent anywhere.</p></main>",
        ribbon(network),
        mark(network.mark(), network.slug().0),
        escape(title),
        escape(words),
    );
    Reply::html(StatusCode::BAD_REQUEST, page(&format!("{title} · Simulated {}", network.title()), "consent", &body))
}

fn ribbon(network: &dyn Network) -> String {
    format!(
        "<header class=\"ribbon\"><strong>Simulated {}</strong><span>This is not {}. Nothing leaves this \
         machine.</span></header>",
        network.title(),
        network.title()
    )
}

/// Opens a consent and shows it. The caller has checked the application, the redirect URI and the scopes.
pub(crate) fn open(
    world: &mut World,
    call: &Call,
    network: &dyn Network,
    client: &Client,
    redirect_uri: String,
    scopes: Vec<String>,
    challenge: Option<Challenge>,
) -> Reply {
    let consent = Consent {
        platform: network.slug(),
        client: client.id.clone(),
        redirect_uri,
        state: call.query.get("state").map(str::to_owned),
        scopes,
        challenge,
        opened_at: world.now(),
    };
    let id = world.oauth.open(consent.clone());
    let action = format!("/{}/consent/{id}", network.slug());
    let wants_json = call.header("accept").is_some_and(|accept| accept.contains("application/json"));
    let reply = if wants_json {
        Reply::ok(&described(world, network, client, &consent, &format!("{}{action}", call.base)))
    } else {
        Reply::html(StatusCode::OK, rendered(world, network, client, &consent, &action))
    };
    reply.header("cache-control", "no-store").header("referrer-policy", "no-referrer")
}

/// The pages offered to a person for these scopes.
fn offered<'a>(world: &'a World, network: &dyn Network, scopes: &[String], person: &'a str) -> Vec<&'a Account> {
    if network.offers_pages(scopes) { world.accounts.run_by(network.slug(), person).collect() } else { Vec::new() }
}

fn label(network: &dyn Network, scope: &str) -> &'static str {
    network.scopes().iter().find(|(name, _)| *name == scope).map_or("", |(_, label)| *label)
}

fn described(world: &World, network: &dyn Network, client: &Client, consent: &Consent, action: &str) -> Value {
    let accounts: Vec<Value> = world
        .accounts
        .of(network.slug())
        .filter(|account| network.signs_in(account, &consent.scopes))
        .map(|person| {
            let assets: Vec<Value> = offered(world, network, &consent.scopes, &person.id)
                .into_iter()
                .map(|page| {
                    let role = page.role_of(&person.id);
                    json!({ "id": page.id, "name": page.name, "handle": page.handle, "role": role })
                })
                .collect();
            json!({ "id": person.id, "name": person.name, "handle": person.handle, "assets": assets })
        })
        .collect();
    let scopes: Vec<Value> = consent
        .scopes
        .iter()
        .map(|scope| {
            let fixed = network.fixed_scopes().contains(&scope.as_str());
            json!({ "name": scope, "label": label(network, scope), "fixed": fixed })
        })
        .collect();
    json!({
        "action": action, "platform": network.slug(), "client": client.id,
        "redirect_uri": consent.redirect_uri, "scopes": scopes, "accounts": accounts,
    })
}

fn rendered(world: &World, network: &dyn Network, client: &Client, consent: &Consent, action: &str) -> String {
    let (title, slug) = (network.title(), network.slug());
    let app = escape(&client.name);
    let mut form = String::new();
    let people = world.accounts.of(slug).filter(|account| network.signs_in(account, &consent.scopes));
    for (at, person) in people.enumerate() {
        let checked = if at == 0 { " checked" } else { "" };
        let id = escape(&person.id);
        let _ = write!(
            form,
            "<div class=\"person\"><label class=\"choice\" for=\"account-{id}\"><input type=\"radio\" name=\"account\" \
             id=\"account-{id}\" value=\"{id}\" required{checked}><span><strong>{}</strong><span class=\"muted small\">\
             @{}{}</span></span></label>",
            escape(&person.name),
            escape(&person.handle),
            if person.about.is_empty() { String::new() } else { format!(" · {}", escape(&person.about)) },
        );
        let pages = offered(world, network, &consent.scopes, &person.id);
        if !pages.is_empty() {
            let _ = write!(
                form,
                "<fieldset class=\"pages\"><legend>{} of {}</legend>",
                network.pages_word(),
                escape(&person.name)
            );
            for page in pages {
                let page_id = escape(&page.id);
                let _ = write!(
                    form,
                    "<label class=\"choice\" for=\"asset-{id}-{page_id}\"><input type=\"checkbox\" name=\"asset:{id}\" \
                     id=\"asset-{id}-{page_id}\" value=\"{page_id}\" checked><span><strong>{}</strong>\
                     <span class=\"muted small\">{}</span></span></label>",
                    escape(&page.name),
                    escape(&role_in_words(page.role_of(&person.id).unwrap_or_default())),
                );
            }
            form.push_str("</fieldset>");
        }
        form.push_str("</div>");
    }
    let mut scopes = String::new();
    for scope in &consent.scopes {
        let name = escape(scope);
        let fixed = network.fixed_scopes().contains(&scope.as_str());
        let hidden =
            if fixed { format!("<input type=\"hidden\" name=\"scope\" value=\"{name}\">") } else { String::new() };
        let _ = write!(
            scopes,
            "{hidden}<label class=\"choice\" for=\"scope-{name}\"><input type=\"checkbox\" name=\"scope\" \
             id=\"scope-{name}\" value=\"{name}\" checked{}><span><strong>{}</strong><code class=\"muted\">{name}</code>\
             </span></label>",
            if fixed { " disabled" } else { "" },
            escape(label(network, scope)),
        );
    }
    let back = url::Url::parse(&consent.redirect_uri).ok();
    let back = back.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    let body = format!(
        "{ribbon}<main><form id=\"consent-form\" class=\"card\" method=\"post\" action=\"{action}\">\
         <div class=\"head\">{mark}<div><h1>{app} wants to use your {title} account</h1>\
         <p class=\"muted small\" style=\"margin:0\">You will be sent back to {back}.</p></div></div>\
         <fieldset id=\"accounts\"><legend>Sign in as</legend>{form}</fieldset>\
         <fieldset id=\"scopes\"><legend>{app} may</legend>{scopes}</fieldset>\
         <div class=\"actions\"><button type=\"submit\" name=\"decision\" value=\"cancel\" id=\"cancel\" \
         formnovalidate>Cancel</button><button type=\"submit\" name=\"decision\" value=\"authorize\" id=\"authorize\" \
         class=\"primary\">Authorise</button></div></form></main>",
        ribbon = ribbon(network),
        mark = mark(network.mark(), slug.0),
        back = escape(back),
    );
    page(&format!("Authorise {} · Simulated {title}", client.name), "consent", &body)
}

/// `CONTENT_ADMINISTRATOR` reads `Content administrator`.
fn role_in_words(role: &str) -> String {
    let lower = role.replace('_', " ").to_lowercase();
    let mut chars = lower.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The answer to the form: `account`, `scope`*, `asset`* or `asset:{person}`*, `decision`.
pub(crate) fn answer(world: &mut World, network: &dyn Network, id: &str, form: &Fields) -> Reply {
    let gone = || {
        fault_page(
            network,
            "This page has expired",
            "Go back to the application and start again. A consent is answered once.",
        )
    };
    let now = world.now();
    let life = TimeDelta::seconds(world.config.lives.consent);
    let consent = world.oauth.consent(id).cloned();
    let Some(consent) = consent.filter(|c| c.platform == network.slug() && c.opened_at + life > now) else {
        return gone();
    };
    let back = |pairs: Vec<(&str, &str)>| {
        let state = consent.state.as_deref().map(|state| ("state", state));
        let address = with_query(&consent.redirect_uri, pairs.into_iter().chain(state));
        Reply::redirect(&format!("{address}{}", network.redirect_tail(&consent))).header("cache-control", "no-store")
    };
    match form.get("decision") {
        Some("cancel") => {
            world.oauth.close(id);
            return back(network.refusal_query().to_vec());
        }
        Some("authorize") => {}
        _ => return fault_page(network, "Nothing was chosen", "The form came without a decision."),
    }
    let wanted = form.get("account").unwrap_or_default();
    let Some((person, assets)) = signed_in(world, network, &consent, wanted, form) else {
        return fault_page(network, "Unknown account", "Nobody of that name can sign in here.");
    };
    let asked: BTreeSet<String> = consent.scopes.iter().cloned().collect();
    let ticked: BTreeSet<&str> = form.all("scope").chain(network.fixed_scopes().iter().copied()).collect();
    let (scopes, declined) = asked.into_iter().partition(|scope| ticked.contains(scope.as_str()));
    world.oauth.close(id);
    let beside = network.callback_query(&scopes);
    let code = Code {
        platform: network.slug(),
        client: consent.client.clone(),
        redirect_uri: consent.redirect_uri.clone(),
        challenge: consent.challenge.clone(),
        person,
        scopes,
        declined,
        assets,
        issued_at: now,
        used: false,
    };
    let code = world.oauth.issue_code(network.code_prefix(), code);
    world.changed();
    let beside = beside.as_ref().map(|(name, value)| (*name, value.as_str()));
    back([("code", code.as_str())].into_iter().chain(beside).collect())
}

/// Who signs in, and with which pages. A page's id or name signs in whoever runs it, with that page alone.
fn signed_in(
    world: &World,
    network: &dyn Network,
    consent: &Consent,
    wanted: &str,
    form: &Fields,
) -> Option<(String, Vec<String>)> {
    let account = world.accounts.find(network.slug(), wanted)?;
    if !network.signs_in(account, &consent.scopes) {
        let person = account.staff.first()?.person.clone();
        return Some((person, vec![account.id.clone()]));
    }
    let own = format!("asset:{}", account.id);
    let ticked: BTreeSet<&str> = form.all(&own).chain(form.all("asset")).collect();
    let assets = offered(world, network, &consent.scopes, &account.id)
        .into_iter()
        .filter(|page| ticked.contains(page.id.as_str()))
        .map(|page| page.id.clone())
        .collect();
    Some((account.id.clone(), assets))
}
