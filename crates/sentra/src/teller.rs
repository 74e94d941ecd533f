//! Ties the narrator to the factory, which may not know it.

use sentra_factory::{Teller, Told};
use sentra_model::{Incident, Signal};

/// Words incidents with the deterministic templates of `sentra-narrate`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Narrator;

impl Teller for Narrator {
    fn tell(&self, incident: &Incident, signals: &[Signal]) -> Told {
        let story = sentra_narrate::tell(incident, signals);
        Told { title: story.title, headline: story.headline, narrative: story.narrative }
    }
}
