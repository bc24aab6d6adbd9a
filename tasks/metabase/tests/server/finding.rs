//! Questions, dashboards and collections of old and new servers, and what is no answer of theirs.

use roundsman_metabase::{
    config::CardRef,
    server::{Again, CardFilter, FailureClass},
};
use roundsman_simulators::{
    Fault, Shape,
    metabase::{
        CardSetup, CollectionSetup, DashboardSetup, DashcardSetup, Failure, MetabaseScenario, Release, Rows,
    },
};
use serde_json::json;

use crate::desk::{As, Desk};

fn scenario(release: Release) -> MetabaseScenario {
    MetabaseScenario::new(release)
        .collection(CollectionSetup::new(5, "Sales"))
        .collection(CollectionSetup::new(6, "Deep").within(5))
        .card(CardSetup::native(12, "Orders").rows(Rows::plain(7)).within(5))
        .card(CardSetup::built(13, "Returns").within(6))
        .card(CardSetup::native(14, "Old").archived())
        .dashboard(
            DashboardSetup::new(42, "Board")
                .with(DashcardSetup::of(103, 13).at(4, 0))
                .with(DashcardSetup::text(101, "Title").at(0, 0))
                .with(DashcardSetup::of(102, 12).at(1, 0)),
        )
}

#[tokio::test]
async fn versions_and_limits_are_asked_once() {
    let scenario = scenario(Release::V56).set(|settings| settings.download_row_limit = Some(2_000_000));
    let desk = Desk::new(scenario, As::Key).await;
    let server = desk.server().await;
    for _ in 0..3 {
        let properties = server.properties().await.unwrap();
        assert_eq!(properties.tag.as_deref(), Some("v0.56.4"));
        assert!(properties.is_at_least(56) && !properties.is_at_least(57));
        assert_eq!(properties.file_cap(), 2_000_000);
    }
    assert_eq!(desk.asked(), ["GET /api/session/properties"]);
}

#[tokio::test]
async fn questions_by_number_and_entity_id() {
    let desk = Desk::new(scenario(Release::V57), As::Key).await;
    let server = desk.server().await;
    let card = server.card(&CardRef::Number(12)).await.unwrap();
    assert_eq!((card.name.as_str(), card.archived), ("Orders", false));
    assert!(!card.result_metadata.is_empty());
    let same = server.card(&CardRef::Entity(CardSetup::entity_id(12))).await.unwrap();
    assert_eq!(same.id, 12);
    let missing = server.card(&CardRef::Number(999)).await.unwrap_err();
    assert_eq!((missing.class, missing.again), (FailureClass::NotFound, Again::Never));
    assert!(server.cards(CardFilter::All).await.unwrap().iter().any(|card| card.id == 13));
    assert_eq!(server.count(&card).await.unwrap(), 7);
}

/// M-31.
#[tokio::test]
async fn dashboards_of_both_shapes_come_in_the_order_of_people() {
    for release in [Release::V46, Release::V57] {
        let desk = Desk::new(scenario(release), As::Key).await;
        let board = desk.server().await.dashboard(&CardRef::Number(42)).await.unwrap();
        let cards: Vec<_> =
            board.cards.iter().map(|card| (card.id, card.card.as_ref().map(|card| card.id))).collect();
        assert_eq!(cards, [(101, None), (102, Some(12)), (103, Some(13))], "{release:?}");
    }
}

#[tokio::test]
async fn collections_are_read_to_their_last_page_and_level() {
    let many = (100..350).fold(scenario(Release::V57), |scenario, id| {
        scenario.card(CardSetup::native(id, &format!("Card {id}")).within(5))
    });
    let desk = Desk::new(many, As::Key).await;
    let server = desk.server().await;
    let sales = CardRef::Number(5);
    let items = server.collection_items(&sales, &["card", "dataset"]).await.unwrap();
    assert_eq!(items.len(), 251);
    let tree = server.collection_tree(&sales, &["card"]).await.unwrap();
    assert_eq!(tree.len(), 252);
    let deep = tree.iter().find(|item| item.id == 13).unwrap();
    assert_eq!(deep.path, ["Deep"]);
    let root = server.collection_tree(&CardRef::Entity("root".to_owned()), &["card"]).await.unwrap();
    assert!(root.iter().any(|item| item.id == 13 && item.path == ["Sales", "Deep"]), "{root:?}");
}

