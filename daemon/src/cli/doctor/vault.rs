//! The vault.

use roundsman_model::Finding;

use super::ground::Ground;

pub(super) async fn look(ground: &Ground, found: &mut Vec<Finding>) {
    let _ = ground.settings_with("credentials", found);
}
