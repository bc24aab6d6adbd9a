//! The file that programs find.

use roundsman_task::{AskError, Outcome, RunState};
use roundsman_testkit::{TestContext, TestUpstream};
use serde_json::{Value, json};

use super::write;

#[tokio::test]
async fn programs_find_what_their_task_follows() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = Outcome::success("3 devices").with_detail(json!({ "devices": 3 }));
    let test = TestContext::builder()
        .upstream(TestUpstream::new("inventory").outcome(outcome).artifact("a.txt", "text/plain", "abc"))
        .upstream(TestUpstream::new("report").ended(RunState::Failed, "no paper"))
        .build();
    let file = write(test.cx(), folder.path()).await.unwrap().expect("there is something to tell");
    let told: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(told["inventory"]["outcome"]["detail"]["devices"], 3);
    assert_eq!(told["inventory"]["artifacts"][0]["name"], "a.txt");
    assert_eq!((&told["report"]["state"], &told["report"]["cause"]), (&json!("failed"), &json!("no paper")));
}

#[tokio::test]
async fn without_anything_to_tell_there_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let too_large = AskError::Invalid { cause: "the answer does not fit".into() };
    let in_round = TestContext::builder().round("run:7").build();
    assert_eq!(write(in_round.cx(), folder.path()).await, Ok(None));
    in_round.fail_questions(too_large);
    assert_eq!(write(in_round.cx(), folder.path()).await, Ok(None));
    in_round.fail_questions(AskError::Unavailable { cause: "store away".into() });
    write(in_round.cx(), folder.path()).await.expect_err("whoever needs it must not start without it");
    assert_eq!(write(TestContext::default().cx(), folder.path()).await, Ok(None));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
