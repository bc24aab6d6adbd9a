//! Base images without a registry: a plain Debian from its package mirror, and the Rust of this machine to mount
//! into the build. They stand in for the images that the Containerfile names by default; nothing else uses them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    program::{cargo, output, program, run, succeeds},
    workspace::Workspace,
};

const SUITE: &str = "bookworm";
const MIRROR: &str = "http://deb.debian.org/debian";

/// Where the toolchain and the crates appear in the build.
const TOOLCHAIN: &str = "/opt/rust";
const CARGO_HOME: &str = "/opt/cargo";

/// A base image.
pub(crate) struct Base {
    /// Its name among the local images.
    pub(crate) name: &'static str,
    packages: &'static str,
    environment: &'static [&'static str],
}

/// What the release binary is compiled in. The crates are mounted and locked, so nothing is downloaded.
pub(crate) const BUILD: Base = Base {
    name: "localhost/roundsman-build-base:bookworm",
    packages: "ca-certificates,gcc,libc6-dev,make",
    environment: &[
        "PATH=/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "CARGO_HOME=/opt/cargo",
        "CARGO_NET_OFFLINE=true",
    ],
};

/// What the image is made on.
pub(crate) const RUNTIME: Base =
    Base { name: "localhost/roundsman-runtime-base:bookworm", packages: "", environment: &[] };

impl Base {
    /// Makes it unless it is there; `podman rmi` makes room for a newer one.
    pub(crate) fn provide(&self) -> Result<()> {
        if succeeds(program("podman").args(["image", "exists", self.name])) {
            return Ok(());
        }
        println!("── make {}", self.name);
        let scratch = Workspace::load()?.target.join("container-base");
        remove(&scratch)?;
        let tree = scratch.join("tree");
        let archive = scratch.join("tree.tar");
        fs::create_dir_all(&tree).with_context(|| format!("cannot create {}", tree.display()))?;

        let mut bootstrap = program("debootstrap");
        bootstrap.arg("--variant=minbase");
        if !self.packages.is_empty() {
            bootstrap.arg(format!("--include={}", self.packages));
        }
        run(bootstrap.arg(SUITE).arg(&tree).arg(MIRROR))?;
        run(program("tar").arg("-C").arg(&tree).arg("-cf").arg(&archive).arg("."))?;
        let mut import = program("podman");
        import.arg("import");
        import.args(self.environment.iter().map(|variable| format!("--change=ENV {variable}")));
        run(import.arg(&archive).arg(self.name))?;
        remove(&scratch)
    }
}

/// The Rust toolchain and the crates of this machine.
pub(crate) struct Toolchain {
    sysroot: PathBuf,
    registry: PathBuf,
}

impl Toolchain {
    /// Finds them and has all locked crates downloaded.
    pub(crate) fn locate() -> Result<Self> {
        let sysroot = PathBuf::from(output(program("rustc").args(["--print", "sysroot"]))?.trim());
        if sysroot == Path::new("/usr") || !sysroot.join("bin/cargo").exists() {
            let found = sysroot.display();
            bail!(
                "a toolchain in a folder of its own is mounted into the build, but this one is in {found}: use rustup's"
            );
        }
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home
            .or_else(|| Some(env::home_dir()?.join(".cargo")))
            .context("neither CARGO_HOME nor HOME is set")?;
        run(cargo().args(["fetch", "--locked"]))?;
        Ok(Self { sysroot, registry: home.join("registry") })
    }

    /// Mounts for the build, as `--volume` takes them. A second build starts from what the first one compiled.
    pub(crate) fn mounts(&self) -> Result<[String; 3]> {
        let compiled = Workspace::load()?.target.join("container");
        fs::create_dir_all(&compiled).with_context(|| format!("cannot create {}", compiled.display()))?;
        Ok([
            format!("{}:{TOOLCHAIN}:ro", self.sysroot.display()),
            format!("{}:{CARGO_HOME}/registry:ro", self.registry.display()),
            format!("{}:/src/target", compiled.display()),
        ])
    }
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
