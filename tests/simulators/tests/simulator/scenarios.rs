//! Scenarios: files, names, other times, and what is wrong with them.

use std::sync::Arc;

use roundsman_simulators::{ClusterSetup, Databricks, Principal, RunSetup, Scenario, State};
use roundsman_testkit::FakeClock;
use serde_json::json;

use crate::caller::{Caller, texts};

const MINUTE: i64 = 60_000;

#[tokio::test]
async fn a_file_says_all_that_a_builder_says() {
    let text = r#"
        about = "two clusters"
        timezone = "Europe/Berlin"
        starts_at = "2026-11-16 07:00"

        [settings]
        clusters_page_size = 2

        [[users]]
        name = "ta@example.edu"
        display = "TA"
        without_emails = true

        [[groups]]
        name = "group_01"
        members = ["s1@example.edu"]

        [[tokens]]
        token = "of-the-ta"
        user = "ta@example.edu"

        [[clusters]]
        name = "cluster_01"
        acl = { "group:group_01" = "CAN_RESTART", "user:ta@example.edu" = "CAN_MANAGE" }
        spec = { autotermination_minutes = 30 }
        libraries = [{ pypi = { package = "nltk" } }]
        runs = [{ running = "07:10", until = "+90m", by = "s1@example.edu", reason = { code = "JOB_FINISHED" } }]

        [[files]]
        path = "/Shared/a"
        language = "PYTHON"

        [[faults]]
        on = "GET /api/2.1/clusters/list"
        nth = 2
        status = 502
        shape = "html"
        message = "busy"
    "#;
    let caller = Caller::new(Scenario::parse(text).unwrap()).await.with_token("of-the-ta");
    caller.minutes(20);
    let (_, body) = caller.get("/api/2.1/clusters/list").await;
    let cluster = &body["clusters"][0];
    assert_eq!((&cluster["state"], &cluster["autotermination_minutes"]), (&json!("RUNNING"), &json!(30)));
    assert_eq!(caller.get("/api/2.1/clusters/list").await.0, 502);
    let (_, me) = caller.get("/api/2.0/preview/scim/v2/Me").await;
    assert_eq!((&me["displayName"], me.get("emails")), (&json!("TA"), None));
    let ended = caller.sim.world(|world| world.runs("cluster_01"));
    assert_eq!(ended[0].1.unwrap() - ended[0].0, 80 * MINUTE);
    assert!(caller.sim.world(|world| world.file("/Shared/a")).is_some());
}

#[tokio::test]
async fn what_is_wrong_with_a_scenario_is_told() {
    let told = async |scenario: Scenario| {
        let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
        format!("{:#}", Databricks::start(clock, scenario).await.err().unwrap())
    };
    let at = || Scenario::at("2026-11-16 08:00");
    let nobody = at().lab(1, &[], vec![RunSetup::from("08:10").by("nobody@example.edu")]);
    assert_eq!(
        told(nobody).await,
        "cluster \"cluster_01\": a run is started by nobody@example.edu, who is no user"
    );
    let level = ClusterSetup::new("c").grant(Principal::Group("users".to_owned()), "CAN_FLY");
    assert_eq!(told(at().cluster(level)).await, "cluster \"c\": \"CAN_FLY\" is no level");
    let twice = ClusterSetup::new("c").id("c");
    assert!(told(at().cluster(twice.clone()).cluster(twice)).await.ends_with("there are two clusters c"));
    assert!(
        told(at().lab(1, &[], vec![RunSetup::between("09:00", "08:00")]))
            .await
            .contains("ends before it starts")
    );
    assert!(told(at().token("t", "nobody@example.edu")).await.contains("nobody@example.edu, who is no user"));
    let broken = |text: &str| format!("{:#}", Scenario::parse(text).unwrap_err());
    assert!(broken("nonsense = 1").contains("nonsense"), "{}", broken("nonsense = 1"));
    assert!(broken("starts_at = \"08:00\"").contains("needs a date"));
    assert!(broken("{\"users\": 1}").contains("JSON"));
}

#[tokio::test]
async fn every_named_scenario_survives_being_written_and_played() {
    assert_eq!(Scenario::names().len(), 3);
    for (name, about) in Scenario::names() {
        let scenario = Scenario::named(name).unwrap();
        assert_eq!(scenario.about, about);
        let again = Scenario::parse(&scenario.to_toml().unwrap()).unwrap();
        let as_json = |scenario: &Scenario| serde_json::to_value(scenario).unwrap();
        assert_eq!(as_json(&again), as_json(&scenario), "{name}");
        assert_eq!(as_json(&Scenario::parse(&as_json(&scenario).to_string()).unwrap()), as_json(&scenario));
        let caller = Caller::at("2026-11-16T08:00:00Z", again).await;
        let (_, body) =
            caller.get("/api/2.1/clusters/list?page_size=100&filter_by.cluster_states=RUNNING").await;
        let running = texts(&body["clusters"], "cluster_name").len();
        let wanted = match name {
            "day" => 0..1,
            "lab" => 10..21,
            _ => 25..61,
        };
        assert!(wanted.contains(&running), "{name}: {running} run at ten");
    }
    assert!(Scenario::named("nothing").is_none());
}

