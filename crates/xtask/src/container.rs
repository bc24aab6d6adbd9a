//! `cargo xtask container`: builds the Containerfile without any registry, then rehearses what its users do.
//! It needs root and Linux; what the image is made of is written in the Containerfile, not here.

mod base;
mod rehearsal;

use anyhow::{Context, Result};

use crate::{
    packages::{self, Need},
    program::{program, run},
};

const NEEDS: [Need; 4] = [
    Need { program: "podman", package: "podman" },
    Need { program: "buildah", package: "buildah" },
    Need { program: "debootstrap", package: "debootstrap" },
    Need { program: "runc", package: "runc" },
];

/// What is built.
const IMAGE: &str = "localhost/roundsman:rehearsal";

/// Builds and rehearses the image.
pub(crate) fn container() -> Result<()> {
    packages::ensure("`cargo xtask container`", &NEEDS)?;
    let toolchain = base::Toolchain::locate()?;
    for image in [base::BUILD, base::RUNTIME] {
        image.provide()?;
    }
    println!("── build {IMAGE}");
    build(&toolchain).context("cannot build the Containerfile")?;
    rehearsal::rehearse(IMAGE)?;
    println!(
        "the image works; it stays as {IMAGE}, its bases as {} and {}",
        base::BUILD.name,
        base::RUNTIME.name
    );
    Ok(())
}

/// The whole Containerfile, the compile stage included. Chroot isolation works where a build can make no container
/// of its own; the docker format is the one that keeps the health check.
fn build(toolchain: &base::Toolchain) -> Result<()> {
    let mut command = program("buildah");
    command.args([
        "bud",
        "--isolation",
        "chroot",
        "--format",
        "docker",
        "--file",
        "Containerfile",
        "--tag",
        IMAGE,
    ]);
    command.arg(format!("--build-arg=BUILD_IMAGE={}", base::BUILD.name));
    command.arg(format!("--build-arg=RUNTIME_IMAGE={}", base::RUNTIME.name));
    for mount in toolchain.mounts()? {
        command.arg(format!("--volume={mount}"));
    }
    run(command.arg("."))
}
