//! Putting back what was saved: each folder is made once, then each notebook or file is imported. What is there already stays
//! unless it may be replaced. It writes nothing to disk.

mod arrivals;
mod import;
mod report;
mod sources;
mod target;
mod verify;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};

use futures::{TryStreamExt, stream};
use roundsman_http::HttpError;
use roundsman_task::{TaskContext, TaskError};

use self::{
    arrivals::{Arrivals, Ground},
    import::{Arrival, IMPORT_LIMIT, import},
    sources::{Fitness, Source, Sources},
    target::Targets,
    verify::Comparison,
};
pub use self::{
    report::{RestoreReport, Restored},
    target::{InvalidPrefixMap, PrefixMap},
};
use super::{
    folder::Folder,
    names::{hash, parent},
    problems::{Fault, blocking, check_stop},
};
use crate::api::Workspace;

/// How many imports are under way: each keeps its notebook several times in memory.
const AT_A_TIME: usize = 4;

/// What is to be put back.
#[derive(Debug, Clone)]
pub struct RestoreSettings {
    /// The folder that holds what was saved.
    pub dir: PathBuf,
    /// What lies below one folder is put below another.
    pub map_prefix: PrefixMap,
    /// Only the home of this user.
    pub only_user: Option<String>,
    /// Whether what is there is replaced.
    pub overwrite: bool,
    /// Whether it is only told what would be done; always so in a dry run.
    pub plan: bool,
    /// Whether what is in the workspace afterwards is compared with what was saved.
    pub verify: bool,
}

/// Puts back what was saved. An end before the end leaves what is put back, and the next run goes on from there, as it passes
/// over what is there.
pub async fn restore(
    cx: &TaskContext,
    workspace: &Workspace,
    settings: &RestoreSettings,
) -> Result<RestoreReport, TaskError> {
    let plan = settings.plan || cx.dry_run();
    let path = settings.dir.clone();
    let opened = blocking(move || {
        let folder = Arc::new(Folder::open(&path)?);
        Ok::<_, std::io::Error>((Sources::of(&folder)?, folder))
    });
    let (sources, folder) = opened.await?.map_err(|error| {
        TaskError::config(format!("what was saved in {} cannot be read: {error}", settings.dir.display()))
    })?;
    let targets = Targets::new(cx, workspace, settings);
    let report = RestoreReport::new(plan, sources.has_manifest());
    let run = Run { cx, workspace, settings, plan, folder, report: Mutex::new(report) };
    run.through(sources, targets).await?;
    Ok(run.report.into_inner().expect("nobody panics while noting"))
}

/// A restore that is under way.
struct Run<'a> {
    cx: &'a TaskContext,
    workspace: &'a Workspace,
    settings: &'a RestoreSettings,
    plan: bool,
    folder: Arc<Folder>,
    report: Mutex<RestoreReport>,
}

/// The way from what was saved to where it goes, one after the other.
struct Way<'a> {
    sources: Sources,
    targets: Targets<'a>,
    arrivals: Arrivals<'a>,
}

/// Something to be put back, and what is known of where it goes.
struct Delivery {
    source: Source,
    target: String,
    ground: Ground,
}

