//! What there is: questions, dashboards in both shapes, collections page by page, what was looked at, and who sees it.

use roundsman_simulators::{
    MetabaseScenario,
    metabase::{CardKind, CardSetup, CollectionSetup, DashboardSetup, PersonSetup, Release},
};
use serde_json::{Value, json};

use crate::caller::{Caller, each};

async fn sample(release: Release) -> Caller {
    Caller::new(MetabaseScenario::sample(release, 10)).await
}

#[tokio::test]
async fn cards_have_numbers_and_in_new_versions_entity_ids() {
    let caller = sample(Release::V56).await;
    let (_, card) = caller.get("/api/card/2").await;
    assert_eq!(each(&card["parameters"], "slug"), ["region", "created_at"]);
    assert_eq!(card["parameters"][1]["target"], json!(["dimension", ["template-tag", "created_at"]]));
    assert_eq!(card["dataset_query"]["native"]["template-tags"]["region"]["type"], "text");
    assert_eq!(card["result_metadata"][0]["base_type"], "type/Integer");
    let id = card["entity_id"].as_str().unwrap();
    assert_eq!(id.len(), 21);
    assert_eq!(caller.get(&format!("/api/card/{id}")).await.1["id"], 2);
    assert_eq!(caller.get("/api/card/99").await, (404, "Not found.".into()));
    let old = sample(Release::V46).await;
    assert_eq!(old.get(&format!("/api/card/{id}")).await.0, 404);
    assert_eq!(old.get("/api/card/4").await.1["dataset"], true);
}

#[tokio::test]
async fn lists_know_filters() {
    let scenario = MetabaseScenario::sample(Release::V56, 1).card(CardSetup::native(9, "Old").archived());
    let caller = Caller::new(scenario).await;
    assert_eq!(each(&caller.get("/api/card").await.1, "id"), [1, 2, 3, 4, 5]);
    assert_eq!(each(&caller.get("/api/card?f=archived").await.1, "id"), [9]);
    assert_eq!(each(&caller.get("/api/card?f=table&model_id=7").await.1, "id"), [3, 4]);
    assert_eq!(caller.get("/api/card?f=table").await.0, 400);
    assert_eq!(caller.get("/api/card?f=recent").await.0, 400);
}

#[tokio::test]
async fn dashboards_have_two_shapes() {
    let new = sample(Release::V56).await.get("/api/dashboard/1").await.1;
    assert_eq!(each(&new["dashcards"], "card_id"), [Value::Null, 2.into(), 1.into(), 3.into()]);
    assert_eq!(each(&new["dashcards"], "dashboard_tab_id"), [1, 1, 1, 2]);
    assert_eq!(each(&new["dashcards"][3]["series"], "id"), [4]);
    assert_eq!(new["dashcards"][0]["visualization_settings"]["virtual_card"]["display"], "text");
    assert_eq!(new["dashcards"][1]["parameter_mappings"][0]["parameter_id"], "p1regio");
    assert_eq!(each(&new["tabs"], "name"), ["Today", "Trends"]);
    let old = sample(Release::V46).await.get("/api/dashboard/1").await.1;
    assert_eq!(each(&old["ordered_cards"], "id"), [11, 12, 13, 14]);
    assert_eq!((old.get("dashcards"), old.get("tabs")), (None, None));
}

fn crowded() -> MetabaseScenario {
    let scenario = MetabaseScenario::new(Release::V56).collection(CollectionSetup::new(1, "Crowded"));
    let scenario = scenario.collection(CollectionSetup::new(2, "Below").within(1));
    let scenario = scenario.dashboard(DashboardSetup::new(1, "Board").within(1));
    let scenario = scenario.card(CardSetup::built(200, "Model").kind(CardKind::Model).within(1));
    (1..=60).fold(scenario, |scenario, id| {
        scenario.card(CardSetup::native(id, &format!("Card {id:03}")).within(1))
    })
}

#[tokio::test]
async fn pages_are_fifty_long_once_paging_is_asked_for() {
    let caller = Caller::new(crowded()).await;
    let items = async |query: &str| {
        let (_, body) = caller.get(&format!("/api/collection/1/items{query}")).await;
        (body["data"].as_array().unwrap().len(), body["total"].clone(), body["limit"].clone())
    };
    assert_eq!(items("").await, (63, 63.into(), Value::Null));
    assert_eq!(items("?offset=0").await, (50, 63.into(), 50.into()));
    assert_eq!(items("?limit=20&offset=60").await, (3, 63.into(), 20.into()));
    assert_eq!(items("?models=card").await.0, 60);
    assert_eq!(items("?models=dataset&models=dashboard").await.0, 2);
    let (_, root) = caller.get("/api/collection/root/items").await;
    assert_eq!(each(&root["data"], "model"), ["collection"]);
    let (_, below) = caller.get("/api/collection/1/items?models=collection").await;
    assert_eq!(below["data"][0]["location"], "/1/");
    assert_eq!(caller.get("/api/collection/7/items").await.0, 404);
}

#[tokio::test]
async fn what_is_hidden_is_refused_and_left_out() {
    let person = PersonSetup::new("guest@example.com", "x").with_key("mb_guest").not_seeing(1);
    let mut caller = Caller::new(crowded().person(person).card(CardSetup::native(300, "Free"))).await;
    caller.identify("x-api-key", "mb_guest");
    assert_eq!(caller.get("/api/card/1").await, (403, "You don't have permissions to do that.".into()));
    assert_eq!(each(&caller.get("/api/card").await.1, "id"), [300]);
    assert_eq!(caller.get("/api/collection/2/items").await.0, 403);
    assert_eq!(caller.get("/api/dashboard/1").await.0, 403);
    assert_eq!(caller.form("/api/card/1/query/csv", &[]).await.0, 403);
}

#[tokio::test]
async fn recents_have_forms() {
    let new = sample(Release::V56).await;
    let (_, body) = new.get("/api/activity/recents?context=views").await;
    assert_eq!(each(&body["recents"], "model"), ["card", "dashboard", "card"]);
    assert_eq!(new.get("/api/activity/recents").await.0, 400);
    assert_eq!(new.get("/api/activity/recent_views").await.1["recent_views"][0]["id"], 1);
    let old = sample(Release::V46).await;
    assert_eq!(old.get("/api/activity/recents?context=views").await.0, 404);
    assert_eq!(each(&old.get("/api/activity/recent_views").await.1, "model_id"), [1, 1, 2]);
}
