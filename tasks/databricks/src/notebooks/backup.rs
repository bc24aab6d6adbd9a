//! Saving notebooks and files of a workspace in a folder on disk. What is saved already is passed over; what fails harms
//! nothing else. When it is to be done, and where to, is told by the caller.

mod export;
mod report;
mod shelf;
mod walk;

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard},
};

use futures::{TryStreamExt, stream};
use roundsman_task::{TaskContext, TaskError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::report::{BackupReport, Planned};
use self::{
    export::{EXPORT_LIMIT, export},
    shelf::{Place, Shelf},
    walk::{Step, Walk},
};
use super::{
    manifest::{Entry, Status},
    problems::{Fault, check_stop},
};
use crate::api::{
    Workspace,
    workspace_files::{Format, Object, ObjectType},
};

/// How many exports are under way.
const AT_A_TIME: usize = 8;

/// How notebooks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum BackupFormat {
    /// As source text, without results.
    #[default]
    Source,
    /// As Jupyter notebooks.
    Jupyter,
}

impl From<BackupFormat> for Format {
    fn from(format: BackupFormat) -> Self {
        match format {
            BackupFormat::Source => Self::Source,
            BackupFormat::Jupyter => Self::Jupyter,
        }
    }
}

/// What is to be saved.
#[derive(Debug, Clone)]
pub struct BackupSettings {
    /// The folders of the workspace.
    pub roots: Vec<String>,
    /// The folder on disk.
    pub out_dir: PathBuf,
    /// How notebooks are written.
    pub format: BackupFormat,
    /// Whether files are saved as well.
    pub files: bool,
    /// Whether everything is saved again.
    pub overwrite: bool,
}

/// Saves what is below the roots. In a dry run it only tells what would be saved. An end before the end leaves what is saved,
/// and the next run goes on from there.
pub async fn backup(
    cx: &TaskContext,
    workspace: &Workspace,
    settings: &BackupSettings,
) -> Result<BackupReport, TaskError> {
    let roots = walk::roots(&settings.roots)?;
    let shelf = Shelf::open(&settings.out_dir, cx.dry_run()).await?;
    let walk = Walk::start(cx, workspace, &roots).await?;
    let run =
        Run { cx, workspace, settings, shelf: &shelf, report: Mutex::new(BackupReport::new(cx.dry_run())) };
    run.through(walk).await?;
    shelf.tidy().await?;
    let mut report = run.report.into_inner().expect("nobody panics while noting");
    if cx.dry_run() {
        report.keep_plan(cx).await?;
    }
    Ok(report)
}

/// A backup that is under way.
struct Run<'a> {
    cx: &'a TaskContext,
    workspace: &'a Workspace,
    settings: &'a BackupSettings,
    shelf: &'a Shelf,
    report: Mutex<BackupReport>,
}

/// What is to be done about something.
enum Order {
    /// It is saved, unless it is already.
    Save(Box<(Object, Format, Place)>),
    /// It is only written down.
    Leave(Object),
    /// It was seen to.
    Nothing,
}

impl Run<'_> {
    async fn through(&self, walk: Walk<'_>) -> Result<(), TaskError> {
        // The next folder is listed only while there is room for more exports. Places are given one after the other.
        let orders = stream::try_unfold(walk, move |mut walk| async move {
            let step = walk.next().await?;
            self.report().folders = walk.listed();
            let order = step.map(|step| self.prepare(step)).transpose()?;
            Ok::<_, TaskError>(order.map(|order| (order, walk)))
        });
        let done = orders.map_ok(|order| self.take(order));
        done.try_buffer_unordered(AT_A_TIME).try_collect::<()>().await
    }

    fn report(&self) -> MutexGuard<'_, BackupReport> {
        self.report.lock().expect("nobody panics while noting")
    }

    /// What is to be done about something on the way.
    fn prepare(&self, step: Step) -> Result<Order, TaskError> {
        let object = match step {
            Step::Folder(folder) => {
                self.shelf.folder(&folder);
                return Ok(Order::Nothing);
            }
            Step::Failed { path, why } => {
                self.report().failed(&path, &why);
                return Ok(Order::Nothing);
            }
            Step::Thing(object) => object,
        };
        let format = match object.object_type {
            ObjectType::Notebook => self.settings.format.into(),
            ObjectType::File if self.settings.files => Format::Auto,
            _ => return Ok(Order::Leave(object)),
        };
        let place = self.shelf.place(&object, &format)?;
        Ok(Order::Save(Box::new((object, format, place))))
    }

    async fn take(&self, order: Order) -> Result<(), TaskError> {
        check_stop(self.cx)?;
        match order {
            Order::Nothing => return Ok(()),
            Order::Leave(object) => {
                self.report().not_exported += 1;
                self.note(Entry::about(&object, Status::NotExported)).await?;
            }
            Order::Save(what) => {
                let (object, format, place) = *what;
                self.thing(object, format, place).await?;
            }
        }
        let report = self.report();
        self.cx.progress(report.seen(), None, format!("{} folders listed", report.folders));
        Ok(())
    }

    async fn thing(&self, object: Object, format: Format, place: Place) -> Result<(), TaskError> {
        if object.size.is_some_and(|size| size > EXPORT_LIMIT) {
            let why = format!(
                "it has {} bytes, and no more than {EXPORT_LIMIT} are exported",
                object.size.unwrap_or(0)
            );
            return self.too_large(&object, &format, place, why).await;
        }
        let place = if self.settings.overwrite { place } else { self.shelf.look(place, &object).await? };
        if place.is_saved && !self.settings.overwrite {
            self.report().unchanged += 1;
            return Ok(());
        }
        if self.cx.dry_run() {
            self.report().plan(&object, &place.local);
            return Ok(());
        }
        match export(self.workspace, &object, &format).await.map_err(|error| Fault::of(self.cx, error)) {
            Ok(bytes) => self.save(&object, &format, place, bytes).await,
            Err(Fault::End(error)) => Err(error),
            Err(Fault::TooLarge(why)) => self.too_large(&object, &format, place, why).await,
            Err(Fault::Failed(why)) => self.failed(&object, &format, place, why).await,
            Err(Fault::Gone) => {
                self.report().gone += 1;
                Ok(())
            }
        }
    }

    async fn save(
        &self,
        object: &Object,
        format: &Format,
        place: Place,
        bytes: Vec<u8>,
    ) -> Result<(), TaskError> {
        let entry = Entry {
            format: Some(format.clone()),
            bytes: Some(bytes.len() as u64),
            local: Some(place.local.clone()),
            ..Entry::about(object, Status::Ok)
        };
        let size = bytes.len() as u64;
        match self.shelf.save(entry, bytes).await? {
            Ok(()) => {
                let mut report = self.report();
                report.exported += 1;
                report.bytes += size;
                Ok(())
            }
            Err(why) => self.failed(object, format, place, why).await,
        }
    }

    async fn too_large(
        &self,
        object: &Object,
        format: &Format,
        place: Place,
        why: String,
    ) -> Result<(), TaskError> {
        self.report().too_large(&object.path, &why);
        self.note(place.kept(object, format, Status::TooLarge, why)).await
    }

    async fn failed(
        &self,
        object: &Object,
        format: &Format,
        place: Place,
        why: String,
    ) -> Result<(), TaskError> {
        self.report().failed(&object.path, &why);
        self.note(place.kept(object, format, Status::Failed, why)).await
    }

    async fn note(&self, entry: Entry) -> Result<(), TaskError> {
        if self.cx.dry_run() { Ok(()) } else { self.shelf.note(entry).await }
    }
}
