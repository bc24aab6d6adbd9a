//! The folder of a backup together with its manifest: which place something has, whether it is there already, and both kept in
//! step. It asks nothing of a workspace.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use roundsman_task::TaskError;

use super::super::{
    folder::{Folder, is_inside},
    manifest::{Entry, Manifest, Status},
    names::{Claims, MANIFEST, Wanted, ending, hash},
    problems::blocking,
};
use crate::api::workspace_files::{Format, Object};

/// Where a backup is kept.
pub(super) struct Shelf {
    books: Arc<Books>,
    path: PathBuf,
}

struct Books {
    /// Absent in a dry run where there is no folder yet.
    folder: Option<Folder>,
    manifest: Mutex<Option<Manifest>>,
    claims: Mutex<Claims>,
    /// Held as long as anything may still be written.
    lock: Option<std::fs::File>,
}

/// Where something is to be, and what is there.
#[derive(Clone)]
pub(super) struct Place {
    /// Its place in the folder.
    pub(super) local: String,
    /// What the manifest tells of it.
    known: Option<Entry>,
    /// Whether it is there as the manifest tells.
    pub(super) is_saved: bool,
}

impl Place {
    /// A line about something that was not saved now. What was saved before remains.
    pub(super) fn kept(self, object: &Object, format: &Format, status: Status, why: String) -> Entry {
        match self.known.filter(|known| known.saved().is_some()) {
            Some(known) => Entry { status, error: Some(why), ..known },
            None => Entry { format: Some(format.clone()), error: Some(why), ..Entry::about(object, status) },
        }
    }
}

impl Shelf {
    /// Opens the folder. In a dry run nothing is made, and nobody is kept out.
    pub(super) async fn open(path: &Path, dry_run: bool) -> Result<Self, TaskError> {
        let owned = path.to_owned();
        let books = blocking(move || if dry_run { Books::look(&owned) } else { Books::open(&owned) }).await?;
        let books = books.map_err(|error| unusable(path, &error))?;
        let Some(books) = books else {
            let told = format!("somebody else saves notebooks in {} at this time", path.display());
            return Err(TaskError::retry(told));
        };
        Ok(Self { books: Arc::new(books), path: path.to_owned() })
    }

    /// A folder of the workspace has its place from now on.
    pub(super) fn folder(&self, object: &Object) {
        self.claims().of_folder(&object.path, object.object_id);
    }

    /// The place of something.
    pub(super) fn place(&self, object: &Object, format: &Format) -> Result<Place, TaskError> {
        let manifest = self.books.manifest.lock().expect("nobody panics while reading");
        let known = manifest.as_ref().map(|manifest| manifest.get(&object.path)).transpose();
        drop(manifest);
        let known = known.map_err(|error| unusable(&self.path, &error))?.flatten();
        let before = known.as_ref().filter(|known| known.is_alike(object, format));
        let before = before.and_then(|known| known.local.as_deref()).filter(|local| is_inside(local));
        let ending = ending(&object.object_type, object.language.as_ref(), format);
        let wanted = Wanted { path: &object.path, id: object.object_id, ending };
        let local = self.claims().of_file(&wanted, before);
        Ok(Place { local, known, is_saved: false })
    }

    /// The same, with a look whether it is saved already.
    pub(super) async fn look(&self, place: Place, object: &Object) -> Result<Place, TaskError> {
        let is_known = place.known.as_ref().is_some_and(|known| {
            known.status == Status::Ok && known.local.as_deref() == Some(&place.local) && known.is_of(object)
        });
        let Some(sha256) = place.known.as_ref().filter(|_| is_known).and_then(|known| known.sha256.clone())
        else {
            return Ok(place);
        };
        let (books, local) = (self.books.clone(), place.local.clone());
        // A file that cannot be read is written again.
        let is_there = move || {
            books.folder.as_ref().is_some_and(|at| at.hash(&local).is_ok_and(|found| found == sha256))
        };
        Ok(Place { is_saved: blocking(is_there).await?, ..place })
    }

