//! What an attempt may ask of its daemon, and what it is told.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{Engine, work};
use roundsman_model::{
    Answer, Artifact, AskError, AttemptEnd, BudgetRule, Origin, Outcome, Question, Run, RunState,
    TaskDefinition, TaskError, Upstream, UpstreamRun,
};
use roundsman_store::{Claimer, NewRun, Requested, Round, RunLease, Store};
use roundsman_wire::Host;
use serde_json::json;

use crate::{
    fakes::{Scene, holder, task},
    faulty::{Fault, Faulty},
};

fn following(name: &str, upstreams: &[&str]) -> TaskDefinition {
    let after = upstreams.iter().map(|upstream| Upstream {
        task: upstream.parse().unwrap(),
        on: vec![RunState::Succeeded, RunState::Failed],
    });
    TaskDefinition { schedule: None, after: after.collect(), ..task(name, "@daily") }
}

struct Rounds {
    scene: Scene,
    store: Arc<dyn Store>,
    engine: Arc<Engine>,
    definitions: Vec<TaskDefinition>,
}

impl Rounds {
    /// `a` ← `b` ← `c`, and `other`, which follows nobody.
    async fn new() -> Self {
        let scene = Scene::at("2026-11-20T02:00:00Z");
        let store = scene.store().await;
        Self::on(scene, store).await
    }

    async fn on(scene: Scene, store: Arc<dyn Store>) -> Self {
        let definitions = vec![
            task("a", "@daily"),
            following("b", &["a"]),
            following("c", &["b"]),
            task("other", "@daily"),
        ];
        let (engine, _) = scene.started("a", &store, &definitions, None).await;
        Self { scene, store, engine, definitions }
    }

    /// Records a run and lets it end like this; gives it and whom its attempt could ask.
    async fn run(&self, task: &str, round: Round, end: AttemptEnd) -> (Run, Arc<dyn Host>) {
        self.rerun(task, round, None, end).await
    }

    async fn rerun(
        &self,
        task: &str,
        round: Round,
        of: Option<&Run>,
        end: AttemptEnd,
    ) -> (Run, Arc<dyn Host>) {
        let definition = self.definitions.iter().find(|known| known.name.as_str() == task).unwrap().clone();
        let new = NewRun {
            definition,
            slot: None,
            origin: Origin::Trigger,
            requested_by: None,
            action: None,
            params: json!(null),
            dry_run: false,
            exclusive: true,
            round,
            rerun_of: of.map(|run| run.id),
            inputs: Vec::new(),
        };
        let now = self.engine.now();
        let Requested::Run(run) =
            self.store.request(new, Some(&Claimer::of(holder("a"))), now).await.unwrap()
        else {
            panic!("something is in the way of {task}");
        };
        let lease = RunLease { run: run.id, attempt: run.attempt, holder: holder("a") };
        let (name, media_type) = ("left.txt".to_owned(), "text/plain".to_owned());
        let artifact = Artifact { name, media_type, size: 3, sha256: "00".into() };
        assert!(self.store.put_artifact(&lease, &artifact, task.into(), now).await.unwrap());
        self.scene.script.ends.lock().unwrap().push_back(end);
        work(self.engine.clone(), (*run).clone()).await;
        let host = self.scene.script.hosts.lock().unwrap().pop().unwrap();
        (self.store.run(run.id).await.unwrap().unwrap(), host)
    }
}

fn success(detail: serde_json::Value) -> AttemptEnd {
    let outcome = Outcome { print: json!(["for people"]), ..Outcome::success("done") };
    AttemptEnd::Finished { outcome: outcome.with_detail(detail) }
}

fn failure() -> AttemptEnd {
    AttemptEnd::Erred { error: TaskError::permanent("no paper") }
}

async fn upstream(host: &dyn Host, task: &str) -> Option<UpstreamRun> {
    match host.ask(Question::Upstream { task: task.parse().unwrap() }).await.unwrap() {
        Answer::Upstream { run } => run.map(|run| *run),
        other => panic!("{other:?}"),
    }
}

async fn artifact(host: &dyn Host, run: &Run) -> Result<Answer, AskError> {
    host.ask(Question::UpstreamArtifact { run: run.id, name: "left.txt".into() }).await
}

#[tokio::test]
async fn outputs_of_the_round_are_read_at_any_distance() {
    let rounds = Rounds::new().await;
    let (a, _) = rounds.run("a", Round::Own, success(json!({ "devices": 3 }))).await;
    let round = Round::Of(a.round.clone().unwrap());
    let (b, _) = rounds.run("b", round.clone(), failure()).await;
    let (_, host) = rounds.run("c", round, success(json!(null))).await;

    let seen = upstream(&*host, "b").await.unwrap();
    assert_eq!((seen.run, seen.state, seen.cause.as_deref()), (b.id, RunState::Failed, Some("no paper")));
    assert_eq!(seen.outcome, None);
    let seen = upstream(&*host, "a").await.unwrap();
    let outcome = seen.outcome.unwrap();
    assert_eq!((outcome.detail, outcome.print), (json!({ "devices": 3 }), json!(null)));
    assert_eq!(seen.artifacts[0].name, "left.txt");
    assert_eq!(artifact(&*host, &a).await, Ok(Answer::Artifact { bytes: b"a".to_vec() }));
    let Answer::Upstreams { runs } = host.ask(Question::Upstreams).await.unwrap() else { panic!() };
    assert_eq!(runs.iter().map(|run| run.task.as_str()).collect::<Vec<_>>(), ["b", "a"], "nearest first");
}

