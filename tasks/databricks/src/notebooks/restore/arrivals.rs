//! Folders that things go to: each is made once, or, for a plan, looked at once. What goes into them is not known here.

use std::collections::{HashMap, HashSet, VecDeque};

use roundsman_task::{TaskContext, TaskError};

use super::{Fault, found, in_words};
use crate::api::Workspace;

/// How many folders a plan remembers: what was saved at the same time stands side by side in the manifest.
const LOOKED: usize = 16;

/// What is known of the place that something goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ground {
    /// Its folder is there, or would be.
    Open,
    /// Something is there already; only a plan knows that beforehand.
    Taken,
    /// Nothing can go there, for this reason.
    Unfit(String),
}

/// The folders so far.
pub(super) struct Arrivals<'a> {
    cx: &'a TaskContext,
    workspace: &'a Workspace,
    plan: bool,
    /// Folders that were made; those that could not be made, with why.
    made: HashMap<String, Option<String>>,
    /// What is in the folders that a plan looked at last.
    looked: VecDeque<(String, HashSet<String>)>,
}

impl<'a> Arrivals<'a> {
    pub(super) fn new(cx: &'a TaskContext, workspace: &'a Workspace, plan: bool) -> Self {
        Self { cx, workspace, plan, made: HashMap::new(), looked: VecDeque::new() }
    }

    /// Makes ready for something that goes into a folder.
    pub(super) async fn at(&mut self, folder: &str, target: &str) -> Result<Ground, TaskError> {
        if folder.is_empty() {
            return Ok(Ground::Open);
        }
        if self.plan { self.look(folder, target).await } else { self.make(folder).await }
    }

    async fn make(&mut self, folder: &str) -> Result<Ground, TaskError> {
        if !self.made.contains_key(folder) {
            let made = self.workspace.files().mkdirs(folder).await;
            let why = self.reason(made)?.map(|why| format!("the folder cannot be made: {why}"));
            self.made.insert(folder.to_owned(), why);
        }
        Ok(match &self.made[folder] {
            Some(why) => Ground::Unfit(why.clone()),
            None => Ground::Open,
        })
    }

    async fn look(&mut self, folder: &str, target: &str) -> Result<Ground, TaskError> {
        let is_in = |looked: &VecDeque<(String, HashSet<String>)>| {
            let found = looked.iter().find(|(looked, _)| looked == folder);
            found.map(|(_, there)| there.contains(target))
        };
        if is_in(&self.looked).is_none() {
            let listed = found(self.workspace.files().list(folder).await);
            let listed = match listed {
                Ok(listed) => listed.unwrap_or_default(),
                Err(error) => {
                    let why = self.reason(Err(error))?.unwrap_or_default();
                    return Ok(Ground::Unfit(format!("the folder cannot be listed: {why}")));
                }
            };
            self.looked.truncate(LOOKED - 1);
            let there = listed.into_iter().map(|object| object.path).collect();
            self.looked.push_front((folder.to_owned(), there));
        }
        Ok(if is_in(&self.looked) == Some(true) { Ground::Taken } else { Ground::Open })
    }

    /// Why something failed, if it did and not everything with it.
    fn reason(&self, result: Result<(), roundsman_http::HttpError>) -> Result<Option<String>, TaskError> {
        match result.map_err(|error| Fault::of(self.cx, error)) {
            Ok(()) => Ok(None),
            Err(Fault::End(error)) => Err(error),
            Err(fault) => Ok(Some(in_words(&fault))),
        }
    }
}