#[tokio::test]
async fn the_day_ends_when_the_specification_says() {
    let caller = Caller::at("2026-11-16T12:05:00Z", Scenario::named("day").unwrap()).await;
    let until = caller.sim.world(|world| world.now());
    let runs = caller.sim.world(|world| world.runs("cluster_07"));
    let used: i64 = runs.iter().map(|(from, to)| to.unwrap_or(until) - from).sum();
    assert_eq!((used, until), (210 * MINUTE, 1_794_830_700_000));
}

#[tokio::test]
async fn a_large_lab_has_its_sixty_interesting_clusters() {
    let caller = Caller::at("2026-11-16T12:00:00Z", Scenario::named("large").unwrap()).await;
    let used = caller.sim.world(|world| {
        let ids = world.cluster_ids();
        assert_eq!(ids.len(), 500);
        ids.iter().filter(|id| !world.runs(id).is_empty()).count()
    });
    assert_eq!(used, 60);
}

#[tokio::test]
async fn scenarios_move_and_play_faster() {
    let start = "2027-03-01T10:00:00Z".parse::<roundsman_model::Timestamp>().unwrap();
    let millis = start.timestamp_millis();
    let moved = Scenario::named("day").unwrap().starting(start).unwrap();
    let caller = Caller::at("2027-03-01T16:05:00Z", moved).await;
    let runs = caller.sim.world(|world| world.runs("cluster_07"));
    assert_eq!(runs[0], (millis + 3 * MINUTE, Some(millis + 70 * MINUTE)));
    let played = Scenario::named("day").unwrap().played(start, 60.0).unwrap();
    let caller = Caller::at("2027-03-01T10:06:05Z", played).await;
    let runs = caller.sim.world(|world| world.runs("cluster_07"));
    assert_eq!(runs[0], (millis + 3_000, Some(millis + 70_000)));
    assert_eq!(runs[2].0, millis + 240_000);
    let (_, entry) = caller.get("/api/2.1/clusters/get?cluster_id=1116-060000-lab00007").await;
    let age = millis - entry["start_time"].as_i64().unwrap();
    assert_eq!(age, 1_794_808_800_000 - 1_761_900_000_000, "what was before stays as long ago");
}

#[tokio::test]
async fn clusters_come_and_go_while_it_plays() {
    let caller = Caller::new(Scenario::at("2026-11-16 08:00").user("s1@example.edu")).await;
    let setup = ClusterSetup::new("late").run(RunSetup::starting("+10m").by("s1@example.edu"));
    let setup = setup.grant(Principal::User("s1@example.edu".to_owned()), "CAN_RESTART");
    let id = caller.sim.world(|world| world.add_cluster(&setup, chrono_tz::Tz::UTC)).unwrap();
    caller.minutes(14);
    caller.sim.world(|world| {
        assert_eq!(world.state(&id), Some(State::Running));
        world.rename(&id, "renamed").unwrap();
        assert_eq!(world.name(&id), Some("renamed"));
        world.terminate("renamed", "s1@example.edu").unwrap();
        world.forget("renamed").unwrap();
        assert_eq!(world.state(&id), None);
    });
}

#[tokio::test]
async fn tests_look_past_the_api() {
    let caller = Caller::at("2026-11-16T07:30:00Z", Scenario::named("day").unwrap()).await;
    let install =
        json!({ "cluster_id": "1116-060000-lab00007", "libraries": [{ "pypi": { "package": "nltk" } }] });
    assert_eq!(caller.post("/api/2.0/libraries/install", install).await.0, 200);
    caller.sim.world(|world| {
        assert!(world.is_pinned("cluster_07"));
        assert!(!world.is_pinned("nobody"));
        assert_eq!(world.listed("cluster_07")["state"], "RUNNING");
        let started = world.events("cluster_07").into_iter().filter(|(_, name)| *name == "STARTING");
        assert_eq!(started.map(|(at, _)| (at - 1_794_808_800_000) / MINUTE).collect::<Vec<_>>(), [0, 80]);
        assert_eq!(world.libraries("cluster_07"), [("pypi:nltk".to_owned(), "PENDING".to_owned())]);
        assert_eq!(world.policy_overrides("Personal Compute"), Some(""));
        assert_eq!(
            world.users(),
            ["admin@example.edu", "ta@example.edu", "s1@example.edu", "s2@example.edu"]
        );
        assert_eq!(world.groups(), ["admins", "users", "group_07"]);
    });
}
