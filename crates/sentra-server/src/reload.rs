//! New settings while the server runs: by `SIGHUP`, or by `POST /api/v1/reload`.

use std::sync::Arc;

use sentra_intake::IntakeSettings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::keys::load_keys;
use crate::state::State;
use crate::{Config, ServerError};

/// Reads what can change from its files again; the binary implements it.
pub trait Reloader: Send + Sync + std::fmt::Debug {
    /// The configuration as it stands in its file now.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    fn config(&self) -> Result<Config, String>;

    /// Takes detection content and formats from their packs again, with what it could not take.
    ///
    /// # Errors
    /// Why nothing was taken.
    fn content(&self, config: &Config) -> Result<Vec<String>, String>;
}

/// What a reload changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ReloadAnswer {
    /// Doors that were opened.
    pub opened: Vec<String>,
    /// Doors that were closed; what had arrived was taken.
    pub closed: Vec<String>,
    /// Doors that stayed as they were.
    pub kept: Vec<String>,
    /// Keys of the configuration that changed and need a restart.
    pub restart_needed: Vec<String>,
    /// What is wrong with formats and rules; the others are in force.
    pub problems: Vec<String>,
}

/// The doors of `config` and the keys of the data directory.
pub(crate) fn settings(config: &Config, directory: &std::path::Path) -> Result<IntakeSettings, ServerError> {
    let mut settings = config.intake_settings()?;
    settings.keys.extend(load_keys(directory)?);
    Ok(settings)
}

impl State {
    /// Takes new settings; with an error nothing has changed.
    pub(crate) async fn reload(&self) -> Result<ReloadAnswer, ServerError> {
        let Some(reloader) = &self.app.reloader else { return Ok(ReloadAnswer::default()) };
        let refused = |detail| ServerError::Reload { detail };
        let reloader = Arc::clone(reloader);
        let directory = self.app.directory.clone();
        // Reading and compiling is no work for a thread that serves requests.
        let read = tokio::task::spawn_blocking(move || {
            let config = reloader.config().map_err(refused)?;
            let settings = settings(&config, &directory)?;
            let problems = reloader.content(&config).map_err(refused)?;
            Ok::<_, ServerError>((config, settings, problems))
        });
        let read = read.await.map_err(|error| ServerError::Reload { detail: error.to_string() })?;
        let (config, settings, problems) = read?;
        let reloaded = self.intake.reload(&settings).await?;
        let restart_needed = self.config.restart_needed(&config);
        tracing::info!(?reloaded, ?restart_needed, "new settings");
        Ok(ReloadAnswer {
            opened: reloaded.opened,
            closed: reloaded.closed,
            kept: reloaded.kept,
            restart_needed,
            problems,
        })
    }
}
