//! `arctiv demo`: everything in one process, platforms played by the sandbox, and a workspace to try that already holds
//! accounts and posts. It goes through the same ports as people do.

use std::{net::SocketAddr, time::Duration};

use domain::{
    Actor, Browser, ErrorCode, RequestId, Via, Visitor,
    identity::{Login, LoginStep, Register, SignedIn},
};
use tokio::net::TcpListener;

use super::{
    assemble::Arctiv,
    run::{Failure, Ready, assemble, listen, serve_on, stop_on_signal},
};
use crate::{
    config::{OidcSettings, Settings},
    features::notifications::jobs::send_mail,
    jobs::{self, Registry},
};

mod workspace;

/// The demo's login.
pub const EMAIL: &str = "niamh@northwind.example";
pub const PASSWORD: &str = "northwind-demo";

/// Where the sandbox listens in the demo.
pub const SANDBOX: &str = "127.0.0.1:8090";

/// Starts the sandbox, the database and Arctiv, fills the workspace once, and says where everything is.
pub async fn demo(mut settings: Settings, sandbox_address: SocketAddr) -> Result<(), Failure> {
    let listener = listen(settings.server.listen).await?;
    let sandbox_listener = TcpListener::bind(sandbox_address).await.map_err(|error| {
        format!("The sandbox networks cannot listen on {sandbox_address} ({error}). Choose another with --sandbox.")
    })?;
    let sandbox_url = format!("http://{}", sandbox_listener.local_addr()?);
    settings.platforms.sandbox_url = Some(sandbox_url.parse()?);
    // Whoever tries webhooks here has a receiver on the same machine.
    settings.webhooks.allow_private_networks = true;
    // Browsers make passkeys for a site with a name.
    if settings.server.public_url.is_none() && settings.server.listen.ip().is_loopback() {
        settings.server.public_url = Some(format!("http://localhost:{}", settings.server.listen.port()).parse()?);
    }
    if settings.oidc.in_force().is_none() {
        settings.oidc = OidcSettings {
            issuer: Some(format!("{sandbox_url}/oidc")),
            client_id: Some(sandbox::DEMO_CLIENT_ID.to_owned()),
            client_secret: Some(sandbox::DEMO_CLIENT_SECRET.into()),
            name: Some("Sandbox ID".to_owned()),
            allow_private_networks: true,
        };
    }
    let stop = stop_on_signal();
    std::fs::create_dir_all(&settings.server.data_dir)?;
    let networks = sandbox::Sandbox::new(sandbox::Config {
        state_file: Some(settings.server.data_dir.join("sandbox.json")),
        public_url: Some(sandbox_url.parse()?),
        webhooks: Some(format!("{}/api/webhooks", settings.server.origin()).parse()?),
        ..sandbox::Config::default()
    })?;
    let stop_networks = stop.clone();
    let networks = tokio::spawn(async move { networks.serve(sandbox_listener, stop_networks.cancelled_owned()).await });
    let ready = Ready::prepare(&settings).await?;
    let outcome = async {
        let arctiv = assemble(&settings, &ready.urls, &stop)?;
        fill(&arctiv, &sandbox_url).await?;
        println!("\n  Arctiv             {}", settings.server.origin());
        println!("  Sign in            {EMAIL} / {PASSWORD}");
        println!("  Sandbox networks   {sandbox_url}   (what was published, and by whom)");
        println!("  Mailbox            {}/dev/mailbox   (letters that would have been sent)", settings.server.origin());
        println!("  API                {}/api/docs\n", settings.server.origin());
        serve_on(&arctiv, listener).await
    }
    .await;
    stop.cancel();
    ready.release().await;
    if let Ok(Err(error)) = tokio::time::timeout(Duration::from_secs(5), networks).await {
        tracing::warn!(%error, "the sandbox ended badly");
    }
    outcome
}

/// Makes the demo's person and workspace, and fills it; once.
async fn fill(arctiv: &Arctiv, sandbox_url: &str) -> Result<(), Failure> {
    let visitor = Visitor {
        ip: None,
        user_agent: Some("arctiv demo".to_owned()),
        request_id: RequestId::from_uuid(arctiv.ids.next()),
        browser: Browser::default(),
    };
    let form = Register {
        email: EMAIL.to_owned(),
        password: PASSWORD.to_owned(),
        role: "client".to_owned(),
        full_name: "Niamh Doyle".to_owned(),
        agency_name: None,
    };
    let session = match arctiv.services.identity.register(&visitor, form).await {
        Ok(session) => {
            confirm(arctiv, &visitor).await?;
            session
        }
        Err(error) if error.code() == ErrorCode::Conflict => {
            let form = Login { email: EMAIL.to_owned(), password: PASSWORD.to_owned() };
            match arctiv.services.identity.login(&visitor, form).await {
                // Somebody has made the demo their own: with another password, or a second step.
                Ok(LoginStep::SecondStep(_)) | Err(_) => return Ok(()),
                Ok(LoginStep::SignedIn(session)) => *session,
            }
        }
        Err(error) => return Err(error.into()),
    };
    let actor = actor_of(arctiv, &session, &visitor).await?;
    workspace::connect_accounts(arctiv, &actor).await?;
    if let Some(first) = workspace::write_posts(arctiv, &actor).await? {
        let scene = workspace::lose_a_connection(arctiv.clone(), actor, first, sandbox_url.to_owned());
        tokio::spawn(async move {
            if let Err(error) = scene.await {
                tracing::warn!(%error, "the demo lacks its lost connection");
            }
        });
    }
    Ok(())
}

/// Follows the link in the letter, as the demo's person would.
async fn confirm(arctiv: &Arctiv, visitor: &Visitor) -> Result<(), Failure> {
    let Some(mailbox) = &arctiv.mailbox else { return Ok(()) };
    jobs::run_due(&arctiv.job_context(), Registry::new().register(send_mail)).await?;
    let letters = mailbox.letters(50).await?;
    let link =
        letters.iter().filter(|letter| letter.to == EMAIL).find_map(|letter| letter.text.split_once("/confirm?token="));
    if let Some(token) = link.and_then(|(_, rest)| rest.split_whitespace().next()) {
        arctiv.services.credentials.confirm_email(visitor, token).await?;
    }
    Ok(())
}

async fn actor_of(arctiv: &Arctiv, session: &SignedIn, visitor: &Visitor) -> Result<Actor, Failure> {
    let found = arctiv.services.identity.authenticate(&session.token, visitor).await?;
    found
        .map(|found| found.actor)
        .filter(|actor| matches!(actor.via, Via::Session(_)))
        .ok_or_else(|| "the demo's session was not found".into())
}
