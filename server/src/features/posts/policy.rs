//! Who may do what with posts.

use domain::{
    Actor, ServiceError, ServiceResult, UserId,
    posts::{ApprovalPolicy, PostStatus},
    workspaces::Role,
};

/// Everybody in the workspace sees its posts.
pub fn read(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Viewer, "You have no access to this workspace's posts.")
}

/// Writing. Whether it goes out by being saved is decided where it is saved, by [`ApprovalPolicy`].
pub fn draft(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Member, "Writing posts takes the member role. Ask an admin of this workspace.")
}

/// Changing a post, taking it back, asking for its approval: members do that with what they have begun themselves.
pub fn change(actor: &Actor, author: UserId) -> ServiceResult<()> {
    draft(actor)?;
    if actor.role >= Role::Editor || actor.user_id == author {
        Ok(())
    } else {
        Err(ServiceError::forbidden("Members change their own posts only. Ask an editor to change this one."))
    }
}

/// Taking a post out of Arctiv: what has gone out is the workspace's memory, and not a member's to clear.
pub fn remove(actor: &Actor, author: UserId, status: PostStatus) -> ServiceResult<()> {
    change(actor, author)?;
    let out = matches!(status, PostStatus::Published | PostStatus::PartlyPublished | PostStatus::Failed);
    if out && actor.role < Role::Editor {
        return Err(ServiceError::forbidden(
            "Members delete what has not gone out. Ask an editor to delete this post.",
        ));
    }
    Ok(())
}

/// Arranging the queue, which moves everybody's posts.
pub fn arrange(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Editor, "Changing the queue takes the editor role. Ask an admin of this workspace.")
}

/// Deciding on posts at all.
pub fn review(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Editor, "Approving posts takes the editor role. Ask an admin of this workspace.")
}

/// Deciding on this one: `author` began it, `writer` wrote the version that waits.
pub fn decide(actor: &Actor, rules: ApprovalPolicy, author: UserId, writer: UserId) -> ServiceResult<()> {
    match rules.why_not(actor.role, actor.user_id, author, writer) {
        None => Ok(()),
        Some(why) => Err(ServiceError::forbidden(why.words())),
    }
}

fn require(actor: &Actor, role: Role, otherwise: &str) -> ServiceResult<()> {
    if actor.role >= role { Ok(()) } else { Err(ServiceError::forbidden(otherwise)) }
}
