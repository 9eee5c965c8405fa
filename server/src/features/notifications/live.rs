//! Fulfils [`Events`]. A stream ends with the session it was opened in, and with the membership.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Actor, ServiceResult, SessionId, UserId, WorkspaceId,
    events::{Events, LiveEvent, LiveStream, Numbered, Subscription},
};
use serde::Deserialize;
use sqlx::postgres::PgListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::store;
use crate::database::Database;

const CHANNEL: &str = "arctiv_live";
/// Ids of sessions that have just ended.
const SESSIONS: &str = "arctiv_sessions";
/// How long a session's end waits for what has ended it: both are announced by one commit.
const LAST_WORD: Duration = Duration::from_millis(500);
/// A browser this far behind is let go; it comes back with its last number.
const BUFFER: usize = 4096;
const REPLAY: i64 = 1000;

#[derive(Clone, Debug)]
enum Message {
    Event(WorkspaceId, Numbered),
    Ended(SessionId),
    /// Announcements may have been lost: readers must come back with their last number.
    Gap,
}

#[derive(Deserialize)]
struct Announcement {
    id: i64,
    workspace_id: WorkspaceId,
    event: domain::events::LiveEvent,
}

/// The process's listener and its readers.
#[derive(Clone, Debug)]
pub struct LiveEvents {
    database: Database,
    sender: broadcast::Sender<Message>,
    stop: CancellationToken,
}

impl LiveEvents {
    /// Starts listening; ends with `stop`.
    pub fn start(database: Database, stop: CancellationToken) -> Self {
        let (sender, _) = broadcast::channel(BUFFER);
        let live = Self { database, sender, stop };
        tokio::spawn(live.clone().listen());
        live
    }

    async fn listen(self) {
        let stop = self.stop.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            () = async {
                loop {
                    if let Err(error) = self.pass_on().await {
                        tracing::warn!(%error, "the live listener lost the database");
                    }
                    let _ = self.sender.send(Message::Gap);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            } => {}
        }
    }

    /// Passes announcements on until the connection is lost.
    async fn pass_on(&self) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(self.database.public_pool()).await?;
        listener.listen_all([CHANNEL, SESSIONS]).await?;
        while let Some(notification) = listener.try_recv().await? {
            if notification.channel() == SESSIONS {
                if let Ok(session) = notification.payload().parse() {
                    let _ = self.sender.send(Message::Ended(SessionId(session)));
                }
                continue;
            }
            let announced: Vec<serde_json::Value> = serde_json::from_str(notification.payload()).unwrap_or_default();
            for one in announced {
                match Announcement::deserialize(one) {
                    Ok(Announcement { id, workspace_id, event }) => {
                        // Nobody listening is no error.
                        let _ = self.sender.send(Message::Event(workspace_id, Numbered { id, event }));
                    }
                    // A newer version in the same database may announce what this one does not know.
                    Err(error) => tracing::debug!(%error, "an announcement was not understood"),
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Events for LiveEvents {
    async fn subscribe(&self, actor: &Actor, last_seen: Option<i64>) -> ServiceResult<Subscription> {
        // First the channel, then the table: what comes in between is told twice, never not at all.
        let receiver = self.sender.subscribe();
        let missed = match last_seen {
            None => Vec::new(),
            Some(last_seen) => {
                let mut tx = self.database.tenant(actor).await?;
                let missed = store::missed(&mut tx, last_seen, REPLAY).await?;
                tx.commit().await?;
                missed
            }
        };
        let live = Reader {
            workspace: actor.workspace_id,
            user: actor.user_id,
            session: actor.session_id(),
            receiver,
            stop: self.stop.clone(),
            ended: false,
        };
        Ok(Subscription { missed, live: Box::new(live) })
    }
}

struct Reader {
    workspace: WorkspaceId,
    user: UserId,
    session: Option<SessionId>,
    /// The reader has lost the workspace: this stream tells them, and nothing more.
    ended: bool,
    receiver: broadcast::Receiver<Message>,
    stop: CancellationToken,
}

impl Reader {
    /// What a reader is told who has lost the workspace.
    fn lost(&self) -> LiveEvent {
        LiveEvent::MemberUpdated { user_id: self.user, active: false }
    }

    /// The session has ended. If that was because its person has lost the workspace, they are told so, and nothing else.
    async fn last_word(&mut self) -> Option<Numbered> {
        self.ended = true;
        let (lost, workspace) = (self.lost(), self.workspace);
        let told = async {
            loop {
                match self.receiver.recv().await {
                    Ok(Message::Event(of, event)) if of == workspace && event.event == lost => return Some(event),
                    Ok(_) => {}
                    Err(_) => return None,
                }
            }
        };
        tokio::time::timeout(LAST_WORD, told).await.ok().flatten()
    }
}

#[async_trait]
impl LiveStream for Reader {
    async fn next(&mut self) -> Option<Numbered> {
        loop {
            if self.ended {
                return None;
            }
            let message = tokio::select! {
                () = self.stop.cancelled() => return None,
                message = self.receiver.recv() => message,
            };
            match message {
                Ok(Message::Event(workspace, event)) if workspace == self.workspace => {
                    self.ended = event.event == self.lost();
                    return Some(event);
                }
                Ok(Message::Ended(session)) if Some(session) == self.session => return self.last_word().await,
                Ok(Message::Event(..) | Message::Ended(_)) => {}
                Ok(Message::Gap) | Err(_) => return None,
            }
        }
    }
}
