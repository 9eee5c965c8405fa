use serde_json::{Value, json};

use super::{Answer, GraphError};
use crate::{
    networks::Caller,
    world::{Ended, Slug, World},
};

/// `GET /me/permissions`.
pub(crate) fn permissions(world: &mut World, caller: &Caller, slug: Slug, id: &str) -> Answer {
    only_oneself(caller, id)?;
    let grant = world.oauth.grants_mut(slug).find(|grant| grant.id == caller.grant);
    let Some(grant) = grant else { return Ok(json!({ "data": [] })) };
    let one = |status: &'static str| move |scope: &String| json!({ "permission": scope, "status": status });
    let data: Vec<Value> =
        grant.scopes.iter().map(one("granted")).chain(grant.declined.iter().map(one("declined"))).collect();
    Ok(json!({ "data": data }))
}

/// `DELETE /{user}/permissions[/{scope}]`: the person's consent to this application, whole or in part. It holds for all
/// tokens that the application has of this person.
pub(crate) fn forget(world: &mut World, caller: &Caller, slug: Slug, id: &str, scope: Option<&str>) -> Answer {
    // A page token may do this too: it was made by the person.
    if id != caller.person && caller.page.as_deref() != Some(id) {
        return Err(GraphError::missing_object(id));
    }
    let mut found = false;
    for grant in world.oauth.grants_mut(slug) {
        if grant.client != caller.client || grant.person != caller.person || grant.ended.is_some() {
            continue;
        }
        match scope {
            None => {
                grant.ended = Some(Ended::ByClient);
                found = true;
            }
            Some(scope) => {
                if grant.scopes.remove(scope) {
                    grant.declined.insert(scope.to_owned());
                    found = true;
                }
            }
        }
    }
    if !found {
        return Err(GraphError::invalid("Invalid permission"));
    }
    world.changed();
    Ok(json!({ "success": true }))
}

pub(crate) fn only_oneself(caller: &Caller, id: &str) -> Result<(), GraphError> {
    if id != caller.person || caller.page.is_some() {
        return Err(GraphError::new(
            400,
            100,
            "(#100) Tried accessing nonexisting field on node type (Page): this edge needs a user access token",
        ));
    }
    Ok(())
}