impl Run<'_> {
    async fn through(&self, sources: Sources, targets: Targets<'_>) -> Result<(), TaskError> {
        let total = sources.total();
        let arrivals = Arrivals::new(self.cx, self.workspace, self.plan);
        let way = Way { sources, targets, arrivals };
        // Folders are made one after the other, ahead of what goes into them.
        let deliveries = stream::try_unfold(way, move |mut way| async move {
            Ok::<_, TaskError>(self.next(&mut way).await?.map(|delivery| (delivery, way)))
        });
        let deliveries = deliveries.map_ok(move |delivery| async move {
            check_stop(self.cx)?;
            self.deliver(delivery).await?;
            self.cx.progress(self.report().seen(), total, "");
            Ok(())
        });
        deliveries.try_buffer_unordered(AT_A_TIME).try_collect::<()>().await
    }

    fn report(&self) -> MutexGuard<'_, RestoreReport> {
        self.report.lock().expect("nobody panics while noting")
    }

    /// The next thing that is wanted, when its folder is there.
    async fn next(&self, way: &mut Way<'_>) -> Result<Option<Delivery>, TaskError> {
        loop {
            check_stop(self.cx)?;
            let Some(source) = way.next_source().await? else {
                return Ok(None);
            };
            if !way.targets.is_wanted(&source.path) {
                continue;
            }
            match &source.fitness {
                Fitness::Fit => {}
                Fitness::NeverSaved => self.report().left_out += 1,
                Fitness::Unfit(why) => self.report().left_out(&source.path, why),
            }
            if source.fitness != Fitness::Fit {
                continue;
            }
            let target = way.targets.of(&source.path).await?;
            let ground = way.arrivals.at(parent(&target), &target).await?;
            return Ok(Some(Delivery { source, target, ground }));
        }
    }

    async fn deliver(&self, delivery: Delivery) -> Result<(), TaskError> {
        let Delivery { source, target, ground } = delivery;
        if let Ground::Unfit(why) = ground {
            self.report().failed(&target, why);
            return Ok(());
        }
        let bytes = match self.read(&source).await? {
            Ok(bytes) => bytes,
            Err(Fault::TooLarge(why)) => {
                self.report().too_large(&target, why);
                return Ok(());
            }
            Err(fault) => {
                self.report().failed(&target, in_words(&fault));
                return Ok(());
            }
        };
        if self.plan {
            self.report().plan(&source.path, &target, ground == Ground::Taken, self.settings.overwrite);
            return Ok(());
        }
        match import(self.cx, self.workspace, &source, &target, &bytes, self.settings.overwrite).await {
            Ok(arrival) => self.arrived(&source, &target, &bytes, arrival).await,
            Err(error) => match Fault::of(self.cx, error) {
                Fault::End(error) => Err(error),
                Fault::TooLarge(why) => {
                    self.report().too_large(&target, why);
                    Ok(())
                }
                fault => {
                    self.report().failed(&target, in_words(&fault));
                    Ok(())
                }
            },
        }
    }

    async fn arrived(
        &self,
        source: &Source,
        target: &str,
        bytes: &[u8],
        arrival: Arrival,
    ) -> Result<(), TaskError> {
        match arrival {
            Arrival::Put => self.report().put(source, target),
            Arrival::Was => self.report().was_there += 1,
        }
        if !self.settings.verify {
            return Ok(());
        }
        match verify::compare(self.workspace, source, target, bytes).await {
            Ok(Comparison::Same) => self.report().verified += 1,
            Ok(Comparison::Differs) => self.report().differs(target, arrival),
            Err(error) => match Fault::of(self.cx, error) {
                Fault::End(error) => return Err(error),
                fault => self.report().unverified(target, in_words(&fault)),
            },
        }
        Ok(())
    }

    /// What was saved, if it is still as it was.
    async fn read(&self, source: &Source) -> Result<Result<Vec<u8>, Fault>, TaskError> {
        let (folder, local, expected) = (self.folder.clone(), source.local.clone(), source.sha256.clone());
        blocking(move || {
            let bytes = folder.read_all(&local, IMPORT_LIMIT).map_err(|error| match error.kind() {
                std::io::ErrorKind::FileTooLarge => Fault::TooLarge(format!(
                    "{local} has more than {IMPORT_LIMIT} bytes, and no more are imported"
                )),
                _ => Fault::Failed(format!("{local} cannot be read: {error}")),
            })?;
            match expected {
                Some(expected) if expected != hash(&bytes) => {
                    let told = "is not what was saved, as its hash in the manifest tells";
                    Err(Fault::Failed(format!("{local} {told}")))
                }
                _ => Ok(bytes),
            }
        })
        .await
    }
}

impl Way<'_> {
    async fn next_source(&mut self) -> Result<Option<Source>, TaskError> {
        let mut sources = std::mem::take(&mut self.sources);
        let read = blocking(move || {
            let next = sources.next();
            (sources, next)
        });
        let (sources, next) = read.await?;
        self.sources = sources;
        next.map_err(|error| TaskError::retry(format!("what was saved cannot be read: {error}")))
    }
}

fn in_words(fault: &Fault) -> String {
    match fault {
        Fault::TooLarge(why) | Fault::Failed(why) => why.clone(),
        Fault::Gone => "it, or the folder it goes to, is not there".to_owned(),
        Fault::End(error) => error.to_string(),
    }
}

/// What came of asking for something that may not be there.
fn found<T>(answer: Result<T, HttpError>) -> Result<Option<T>, HttpError> {
    match answer {
        Err(error) if error.is_not_found() => Ok(None),
        other => other.map(Some),
    }
}