    /// Saves something and adds its line. The inner error is its own; with the outer one nothing more can be saved.
    pub(super) async fn save(&self, entry: Entry, bytes: Vec<u8>) -> Result<Result<(), String>, TaskError> {
        let books = self.books.clone();
        let saved = blocking(move || books.save(entry, &bytes)).await?;
        match saved {
            Ok(()) => Ok(Ok(())),
            Err(error) if is_lasting(&error) => Err(unusable(&self.path, &error)),
            Err(error) => Ok(Err(format!("it cannot be saved in {}: {error}", self.path.display()))),
        }
    }

    /// Adds a line, unless it says nothing new.
    pub(super) async fn note(&self, entry: Entry) -> Result<(), TaskError> {
        let books = self.books.clone();
        blocking(move || books.note(&entry)).await?.map_err(|error| unusable(&self.path, &error))
    }

    /// At the end: lines that no longer count are left out.
    pub(super) async fn tidy(&self) -> Result<(), TaskError> {
        let books = self.books.clone();
        blocking(move || books.tidy()).await?.map_err(|error| unusable(&self.path, &error))
    }

    fn claims(&self) -> MutexGuard<'_, Claims> {
        self.books.claims.lock().expect("nobody panics while claiming")
    }
}

impl Books {
    fn open(path: &Path) -> io::Result<Option<Self>> {
        let folder = Folder::make(path)?;
        let Some(lock) = folder.lock()? else {
            return Ok(None);
        };
        folder.clear()?;
        let manifest = Manifest::read(folder.open_manifest()?)?;
        Self::of(Some(folder), Some(manifest), Some(lock)).map(Some)
    }

    fn look(path: &Path) -> io::Result<Option<Self>> {
        let folder = match Folder::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            other => Some(other?),
        };
        let file = folder.as_ref().map(Folder::manifest).transpose()?.flatten();
        Self::of(folder, file.map(Manifest::read).transpose()?, None).map(Some)
    }

    fn of(
        folder: Option<Folder>,
        manifest: Option<Manifest>,
        lock: Option<std::fs::File>,
    ) -> io::Result<Self> {
        let mut claims = Claims::default();
        if let Some(manifest) = &manifest {
            let mut entries = manifest.entries()?;
            while let Some(entry) = manifest.next(&mut entries)? {
                if let Some(local) = entry.local.as_deref().filter(|local| is_inside(local)) {
                    claims.remember(&entry.path, local);
                }
            }
        }
        Ok(Self { folder, manifest: Mutex::new(manifest), claims: Mutex::new(claims), lock })
    }

    fn save(&self, entry: Entry, bytes: &[u8]) -> io::Result<()> {
        let (Some(folder), Some(local)) = (&self.folder, &entry.local) else {
            return Ok(());
        };
        folder.save(local, |file| io::Write::write_all(file, bytes))?;
        // Only what is there is written down.
        let entry = Entry { sha256: Some(hash(bytes)), ..entry };
        self.note(&entry).map_err(io::Error::other)
    }

    fn note(&self, entry: &Entry) -> io::Result<()> {
        let mut manifest = self.manifest.lock().expect("nobody panics while writing");
        let Some(manifest) = manifest.as_mut() else {
            return Ok(());
        };
        let says_nothing_new = manifest.get(&entry.path)?.is_some_and(|known| {
            // What is not asked for this time may have been saved another time.
            known == *entry || entry.status == Status::NotExported && known.saved().is_some()
        });
        if says_nothing_new { Ok(()) } else { manifest.append(entry) }
    }

    fn tidy(&self) -> io::Result<()> {
        let manifest = self.manifest.lock().expect("nobody panics while writing");
        match (&self.folder, &*manifest, &self.lock) {
            (Some(folder), Some(manifest), Some(_)) if manifest.is_stale() => {
                folder.save(MANIFEST, |file| manifest.copy_to(file))
            }
            _ => Ok(()),
        }
    }
}

/// Whether the next file cannot be saved either.
fn is_lasting(error: &io::Error) -> bool {
    use io::ErrorKind::{Other, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem | Other)
}

fn unusable(path: &Path, error: &io::Error) -> TaskError {
    let told = format!("notebooks cannot be saved in {}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied => TaskError::config(told),
        _ => TaskError::retry(told),
    }
}
