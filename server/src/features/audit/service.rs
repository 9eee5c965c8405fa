//! Fulfils [`Audit`].

use std::fmt;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    Actor, Page, ServiceError, ServiceResult,
    audit::{Audit, AuditEvent, AuditFilter, AuditPerson, Standing},
};

use super::{
    chain::{Head, Walk},
    policy,
    store::{self, Wanted},
};
use crate::{
    cursor::cut,
    database::{Database, Tx},
};

/// Events in one portion of an export.
const PORTION: i64 = 500;
/// Events that are verified at a time.
const STRIDE: i64 = 2000;

/// Looks at the record.
#[derive(Clone)]
pub struct AuditService {
    database: Database,
}

impl fmt::Debug for AuditService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditService")
    }
}

impl AuditService {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Audit for AuditService {
    async fn list(&self, actor: &Actor, filter: AuditFilter) -> ServiceResult<Page<AuditEvent>> {
        policy::read(actor)?;
        let window = filter.page.window()?;
        let before = window.cursor.as_deref().map(parse_cursor).transpose()?;
        let wanted = wanted(actor, &filter)?;
        let mut tx = self.database.read(actor).await?;
        let limit = i64::from(window.limit) + 1;
        let mut items = store::list(&mut tx, &wanted, before, limit, i64::from(window.offset)).await?;
        let total = store::count(&mut tx, &wanted).await?;
        let more = cut(&mut items, window.limit);
        let next_cursor = items.last().filter(|_| more).map(|last| cursor(last.seq));
        Ok(Page { items, total, limit: window.limit, offset: window.offset, next_cursor })
    }

    async fn portion(
        &self,
        actor: &Actor,
        filter: &AuditFilter,
        before: Option<i64>,
    ) -> ServiceResult<Vec<AuditEvent>> {
        policy::read(actor)?;
        let wanted = wanted(actor, filter)?;
        let mut tx = self.database.read(actor).await?;
        store::list(&mut tx, &wanted, before, PORTION, 0).await
    }

    async fn people(&self, actor: &Actor) -> ServiceResult<Vec<AuditPerson>> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        store::people(&mut tx, None).await
    }

    async fn verify(&self, actor: &Actor) -> ServiceResult<Standing> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        store::hold_still(&mut tx).await?;
        let head = store::heads(&mut tx).await?.into_iter().find(|head| head.workspace == actor.workspace_id.0);
        match head {
            Some(head) => walk(&mut tx, &head).await,
            None => {
                let torn = store::headless(&mut tx).await?.contains(&actor.workspace_id.0);
                Ok(without_head(torn))
            }
        }
    }
}

fn wanted(actor: &Actor, filter: &AuditFilter) -> ServiceResult<Wanted> {
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && from.begins() >= to.ends()
    {
        return Err(ServiceError::field("to", "The end must lie behind the beginning."));
    }
    Ok(Wanted::new(actor.workspace_id, filter))
}

/// A workspace in which nothing has happened, or whose head was taken away.
pub(super) fn without_head(torn: bool) -> Standing {
    let broken = torn.then(|| "The chain's head is missing.".to_owned());
    Standing { intact: !torn, events: 0, first: 1, last: 0, broken }
}

/// Along the whole chain of one workspace.
pub(super) async fn walk(tx: &mut Tx, head: &Head) -> ServiceResult<Standing> {
    let mut walk = Walk::new(head);
    let broken = loop {
        let links = store::links(tx, head.workspace, walk.reached(), STRIDE).await?;
        if links.is_empty() {
            break walk.end(head).err();
        }
        if let Some(what) = links.iter().find_map(|link| walk.step(link).err()) {
            break Some(what);
        }
    };
    Ok(Standing {
        intact: broken.is_none(),
        events: walk.reached() - head.pruned_seq,
        first: head.pruned_seq + 1,
        last: head.seq,
        broken,
    })
}

fn cursor(seq: i64) -> String {
    URL_SAFE_NO_PAD.encode(seq.to_be_bytes())
}

fn parse_cursor(text: &str) -> ServiceResult<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let seq = bytes.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()).map(i64::from_be_bytes);
    seq.filter(|seq| *seq > 0).ok_or_else(|| ServiceError::field("cursor", "This cursor is not one of ours."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cursors_are_ours_or_refused(seq in 1i64.., text in "\\PC{0,40}") {
            prop_assert_eq!(parse_cursor(&cursor(seq)).unwrap(), seq);
            if let Err(error) = parse_cursor(&text) {
                prop_assert!(error.fault.fields.get("cursor").is_some());
            }
        }
    }
}
