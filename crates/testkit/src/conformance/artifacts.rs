//! Artifacts.

use roundsman_model::{Artifact, Transition, artifact::MAX_STORED_BYTES};
use sha2::{Digest as _, Sha256};

use super::{Stage, Verdict, at};

fn artifact(name: &str, bytes: &[u8]) -> Artifact {
    let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let (name, media_type) = (name.to_owned(), "application/octet-stream".to_owned());
    Artifact { name, media_type, size: bytes.len() as u64, sha256 }
}

/// Empty, small and as large as is allowed; replaced whole.
pub async fn an_artifact_comes_back_as_it_was(stage: Stage) -> Verdict {
    let (run, lease) = stage.running("files").await?;
    let largest: Vec<u8> = (0..MAX_STORED_BYTES).map(|n| (n % 251) as u8).collect();
    for (name, bytes) in [("b.bin", &largest[..]), ("a.txt", b"\0\xff"), ("empty", b"")] {
        assert!(stage.store.put_artifact(&lease, &artifact(name, bytes), bytes.to_vec(), at(61)).await?);
        assert!(stage.store.artifact(run.id, name).await?.as_deref() == Some(bytes), "{name} differs");
    }
    let names: Vec<_> = stage.store.artifacts(run.id).await?.into_iter().map(|found| found.name).collect();
    assert_eq!(names, ["a.txt", "b.bin", "empty"]);
    let short = artifact("b.bin", b"short");
    assert!(stage.store.put_artifact(&lease, &short, b"short".to_vec(), at(62)).await?);
    assert_eq!(stage.store.artifact(run.id, "b.bin").await?.as_deref(), Some(&b"short"[..]));
    assert_eq!(stage.store.artifacts(run.id).await?[1], short);
    assert_eq!(stage.store.artifact(run.id, "none").await?, None);
    Ok(())
}

/// An attempt that lost its run keeps nothing any more.
pub async fn artifacts_are_fenced_by_the_attempt(stage: Stage) -> Verdict {
    let (run, lease) = stage.running("files").await?;
    stage.settle(&lease, Transition::Release { cause: "interrupted".to_owned() }, 70).await?;
    assert!(!stage.store.put_artifact(&lease, &artifact("a", b"x"), b"x".to_vec(), at(71)).await?);
    assert_eq!(stage.store.artifacts(run.id).await?, []);
    Ok(())
}
