//! Applies what has changed in the folders of kinds, as a reload would, with the configuration as it was loaded last: files
//! of the configuration that somebody edits meanwhile do not count before somebody asks for them.

use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use roundsman_config::{Environment, Loaded};

use super::{Reloader, beside};
use crate::kinds::{Applies, Looked, Places};

/// Who reloads, as the audit has it.
const BY: &str = "scripts folder";

#[async_trait]
impl Applies for Reloader {
    async fn look_at_kinds(&self) -> Looked {
        let _turn = self.turn.lock().await;
        let loaded = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let places = Places::of_settings(&loaded.settings);
        if let Err(why) = self.look(&loaded, &places).await {
            self.complain(why);
        }
        let folders = self.stock.last().folders.clone();
        let unfinished = self.stock.shelf.now().broken().iter().any(|broken| broken.passing);
        Looked { roots: places.roots(), folders, unfinished }
    }
}

impl Reloader {
    async fn look(&self, loaded: &Arc<Loaded>, places: &Places) -> Result<(), String> {
        if self.is_unchanged(places).await {
            return Ok(());
        }
        let made = self.make(places).await?;
        let same = made.catalogue.offers_the_same(&self.stock.last().catalogue);
        if same {
            // What is broken may be something else now.
            let settled = made.catalogue.settled(loaded);
            self.stock.take(made, settled, &self.stock.shelf.now());
            return Ok(());
        }
        let (again, kinds) = (loaded.clone(), made.catalogue.clone());
        let load = move || roundsman_config::again(&again, &kinds, &Environment::of_process());
        let fresh = beside(load).await?;
        let settled = made.catalogue.settled(&fresh);
        let now = self.stock.shelf.now();
        if settled.offers_the_same(&now) && fresh.tasks == loaded.tasks {
            // A version that was not accepted: nothing to put in force, only something to say.
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
            self.stock.take(made, settled, &now);
        } else {
            self.put_in_force(made, fresh, BY).await?;
        }
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    async fn is_unchanged(&self, places: &Places) -> bool {
        let places = places.clone();
        let Ok(seen) = tokio::task::spawn_blocking(move || places.glance()).await else { return false };
        let mut last = self.stock.last();
        last.folders = seen.folders;
        seen.glance.is_some() && seen.glance == last.glance && !self.stock.maker.is_due()
    }

    /// Says why changed kinds are not in force: once, however often it is tried.
    fn complain(&self, why: String) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.as_ref() != Some(&why) {
            tracing::error!(
                by = BY,
                "changed kinds were not put in force, everything stays as it was: {why}"
            );
            *said = Some(why);
        }
    }
}
