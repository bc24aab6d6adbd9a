//! Where paths lie, with links on the way, and what is found beside it.

use std::{collections::BTreeSet, os::unix::fs::symlink};

use super::*;

fn resolved(fd: &OwnedFd) -> PathBuf {
    use std::os::fd::AsRawFd;
    fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap()
}

/// What is beside the way, as far as it lies in this folder.
fn beside_in(folder: &Path, ladder: &Ladder) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let left_out = ladder.beside(&mut |fd| {
        found.extend(resolved(&fd).strip_prefix(folder).map(Path::to_owned));
    });
    assert_eq!(left_out, LeftOut::default());
    found
}

fn set(paths: &[&str]) -> BTreeSet<PathBuf> {
    paths.iter().map(PathBuf::from).collect()
}

#[test]
fn all_that_lies_beside_the_way_is_found_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for made in ["etc/own/conf.d", "etc/other/deep", "state/work"] {
        fs::create_dir_all(root.join(made)).unwrap();
    }
    for made in ["etc/hosts", "etc/own/own.toml", "etc/own/notes", "state/db", "top"] {
        fs::write(root.join(made), "").unwrap();
    }
    let protected =
        ["state", "etc/own/own.toml", "etc/own/conf.d", "etc/own/vault"].map(|name| root.join(name));
    let ladder = Ladder::to(&protected);
    assert_eq!(beside_in(&root, &ladder), set(&["etc/hosts", "etc/other", "etc/own/notes", "top"]));

    let place = |name: &str| ladder.place(&root.join(name));
    assert_eq!(place("state"), Place::Inside);
    assert_eq!(place("state/work/1"), Place::Inside);
    assert_eq!(place("etc/own"), Place::Above);
    assert_eq!(ladder.place(Path::new("/")), Place::Above);
    assert_eq!(place("etc/own/notes"), Place::Beside);
    assert_eq!(place("etc/own/vault"), Place::Inside, "it need not be there");
}

#[test]
fn links_on_the_way_are_protected_as_well_as_what_they_lead_to() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for made in ["real/deep", "links"] {
        fs::create_dir_all(root.join(made)).unwrap();
    }
    fs::write(root.join("real/deep/own.toml"), "").unwrap();
    symlink("../real", root.join("links/etc")).unwrap();
    symlink(root.join("real/deep/own.toml"), root.join("real/own.toml")).unwrap();
    let ladder = Ladder::to(&[root.join("links/etc/own.toml")]);
    for inside in ["links/etc", "real/own.toml", "real/deep/own.toml"] {
        assert_eq!(ladder.place(&root.join(inside)), Place::Inside, "{inside}");
    }
    for above in ["links", "real", "real/deep"] {
        assert_eq!(ladder.place(&root.join(above)), Place::Above, "nothing may be moved away in {above}");
    }
    assert_eq!(beside_in(&root, &ladder), set(&[]));
}

#[test]
fn a_loop_of_links_ends() {
    let folder = tempfile::tempdir().unwrap();
    symlink("b", folder.path().join("a")).unwrap();
    symlink("a", folder.path().join("b")).unwrap();
    assert!(!Ladder::to(&[folder.path().join("a/x")]).is_empty());
}

#[test]
fn a_crowded_folder_is_told_and_folders_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for number in 0..MOST {
        fs::write(root.join(format!("file-{number}")), "").unwrap();
    }
    fs::create_dir(root.join("zz-folder")).unwrap();
    let mut found = BTreeSet::new();
    let left_out = Ladder::to(&[root.join("own")]).beside(&mut |fd| _ = found.insert(resolved(&fd)));
    assert!(left_out.crowded.contains(&root), "{left_out:?}");
    assert!(found.contains(&root.join("zz-folder")));
    assert_eq!(found.len(), MOST);
}

#[test]
fn what_lies_in_a_folder_is_found_whatever_holds_above_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for made in ["state/scripts/ops", "state/scripts/own"] {
        fs::create_dir_all(root.join(made)).unwrap();
    }
    fs::write(root.join("state/scripts/a.sh"), "").unwrap();
    symlink(root.join("state/scripts"), root.join("link")).unwrap();
    let found = |protected: &[&str], path: &str| {
        let protected: Vec<PathBuf> = protected.iter().map(|name| root.join(name)).collect();
        let mut found = BTreeSet::new();
        Ladder::to(&protected).beside_below(&root.join(path), &mut |fd| {
            found.extend(resolved(&fd).strip_prefix(&root).map(Path::to_owned));
        });
        found
    };
    assert_eq!(found(&["state"], "link"), set(&["state/scripts"]));
    assert_eq!(found(&["state", "other"], "state/scripts/a.sh"), set(&["state/scripts/a.sh"]));
    let around = set(&["state/scripts/a.sh", "state/scripts/ops"]);
    assert_eq!(found(&["state", "state/scripts/own"], "state/scripts"), around);
    assert_eq!(found(&["state/scripts"], "state/scripts"), set(&[]));
    assert_eq!(found(&["state"], "nonesuch"), set(&[]));
}
