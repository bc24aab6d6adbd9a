//! The workspace's tree: folders, notebooks and files by path. It knows neither formats nor who may read what.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::life::Millis;

/// What stands at a path.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) object_type: String,
    pub(crate) language: Option<String>,
    pub(crate) id: i64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) created: Millis,
    pub(crate) modified: Millis,
}

/// The tree. The root and `/Users`, `/Shared` and `/Repos` are always there.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    nodes: BTreeMap<String, Node>,
    next_id: i64,
}

/// What is there from the start.
const ROOTS: [&str; 3] = ["/Users", "/Shared", "/Repos"];

impl Default for Files {
    fn default() -> Self {
        let mut files = Self { nodes: BTreeMap::new(), next_id: 10 };
        for root in ROOTS {
            files.make_folder(root, 0);
        }
        files
    }
}

impl Files {
    /// What stands at a path. The root is a folder that has no node.
    pub(crate) fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    pub(crate) fn is_folder(&self, path: &str) -> bool {
        path == "/" || self.get(path).is_some_and(|node| node.object_type == "DIRECTORY")
    }

    /// Everything directly in a folder, by path.
    pub(crate) fn children(&self, folder: &str) -> Vec<(&str, &Node)> {
        let prefix = if folder == "/" { "/".to_owned() } else { format!("{folder}/") };
        let below = self.nodes.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        let direct = below.filter(|(path, _)| !path[prefix.len()..].contains('/'));
        direct.map(|(path, node)| (path.as_str(), node)).collect()
    }

    /// All paths, the folders too.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// Makes a folder and those above it. Fails with the path of what is in the way.
    pub(crate) fn make_folder(&mut self, path: &str, now: Millis) -> Option<String> {
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        for end in ends.collect::<Vec<_>>() {
            let folder = &path[..end];
            if self.is_folder(folder) {
                continue;
            }
            if self.nodes.contains_key(folder) {
                return Some(folder.to_owned());
            }
            self.put(folder, "DIRECTORY", None, Vec::new(), now);
        }
        None
    }

    /// Puts something at a path; what stood there keeps its id and its time of creation.
    pub(crate) fn put(
        &mut self,
        path: &str,
        object_type: &str,
        language: Option<&str>,
        bytes: Vec<u8>,
        now: Millis,
    ) {
        self.next_id += 1;
        let (id, created) = self.nodes.get(path).map_or((self.next_id, now), |old| (old.id, old.created));
        let (object_type, language) = (object_type.to_owned(), language.map(str::to_owned));
        let node = Node { object_type, language, id, bytes, created, modified: now };
        self.nodes.insert(path.to_owned(), node);
    }

    /// Takes a path away with all below it.
    pub(crate) fn remove(&mut self, path: &str) {
        let below = format!("{path}/");
        self.nodes.retain(|own, _| own != path && !own.starts_with(&below));
    }
}

/// What is told of something in the tree.
pub(crate) fn to_json(path: &str, node: &Node) -> Value {
    let mut told = json!({ "path": path, "object_type": node.object_type, "object_id": node.id });
    if let Some(language) = node.language.as_ref().filter(|_| node.object_type == "NOTEBOOK") {
        told["language"] = language.as_str().into();
    }
    if node.object_type == "FILE" {
        told["size"] = node.bytes.len().into();
        told["created_at"] = node.created.into();
        told["modified_at"] = node.modified.into();
    }
    told
}
