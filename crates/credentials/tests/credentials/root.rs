//! Root changes the vault of another user. Nothing that this user puts in the way makes root give away, write or make a
//! file elsewhere.

use std::{
    os::unix::fs::{MetadataExt as _, chown, symlink},
    path::Path,
};

use roundsman_credentials::{Error, Which};

use crate::stage::{Stage, value};

/// Who owns the folder of the vault.
const DAEMON: u32 = 12_345;

/// A vault whose folder belongs to the daemon's user, and a folder of root's with a file in it. Only root can give files
/// away; for everybody else there is nothing to find out.
fn others() -> Option<(Stage, Stage)> {
    let (stage, ours) = (Stage::bare(), Stage::bare());
    ours.write("shadow", "[of root]\n");
    chown(stage.path(""), Some(DAEMON), Some(DAEMON)).ok()?;
    stage.vault().init().unwrap();
    Some((stage, ours))
}

fn owner(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().uid()
}

/// Nothing of root's was touched.
fn untouched(ours: &Stage) {
    assert_eq!(ours.files(), ["shadow"]);
    assert_eq!((ours.text("shadow").as_str(), owner(&ours.path("shadow"))), ("[of root]\n", 0));
}

#[test]
fn a_lock_that_is_a_link_is_refused() {
    let Some((stage, ours)) = others() else { return };
    for name in ["shadow", "new"] {
        let _ = std::fs::remove_file(stage.path(".vault.ini.lock"));
        symlink(ours.path(name), stage.path(".vault.ini.lock")).unwrap();
        let refused = stage.vault().set("a", "b", Which::Current, "some value").unwrap_err();
        assert!(matches!(refused, Error::Untrusted { .. }), "{refused}");
        untouched(&ours);
    }
}

#[test]
fn a_lock_that_is_another_name_of_a_file_is_refused() {
    let Some((stage, ours)) = others() else { return };
    std::fs::remove_file(stage.path(".vault.ini.lock")).unwrap();
    std::fs::hard_link(ours.path("shadow"), stage.path(".vault.ini.lock")).unwrap();
    let refused = stage.vault().set("a", "b", Which::Current, "some value").unwrap_err();
    assert!(matches!(refused, Error::Untrusted { .. }), "{refused}");
    untouched(&ours);
}

#[test]
fn a_vault_that_leads_out_of_its_owners_folders_is_refused() {
    let Some((stage, ours)) = others() else { return };
    std::fs::remove_file(stage.path("vault.ini")).unwrap();
    for target in ["shadow", "new.ini"] {
        symlink(ours.path(target), stage.path("vault.ini")).unwrap();
        for refused in [
            stage.vault().init().map(drop),
            stage.vault().set("a", "b", Which::Current, "some value").map(drop),
            stage.vault().rotate().map(drop),
        ] {
            assert!(refused.is_err(), "{target}");
        }
        untouched(&ours);
        std::fs::remove_file(stage.path("vault.ini")).unwrap();
    }
}

#[test]
fn a_folder_that_leads_elsewhere_is_refused() {
    let Some((stage, ours)) = others() else { return };
    symlink(ours.path(""), stage.path("sub")).unwrap();
    for path in ["sub/vault.ini", "sub/deep/vault.ini", "deep/vault.ini"] {
        let vault = crate::stage::vault_at(stage.path(path), stage.lookup());
        let refused = vault.init().unwrap_err();
        assert!(matches!(refused, Error::Untrusted { .. }), "{refused}");
        untouched(&ours);
    }
    assert!(!stage.path("deep").exists());
}

#[test]
fn a_key_file_that_is_another_name_of_a_file_of_roots_is_refused() {
    let Some((stage, ours)) = others() else { return };
    std::fs::copy(stage.path("vault.key"), ours.path("shadow")).unwrap();
    std::fs::remove_file(stage.path("vault.key")).unwrap();
    std::fs::hard_link(ours.path("shadow"), stage.path("vault.key")).unwrap();
    let refused = stage.lookup().load().unwrap_err();
    assert!(matches!(refused, Error::Untrusted { .. }), "{refused}");
}

#[test]
fn links_of_the_owner_within_its_folders_are_well() {
    let Some((stage, _ours)) = others() else { return };
    std::fs::create_dir(stage.path("real")).unwrap();
    chown(stage.path("real"), Some(DAEMON), Some(DAEMON)).unwrap();
    std::fs::rename(stage.path("vault.ini"), stage.path("real/vault.ini")).unwrap();
    symlink("real/vault.ini", stage.path("vault.ini")).unwrap();
    stage.vault().set("a", "b", Which::Current, "some value").unwrap();
    assert_eq!(value(&stage.vault(), "a", "b").as_deref(), Some("some value"));
    for name in ["real/vault.ini", "real/.vault.ini.lock"] {
        assert_eq!(owner(&stage.path(name)), DAEMON, "{name}");
    }
}
