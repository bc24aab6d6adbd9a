//! Which grants a cluster is to have (B.5.3): what takes the right to start it away from its group, gives it back, and
//! puts it right at night. It computes lists of grants and sends none. Grants of others are in every list as they were.

mod acl;
mod block;

pub use self::{
    acl::{Entry, Grant, Level, Permission, Principal, direct},
    block::{Block, BlockLevel, Revocation, Snapshot, is_in_force, reconcile, restore, revoke},
};

#[cfg(test)]
mod tests;
