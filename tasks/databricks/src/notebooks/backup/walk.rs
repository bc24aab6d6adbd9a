//! The way through a workspace, breadth first: one folder is listed after the other, each only when somebody asks for what is
//! in it. It saves nothing.

use std::collections::VecDeque;

use roundsman_task::{TaskContext, TaskError};

use super::super::{
    names::parent,
    problems::{Fault, check_stop},
};
use crate::api::{
    Workspace,
    workspace_files::{Object, ObjectType},
};

/// Something on the way.
pub(super) enum Step {
    /// A folder, before what is in it.
    Folder(Object),
    /// Anything else.
    Thing(Object),
    /// A folder that cannot be listed, or something in it that makes no sense.
    Failed { path: String, why: String },
}

/// The way, as far as it has come.
pub(super) struct Walk<'a> {
    cx: &'a TaskContext,
    workspace: &'a Workspace,
    folders: VecDeque<Box<str>>,
    steps: VecDeque<Step>,
    listed: u64,
}

/// The roots as they are asked for, none within another.
pub(super) fn roots(written: &[String]) -> Result<Vec<String>, TaskError> {
    let mut roots: Vec<String> = Vec::new();
    for root in written.iter().map(|root| root.trim()).filter(|root| !root.is_empty()) {
        if !root.starts_with('/') || root[1..].contains("//") {
            let told = format!(
                "{root:?} is no folder of a workspace: such paths begin with a slash, as /Users does"
            );
            return Err(TaskError::config(told));
        }
        let trimmed = root.trim_end_matches('/');
        roots.push(if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() });
    }
    roots.sort();
    roots.dedup();
    if roots.is_empty() {
        return Err(TaskError::config(
            "no folder of the workspace is named that is to be saved, such as /Users",
        ));
    }
    let all = roots.clone();
    let is_within = |root: &String, other: &String| {
        other != root
            && (other == "/" || root.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with('/')))
    };
    roots.retain(|root| !all.iter().any(|other| is_within(root, other)));
    Ok(roots)
}

impl<'a> Walk<'a> {
    /// Lists the roots, which must be there.
    pub(super) async fn start(
        cx: &'a TaskContext,
        workspace: &'a Workspace,
        roots: &[String],
    ) -> Result<Self, TaskError> {
        let mut walk = Self { cx, workspace, folders: VecDeque::new(), steps: VecDeque::new(), listed: 0 };
        for root in roots {
            check_stop(cx)?;
            let objects = workspace.files().list(root).await?;
            walk.add(root, objects);
        }
        Ok(walk)
    }

    /// How many folders were listed.
    pub(super) const fn listed(&self) -> u64 {
        self.listed
    }

    /// The next on the way.
    pub(super) async fn next(&mut self) -> Result<Option<Step>, TaskError> {
        loop {
            if let Some(step) = self.steps.pop_front() {
                return Ok(Some(step));
            }
            let Some(folder) = self.folders.pop_front() else {
                return Ok(None);
            };
            check_stop(self.cx)?;
            match self.workspace.files().list(&folder).await.map_err(|error| Fault::of(self.cx, error)) {
                Ok(objects) => self.add(&folder, objects),
                // Somebody deleted it meanwhile.
                Err(Fault::Gone) => {}
                Err(Fault::End(error)) => return Err(error),
                Err(Fault::Failed(why) | Fault::TooLarge(why)) => {
                    let why = format!("the folder cannot be listed: {why}");
                    return Ok(Some(Step::Failed { path: folder.into(), why }));
                }
            }
        }
    }

    fn add(&mut self, folder: &str, mut objects: Vec<Object>) {
        self.listed += 1;
        // What is called alike is told apart in this order.
        objects.sort_by(|a, b| a.path.cmp(&b.path));
        objects.dedup_by(|a, b| a.path == b.path);
        for object in objects {
            let is_folder = object.object_type == ObjectType::Directory;
            // A notebook lists itself.
            let is_itself = object.path == folder && !is_folder;
            let name = object.path.rsplit('/').next().unwrap_or_default();
            let is_direct = parent(&object.path) == folder.trim_end_matches('/') && !name.is_empty();
            if !is_direct && !is_itself {
                let why = format!("the workspace lists it in {folder}, where it is not");
                self.steps.push_back(Step::Failed { path: object.path, why });
            } else if is_folder {
                self.folders.push_back(object.path.as_str().into());
                self.steps.push_back(Step::Folder(object));
            } else {
                self.steps.push_back(Step::Thing(object));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::roots;

    #[test]
    fn roots_are_folders_none_within_another() {
        let check = |written: &[&str], expected: Option<&[&str]>| {
            let written: Vec<String> = written.iter().map(|root| (*root).to_owned()).collect();
            let expected =
                expected.map(|roots| roots.iter().map(|root| (*root).to_owned()).collect::<Vec<_>>());
            assert_eq!(roots(&written).ok(), expected, "{written:?}");
        };
        check(&["/Users", "/Shared/"], Some(&["/Shared", "/Users"]));
        check(&[" /Users ", "/Users/a", "/Users/a/b", "/UsersOther", ""], Some(&["/Users", "/UsersOther"]));
        check(&["/Users", "/"], Some(&["/"]));
        check(&["/Users", "/Users/"], Some(&["/Users"]));
        for wrong in ["Users", "/a//b", "~"] {
            check(&[wrong], None);
        }
        check(&[], None);
    }
}
