//! Business accounts, which hold pages of their own and pages of clients. What a person reaches through one does not
//! always stand in `accounts`.

use super::{Answer, GraphError, only_oneself, paged, select, window};
use crate::{
    networks::Caller,
    wire::{Call, Fields},
    world::Slug,
};

/// One business account. Pages by the ids that Facebook has for them, on both networks.
struct Business {
    id: &'static str,
    name: &'static str,
    /// People who work for it.
    members: &'static [&'static str],
    owned: &'static [&'static str],
    client: &'static [&'static str],
    /// Of these pages, those that stand in no member's `accounts`.
    unlisted: &'static [&'static str],
}

const BUSINESSES: &[Business] = &[Business {
    id: "712304958671234",
    name: "Harbour & Pine",
    members: &["10158230055667788"],
    owned: &["102938475630495"],
    client: &["102938475640596", "102938475650697"],
    unlisted: &["102938475640596"],
}];

/// `GET /me/businesses`.
pub(crate) fn businesses(call: &Call, caller: &Caller, slug: Slug, id: &str, params: &Fields) -> Answer {
    only_oneself(caller, id)?;
    may(caller)?;
    let own: Vec<&Business> = BUSINESSES.iter().filter(|business| business.has(&caller.person)).collect();
    let (from, limit) = window(params)?;
    let wanted = params.filled("fields");
    let data = own
        .iter()
        .skip(from)
        .take(limit)
        .map(|business| {
            select("Business", wanted, &["id", "name"], |field| match field {
                "id" => Some(business.id.into()),
                "name" => Some(business.name.into()),
                _ => None,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(paged(call, slug, data, from, own.len()))
}

/// The ids behind `GET /{business}/owned_pages` and `/client_pages`.
pub(crate) fn pages_of(caller: &Caller, id: &str, edge: &str) -> Result<&'static [&'static str], GraphError> {
    let business = BUSINESSES.iter().find(|business| business.id == id && business.has(&caller.person));
    let business = business.filter(|_| caller.page.is_none()).ok_or_else(|| GraphError::missing_object(id))?;
    may(caller)?;
    Ok(if edge == "owned_pages" { business.owned } else { business.client })
}

/// Does a page stand in the lists of a business alone, as this person sees it?
pub(crate) fn is_unlisted(person: &str, page: &str) -> bool {
    BUSINESSES.iter().any(|business| business.has(person) && business.unlisted.contains(&page))
}

fn may(caller: &Caller) -> Result<(), GraphError> {
    if caller.may("business_management") { Ok(()) } else { Err(GraphError::needs("business_management")) }
}

impl Business {
    fn has(&self, person: &str) -> bool {
        self.members.contains(&person)
    }
}