#[tokio::test]
async fn a_circle_of_collections_has_an_end() {
    let desk = Desk::new(scenario(Release::V57), As::Key).await;
    let circle = json!({ "total": 2, "data": [
        { "id": 5, "name": "Itself", "model": "collection" },
        { "id": 6, "name": "Deep", "model": "collection" },
        { "id": 12, "name": "Orders", "model": "card" } ] });
    desk.sim.fault(Fault::on("GET /api/collection/*/items").status(200).shape(
        Shape::RawText,
        "",
        &circle.to_string(),
    ));
    let tree = desk.server().await.collection_tree(&CardRef::Number(5), &["card"]).await.unwrap();
    assert_eq!(tree.len(), 1);
    assert_eq!(desk.asked().len(), 2);
}

#[tokio::test]
async fn what_was_looked_at_last_has_two_addresses() {
    for release in [Release::V46, Release::V57] {
        let scenario = scenario(release).recently(&[("card", 13), ("dashboard", 42), ("card", 12)]);
        let desk = Desk::new(scenario, As::Key).await;
        let recents = desk.server().await.recents().await.unwrap();
        let recents: Vec<_> = recents.iter().map(|recent| (recent.model.as_str(), recent.id)).collect();
        assert_eq!(recents, [("card", 13), ("dashboard", 42), ("card", 12)], "{release:?}");
    }
}

/// M-17.
#[tokio::test]
async fn the_page_of_a_login_is_no_answer() {
    let scenario = scenario(Release::V57).set(|settings| settings.login_page = true);
    let desk = Desk::new(scenario, As::Key).await;
    let server = desk.server().await;
    let found = server.card(&CardRef::Number(12)).await.unwrap_err();
    let exported = server.export(&crate::desk::csv(12)).await.err().unwrap();
    for failure in [found, exported] {
        assert_eq!((failure.class, failure.again), (FailureClass::Auth, Again::Never), "{failure}");
        assert!(failure.is("unexpected_content_type"), "{failure:?}");
        let (_, excerpt) = failure.message.split_once("stand before it: ").unwrap();
        assert!(excerpt.contains("<html") && excerpt.chars().count() <= 200, "{excerpt}");
    }
}

#[tokio::test]
async fn failed_queries_are_told_by_their_kind() {
    let check = async |failure: Failure, release: Release, again: Again| {
        let desk = Desk::new(scenario(release), As::Key).await;
        let server = desk.server().await;
        let card = server.card(&CardRef::Number(12)).await.unwrap();
        desk.sim.set_failure(12, Some(failure.clone()));
        let told = server.count(&card).await.unwrap_err();
        assert_eq!(
            (told.class, told.again),
            (FailureClass::QueryFailed, again),
            "{release:?} {failure:?} {told}"
        );
    };
    for release in [Release::V46, Release::V57] {
        check(Failure::new("relation \"x\" does not exist").typed("invalid-query"), release, Again::Never)
            .await;
        check(Failure::new("connection refused"), release, Again::Yes).await;
        check(Failure::new("whatever"), release, Again::Once).await;
    }
}

#[tokio::test]
async fn passing_failures_are_tried_again_and_others_are_not() {
    let check = async |status: u16, tries: usize| {
        let desk = Desk::new(scenario(Release::V57), As::Key).await;
        desk.sim.fault(Fault::on("GET /api/card/12").status(status).shape(Shape::RawText, "", "no"));
        desk.server().await.card(&CardRef::Number(12)).await.unwrap_err();
        assert_eq!(desk.asked().len(), tries, "{status}");
    };
    for status in [400, 402, 403, 404, 413, 422] {
        check(status, 1).await;
    }
    check(500, 2).await;
    for status in [408, 429, 502, 503, 504, 520, 524] {
        check(status, 3).await;
    }
}