#[tokio::test]
async fn nothing_is_read_across_rounds() {
    let rounds = Rounds::new().await;
    let (earlier, _) = rounds.run("a", Round::Own, success(json!(1))).await;
    let (stranger, _) = rounds.run("other", Round::Own, success(json!(2))).await;
    let (a, _) = rounds.run("a", Round::Own, success(json!(3))).await;
    let round = Round::Of(a.round.clone().unwrap());
    let (_, host) = rounds.run("b", round.clone(), success(json!(null))).await;
    assert_eq!(upstream(&*host, "a").await.unwrap().run, a.id, "not the one of the round before");
    assert_eq!(upstream(&*host, "other").await, None);
    assert_eq!(upstream(&*host, "b").await, None, "it does not follow itself");
    for foreign in [&earlier, &stranger] {
        let refused = artifact(&*host, foreign).await;
        assert!(
            matches!(&refused, Err(AskError::Invalid { cause }) if cause.contains("none of the round")),
            "{refused:?}"
        );
    }

    let (_, alone) = rounds.run("c", Round::Alone, success(json!(null))).await;
    assert_eq!(upstream(&*alone, "b").await, None);
    assert_eq!(alone.ask(Question::Upstreams).await, Ok(Answer::Upstreams { runs: Vec::new() }));
}

#[tokio::test]
async fn a_repeat_reads_what_the_run_it_repeats_could_read() {
    let rounds = Rounds::new().await;
    let (a, _) = rounds.run("a", Round::Own, success(json!(1))).await;
    let (b, _) = rounds.run("b", Round::Of(a.round.clone().unwrap()), failure()).await;
    let (again, _) = rounds.rerun("b", Round::Own, Some(&b), failure()).await;
    let (_, follower) = rounds.run("c", Round::Of(again.round.clone().unwrap()), success(json!(null))).await;
    assert_eq!(upstream(&*follower, "b").await.unwrap().run, again.id, "the repeat, not what it repeats");
    assert_eq!(upstream(&*follower, "a").await.unwrap().run, a.id);
    let (_, host) = rounds.rerun("b", Round::Alone, Some(&again), success(json!(null))).await;
    assert_eq!(upstream(&*host, "a").await.unwrap().run, a.id);
    assert_eq!(artifact(&*host, &a).await, Ok(Answer::Artifact { bytes: b"a".to_vec() }));
}

#[tokio::test]
async fn a_budget_needs_a_rule_from_somewhere() {
    let rounds = Rounds::new().await;
    let (_, host) = rounds.run("a", Round::Alone, success(json!(null))).await;
    let draw = |default| Question::Draw { budget: "netbox".parse().unwrap(), default, wanted: 1 };
    let Err(AskError::Invalid { cause }) = host.ask(draw(None)).await else { panic!("it has no rule") };
    assert!(cause.contains("no budget \"netbox\"") && cause.contains("[budgets.netbox]"), "{cause}");
    let Ok(Answer::Drawn { draw, ahead }) = host.ask(draw(Some(BudgetRule::per_second(200)))).await else {
        panic!("it has a rule");
    };
    assert_eq!((draw.granted, ahead), (1, 20));
    let until = rounds.engine.now() + chrono::TimeDelta::days(30);
    let default = Some(BudgetRule::per_second(200));
    let hold = Question::HoldBudget { budget: "netbox".parse().unwrap(), default, until };
    assert_eq!(host.ask(hold).await, Ok(Answer::BudgetHeld));
    let Ok(Answer::Drawn { draw, .. }) = host
        .ask(Question::Draw {
            budget: "netbox".parse().unwrap(),
            default: Some(BudgetRule::per_second(200)),
            wanted: 1,
        })
        .await
    else {
        panic!("it has a rule");
    };
    assert_eq!(draw.granted, 0);
    assert!(draw.wait <= Duration::from_hours(24), "a day at most: {:?}", draw.wait);
}

#[tokio::test]
async fn a_lease_is_none_for_an_attempt_that_has_ended() {
    let rounds = Rounds::new().await;
    let (_, host) = rounds.run("a", Round::Alone, success(json!(null))).await;
    let name = "excel-vm".parse().unwrap();
    assert_eq!(host.ask(Question::TryLease { name }).await, Err(AskError::NotOurs));
}

#[tokio::test]
async fn a_question_waits_for_the_store_as_long_as_its_answer_is_of_use() {
    let scene = Scene::at("2026-11-20T02:00:00Z");
    let faulty = Faulty::around(scene.store().await);
    let rounds = Rounds::on(scene, faulty.clone()).await;
    let (a, _) = rounds.run("a", Round::Own, success(json!(1))).await;
    let (_, host) = rounds.run("b", Round::Of(a.round.unwrap()), success(json!(null))).await;
    let question = || Question::Upstream { task: "a".parse().unwrap() };

    faulty.fail(Fault::Away);
    let heal = async {
        while faulty.failed() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await; // sleep: the pace of looking at another task
        }
        faulty.heal();
    };
    let (answer, ()) = tokio::join!(host.ask(question()), heal);
    assert!(matches!(answer, Ok(Answer::Upstream { run: Some(_) })), "{answer:?}");

    // The time limit is a minute; less than five seconds before its end no answer is of use.
    rounds.scene.clock.advance(Duration::from_millis(55_500));
    faulty.fail(Fault::Away);
    let error = host.ask(question()).await.unwrap_err();
    assert!(matches!(&error, AskError::Unavailable { cause } if cause.contains("away")), "{error}");
    assert!(matches!(TaskError::from(error), TaskError::Retry { not_before: None, .. }));
}
