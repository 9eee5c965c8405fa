//! The product's states in the design system's words, and the small words around numbers.

use crate::ui::{Mark, Status};
use domain::{
    Platform,
    accounts::{Account, AccountStatus},
    deliveries::{Delivery, DeliveryStatus, ErrorClass, Outcome, Stage},
    posts::{PostStatus, Visibility},
};

/// The platform's mark.
pub const fn mark(platform: Platform) -> Mark {
    let descriptor = platform.descriptor();
    Mark::new(descriptor.mark, descriptor.label, descriptor.megaphone)
}

pub const fn account_status(status: AccountStatus) -> Status {
    match status {
        AccountStatus::Connected => Status::Connected,
        AccountStatus::ReconnectRequired => Status::ReconnectRequired,
        AccountStatus::Failed => Status::Failed,
        AccountStatus::Disconnected => Status::Disconnected,
    }
}

pub const fn delivery_status(status: DeliveryStatus) -> Status {
    match status {
        DeliveryStatus::Pending => Status::Pending,
        DeliveryStatus::Publishing => Status::Publishing,
        DeliveryStatus::Retried => Status::Retrying,
        DeliveryStatus::Success => Status::Published,
        DeliveryStatus::Failed => Status::Failed,
        DeliveryStatus::Canceled => Status::Canceled,
    }
}

/// How a delivery stands: what the platform has said of it comes before what we do about it.
pub const fn delivery_badge(delivery: &Delivery) -> Status {
    match delivery.outcome {
        Some(Outcome::Processing) => Status::Processing,
        Some(Outcome::WaitingForCreator) => Status::WaitingForCreator,
        _ => delivery_status(delivery.status),
    }
}

/// A post that is kept in the workspace reads as private, not as a draft that somebody forgot.
pub const fn post_status(status: PostStatus, visibility: Visibility) -> Status {
    match (status, visibility) {
        (PostStatus::Draft, Visibility::Private) => Status::Private,
        (PostStatus::Draft, _) => Status::Draft,
        (PostStatus::PendingApproval, _) => Status::WaitingForApproval,
        (PostStatus::Approved, _) => Status::Approved,
        (PostStatus::Rejected, _) => Status::Rejected,
        (PostStatus::Scheduled, _) => Status::Scheduled,
        (PostStatus::Publishing, _) => Status::Publishing,
        (PostStatus::Published, _) => Status::Published,
        (PostStatus::PartlyPublished, _) => Status::PartlyPublished,
        (PostStatus::Failed, _) => Status::Failed,
    }
}

/// What people call the account: profiles go by their `@name`, pages by their name.
pub fn account_title(account: &Account) -> String {
    match &account.handle {
        Some(handle) if account.platform.descriptor().handles => handle.clone(),
        _ => account.display_name.clone(),
    }
}

/// `@name` where the platform has one, else the account's name.
pub fn account_detail(account: &Account) -> String {
    account.handle.clone().unwrap_or_else(|| account.display_name.clone())
}

/// "1 account", "5 accounts".
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", crate::ui::grouped(n), if n == 1 { one } else { many })
}

/// What a delivery is doing, in a line below its account.
pub fn delivery_line(delivery: &Delivery) -> String {
    let platform = delivery.platform.label();
    match delivery.outcome {
        Some(Outcome::Processing) => return format!("{platform} has it and is working on it; it is not public yet"),
        Some(Outcome::WaitingForCreator) => {
            return format!("Lies in the inbox of {} on {platform}, to be finished there", delivery.account_name);
        }
        _ => {}
    }
    match delivery.status {
        DeliveryStatus::Pending => "Waits to be sent".to_owned(),
        DeliveryStatus::Publishing => match delivery.stage {
            Stage::Staging => format!("Preparing the post for {platform}, step 1 of 3"),
            Stage::Waiting => format!("{platform} is processing the media, step 2 of 3"),
            Stage::Committing | Stage::Done => format!("Publishing on {platform}, step 3 of 3"),
            Stage::OutcomeUnknown | Stage::Processing | Stage::WithCreator => {
                format!("Asking {platform} whether the post is there")
            }
        },
        DeliveryStatus::Retried if delivery.stage == Stage::OutcomeUnknown => {
            sentence(delivery.last_error.as_deref().unwrap_or("The platform gave no clear answer; it is asked again"))
        }
        DeliveryStatus::Retried if delivery.stage == Stage::Waiting && delivery.last_error.is_none() => {
            format!("{platform} is processing the media, step 2 of 3")
        }
        DeliveryStatus::Retried => {
            let reason = delivery.last_error.clone().unwrap_or_else(|| format!("{platform} could not take it yet."));
            format!("{} Next is attempt {} of {}.", sentence(&reason), delivery.attempts + 1, delivery.max_attempts)
        }
        DeliveryStatus::Success => format!("Published on {platform}"),
        DeliveryStatus::Failed => {
            let why = delivery.last_error.clone().unwrap_or_else(|| format!("{platform} could not take this post."));
            // What is wrong with the last try says nothing of one before it that got no answer.
            let doubtful = delivery.needs_person && delivery.error_class != Some(ErrorClass::OutcomeUnknown);
            if doubtful { format!("{} It may be out all the same.", sentence(&why)) } else { why }
        }
        DeliveryStatus::Canceled if delivery.stage == Stage::WithCreator => {
            format!("No longer waited for; the draft stays in the inbox on {platform}")
        }
        DeliveryStatus::Canceled => "Canceled before it was sent".to_owned(),
    }
}

/// Ends with a full stop, once.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

/// "4.2 MB", "312 KB".
#[expect(clippy::cast_precision_loss, reason = "a file's size fits a float")]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KB", bytes.div_ceil(1024)),
        0x10_0000..0x4000_0000 => format!("{:.1} MB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GB", bytes as f64 / 1_073_741_824.0),
    }
}

/// "840 ms", "3.4 s", "2 min 5 s".
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_has_its_mark_drawn() {
        for platform in Platform::ALL {
            assert!(mark(platform).is_drawn(), "{platform} has no drawing; see style/icons.mjs");
            assert_eq!(mark(platform).name(), platform.label());
        }
        for drawn in Mark::ALL {
            assert!(Platform::ALL.into_iter().any(|platform| mark(platform) == *drawn), "{drawn:?} is nobody's");
        }
    }

    #[test]
    fn badges_say_what_the_domain_says() {
        for status in AccountStatus::ALL {
            assert_eq!(account_status(status).word(), status.label());
        }
        for status in PostStatus::ALL {
            assert_eq!(post_status(status, Visibility::Public).word(), status.label());
        }
        assert_eq!(post_status(PostStatus::Draft, Visibility::Private), Status::Private);
    }

    #[test]
    fn numbers() {
        assert_eq!(counted(1, "account", "accounts"), "1 account");
        assert_eq!(counted(1_200, "account", "accounts"), "1,200 accounts");
        assert_eq!(size(100), "1 KB");
        assert_eq!(size(5 * 1024 * 1024), "5.0 MB");
        assert_eq!(duration(840), "840 ms");
        assert_eq!(duration(3_410), "3.4 s");
        assert_eq!(duration(125_000), "2 min 5 s");
        assert_eq!(sentence("X answered 503"), "X answered 503.");
        assert_eq!(sentence("Slow."), "Slow.");
    }
}
