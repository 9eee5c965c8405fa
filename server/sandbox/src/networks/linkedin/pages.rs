//! Who the member is, and which organisations they run.

use serde_json::{Value, json};

use super::{ApiError, Caller, SLUG, authenticate, paging, window};
use crate::{
    wire::{Call, Reply},
    world::{Account, Kind, World},
};

/// `GET /v2/userinfo`: OpenID Connect, without the headers of `/rest`.
pub(super) fn userinfo(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let caller = authenticate(world, call)?;
    if !caller.may("openid") {
        return Err(ApiError::denied("userinfo.GET.NO_VERSION"));
    }
    let member = world.accounts.get(SLUG, &caller.person).ok_or_else(|| ApiError::not_found("Member"))?;
    let mut info = json!({ "sub": member.id });
    if let Some(map) = info.as_object_mut() {
        if caller.may("profile") {
            let (given, family) = member.name.split_once(' ').unwrap_or((member.name.as_str(), ""));
            map.insert("name".to_owned(), member.name.as_str().into());
            map.insert("given_name".to_owned(), given.into());
            map.insert("family_name".to_owned(), family.into());
            map.insert("locale".to_owned(), json!({ "country": "IE", "language": "en" }));
            map.insert("picture".to_owned(), format!("{}/avatar/linkedin/{}", call.base, member.id).into());
        }
        if caller.may("email") {
            map.insert("email".to_owned(), format!("{}@example.com", member.handle).into());
            map.insert("email_verified".to_owned(), true.into());
        }
    }
    Ok(Reply::ok(&info))
}

fn reads_organizations(caller: &Caller, resource: &str) -> Result<(), ApiError> {
    let allowed =
        ["rw_organization_admin", "r_organization_social", "w_organization_social"].iter().any(|s| caller.may(s));
    if allowed { Ok(()) } else { Err(ApiError::denied(resource)) }
}

/// `GET /rest/organizationAcls?q=roleAssignee`.
pub(super) fn acls(world: &World, call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    reads_organizations(caller, "organizationAcls.FINDER-roleAssignee")?;
    if call.query.get("q") != Some("roleAssignee") {
        return Err(ApiError::new(400, "ILLEGAL_ARGUMENT", "Param q must be roleAssignee"));
    }
    if let Some(state) = call.query.filled("state")
        && !["APPROVED", "REJECTED", "REQUESTED", "REVOKED"].contains(&state)
    {
        return Err(ApiError::new(400, "PARAM_INVALID", format!("Invalid value for param state: {state}")));
    }
    let (start, count) = window(call, 100)?;
    let approved = call.query.filled("state").is_none_or(|state| state == "APPROVED");
    let found: Vec<(&Account, &str)> = world
        .accounts
        .run_by(SLUG, &caller.person)
        .filter(|page| approved && caller.assets.contains(&page.id))
        .filter_map(|page| page.role_of(&caller.person).map(|role| (page, role)))
        .filter(|(_, role)| call.query.filled("role").is_none_or(|wanted| wanted == *role))
        .collect();
    let elements: Vec<Value> = found
        .iter()
        .skip(start)
        .take(count)
        .map(|(page, role)| {
            json!({
                "organization": format!("urn:li:organization:{}", page.id),
                "role": role,
                "roleAssignee": format!("urn:li:person:{}", caller.person),
                "state": "APPROVED",
            })
        })
        .collect();
    Ok(Reply::ok(&json!({ "paging": paging(call, start, count, found.len()), "elements": elements })))
}

/// `GET /rest/organizations/{id}`.
pub(super) fn organization(world: &World, call: &Call, caller: &Caller, id: &str) -> Result<Reply, ApiError> {
    reads_organizations(caller, "organizations.GET")?;
    let page = world.accounts.get(SLUG, id).filter(|account| account.kind == Kind::Page);
    let page = page.ok_or_else(|| ApiError::not_found(&format!("Organization {id}")))?;
    let number: u64 = page.id.parse().unwrap_or_default();
    let mut body = json!({
        "id": number,
        "localizedName": page.name,
        "vanityName": page.handle,
        "primaryOrganizationType": "NONE",
    });
    // Only those who run it see more than its face.
    if page.role_of(&caller.person).is_some()
        && let Some(map) = body.as_object_mut()
    {
        let locale = json!({ "country": "IE", "language": "en" });
        map.insert("name".to_owned(), json!({ "localized": { "en_IE": page.name }, "preferredLocale": locale }));
        map.insert("localizedDescription".to_owned(), page.about.as_str().into());
        map.insert("organizationType".to_owned(), "PRIVATELY_HELD".into());
        map.insert("logoUrl".to_owned(), format!("{}/avatar/linkedin/{}", call.base, page.id).into());
    }
    Ok(Reply::ok(&body))
}
