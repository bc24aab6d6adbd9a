//! What is handed in with parameters of runs: sent ahead, kept with the run, given to its repeats.

use roundsman_model::{Artifact, Run, artifact::of_input, question::MAX_INPUT_PIECE};
use roundsman_store::{Claimer, HandedIn, NewRun, NodeEntry, Requested};
use sha2::{Digest as _, Sha256};

use super::{Stage, Verdict, at, definition, holder, requests::request};

const DAY: i64 = 86_400;

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n % 251) as u8).collect()
}

/// Sends these bytes ahead in pieces, some of them twice.
async fn send(stage: &Stage, param: &str, key: &str, bytes: &[u8]) -> anyhow::Result<HandedIn> {
    for (piece, part) in (0_u32..).zip(bytes.chunks(MAX_INPUT_PIECE)) {
        stage.store.hand_in(key, piece, part.to_vec(), at(1)).await?;
        stage.store.hand_in(key, piece, part.to_vec(), at(2)).await?;
    }
    let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(HandedIn { param: param.to_owned(), key: key.to_owned(), size: bytes.len() as u64, sha256 })
}

async fn requested(stage: &Stage, task: &str, inputs: Vec<HandedIn>) -> anyhow::Result<Run> {
    let run = NewRun { inputs, exclusive: false, ..request(&definition(task)) };
    match stage.store.request(run, None, at(5)).await? {
        Requested::Run(run) => Ok(*run),
        other => anyhow::bail!("{other:?}"),
    }
}

/// All pieces from the first to the one that is not full.
async fn read(stage: &Stage, run: &Run, param: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let mut whole = Vec::new();
    loop {
        let offset = whole.len() as u64;
        let Some(piece) = stage.store.input(run.id, param, offset, MAX_INPUT_PIECE).await? else {
            return Ok(None);
        };
        whole.extend_from_slice(&piece);
        if piece.len() < MAX_INPUT_PIECE {
            return Ok(Some(whole));
        }
    }
}

/// Of any size, also exactly a piece and nothing at all; from any byte on.
pub async fn an_input_comes_back_piece_by_piece(stage: Stage) -> Verdict {
    let large = bytes(2 * MAX_INPUT_PIECE + 300_001);
    let inputs = vec![
        send(&stage, "file", "k1", &large).await?,
        send(&stage, "exact", "k2", &large[..MAX_INPUT_PIECE]).await?,
        send(&stage, "empty", "k3", b"").await?,
    ];
    let run = requested(&stage, "restore", inputs.clone()).await?;
    assert!(read(&stage, &run, "file").await?.as_deref() == Some(&large[..]), "file differs");
    assert!(
        read(&stage, &run, "exact").await?.as_deref() == Some(&large[..MAX_INPUT_PIECE]),
        "exact differs"
    );
    assert_eq!(read(&stage, &run, "empty").await?, Some(Vec::new()));
    assert_eq!(read(&stage, &run, "other").await?, None);
    let middle = stage.store.input(run.id, "file", 300_000, 10).await?;
    assert_eq!(middle.as_deref(), Some(&large[300_000..300_010]));
    assert_eq!(stage.store.input(run.id, "file", u64::from(u32::MAX), 10).await?, Some(Vec::new()));
    let known = stage.store.artifacts(run.id).await?;
    let of = |artifact: &Artifact| (artifact.name.clone(), artifact.size, artifact.sha256.clone());
    let mut expected: Vec<_> =
        inputs.iter().map(|input| (of_input(&input.param), input.size, input.sha256.clone())).collect();
    expected.sort();
    assert_eq!(known.iter().map(of).collect::<Vec<_>>(), expected);
    Ok(())
}

/// A repeat is given the same, unless it brings something of its own; nothing else that the earlier run left.
pub async fn a_repeat_is_given_the_same(stage: Stage) -> Verdict {
    let content = bytes(300_000);
    let input = send(&stage, "file", "k1", &content).await?;
    let task = definition("restore");
    let first = NewRun { inputs: vec![input], ..request(&task) };
    let Requested::Run(first) =
        stage.store.request(first, Some(&Claimer::of(holder("one-shot"))), at(5)).await?
    else {
        panic!("nothing is in the way")
    };
    let lease = roundsman_store::RunLease { run: first.id, attempt: 1, holder: holder("one-shot") };
    let left =
        Artifact { name: "left".into(), media_type: "text/plain".into(), size: 1, sha256: String::new() };
    assert!(stage.store.put_artifact(&lease, &left, b"x".to_vec(), at(6)).await?);
    stage.succeed(&lease, 10).await?;
    let again = |inputs| NewRun { inputs, rerun_of: Some(first.id), exclusive: false, ..request(&task) };
    let Requested::Run(same) = stage.store.request(again(Vec::new()), None, at(20)).await? else { panic!() };
    assert!(read(&stage, &same, "file").await?.as_deref() == Some(&content[..]), "the repeat got another");
    assert_eq!(stage.store.artifacts(same.id).await?.len(), 1);
    let own = send(&stage, "file", "k2", b"own").await?;
    let Requested::Run(other) = stage.store.request(again(vec![own]), None, at(21)).await? else { panic!() };
    assert_eq!(read(&stage, &other, "file").await?.as_deref(), Some(&b"own"[..]));
    Ok(())
}

/// What is not whole makes no run; what a refused request brought is gone, and after a day what none came for.
pub async fn what_is_not_whole_makes_no_run(stage: Stage) -> Verdict {
    let mut input = send(&stage, "file", "k1", &bytes(1_000)).await?;
    input.size += 1;
    assert!(requested(&stage, "restore", vec![input.clone()]).await.is_err());
    let filter = roundsman_store::RunFilter { limit: 9, ..Default::default() };
    assert_eq!(stage.store.runs(&filter).await?, []);
    input.size -= 1;
    requested(&stage, "restore", vec![input.clone()]).await?;
    assert!(requested(&stage, "restore", vec![input]).await.is_err(), "it was used twice");

    let (_, _lease) = stage.running("busy").await?;
    let input = send(&stage, "file", "k2", b"x").await?;
    let run = NewRun { inputs: vec![input.clone()], ..request(&definition("busy")) };
    let me = Claimer::of(holder("one-shot"));
    assert!(matches!(stage.store.request(run, Some(&me), at(61)).await?, Requested::Overlap(_)));
    assert!(requested(&stage, "restore", vec![input]).await.is_err(), "it was left behind");

    let input = send(&stage, "file", "k3", b"x").await?;
    stage.store.enter(&node(), at(DAY - 60)).await?;
    requested(&stage, "restore", vec![input]).await?;
    let input = send(&stage, "file", "k4", b"x").await?;
    stage.store.enter(&node(), at(DAY + 60)).await?;
    assert!(requested(&stage, "restore", vec![input]).await.is_err(), "it stays for ever");
    Ok(())
}

fn node() -> NodeEntry {
    NodeEntry {
        holder: holder("late"),
        name: "late.example.com".into(),
        one_shot: true,
        pid: 1,
        version: "0".into(),
        listen: None,
        kinds: Vec::new(),
        labels: Vec::new(),
        configuration: None,
    }
}
