//! `cargo xtask torture`: builds everything and becomes the attacks of `tests/src/torture/`, in full.

use anyhow::Result;

use crate::{
    program::{cargo, hand_over, program, run},
    test,
    workspace::Workspace,
};

/// Builds and attacks.
pub(crate) fn torture(args: &[String]) -> Result<()> {
    test::provide()?;
    run(cargo().args(["build", "--workspace", "--bins"]))?;
    let binary = Workspace::load()?.target.join("debug/torture");
    hand_over(program(binary).args(args)).map(|never| match never {})
}
