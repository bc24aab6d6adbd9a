//! Collections whose pages say little, or lie: read to their end, or refused.

use roundsman_metabase::{
    config::CardRef,
    server::{Again, CollectionItem, FailureClass, ServerFailure},
};
use roundsman_simulators::{Fault, Shape};
use serde_json::{Value, json};

use crate::desk::Desk;

/// Questions with these numbers.
fn cards(ids: std::ops::Range<u64>) -> Vec<Value> {
    ids.map(|id| json!({ "id": id, "name": format!("Card {id}"), "model": "card" })).collect()
}

/// A server that answers as `page` does, by offset.
async fn read(pages: &[(usize, Value)]) -> (Result<Vec<CollectionItem>, ServerFailure>, usize) {
    let desk = Desk::sample().await;
    for (offset, page) in pages {
        let fault = Fault::on("GET /api/collection/5/items").containing(&format!("&offset={offset}&"));
        desk.sim.fault(fault.status(200).shape(Shape::RawJson, "", &page.to_string()));
    }
    let items = desk.server().await.collection_items(&CardRef::Number(5), &["card"]).await;
    (items, desk.asked().len())
}

async fn check(pages: &[(usize, Value)], found: usize, asked: usize) {
    let (items, times) = read(pages).await;
    assert_eq!((items.unwrap().len(), times), (found, asked));
}

#[tokio::test]
async fn without_a_total_a_page_that_is_not_full_is_the_last() {
    let page = |ids| json!({ "data": cards(ids), "limit": 100 });
    check(&[(0, page(0..40))], 40, 1).await;
    check(&[(0, page(0..100)), (100, page(100..200)), (200, page(200..230))], 230, 3).await;
    check(&[(0, page(0..100)), (100, page(100..200)), (200, page(0..0))], 200, 3).await;
}

#[tokio::test]
async fn nor_does_anything_else_have_to_be_said() {
    check(&[(0, json!({ "data": cards(0..100) })), (100, json!({ "data": cards(100..101) }))], 101, 2).await;
    let null = json!({ "data": cards(0..100), "total": null, "limit": null, "offset": null });
    check(&[(0, null), (100, json!({ "data": cards(100..150), "total": null }))], 150, 2).await;
}

#[tokio::test]
async fn a_server_with_smaller_pages_than_asked_for_is_read_to_its_end() {
    let page = |ids| json!({ "data": cards(ids), "limit": 50 });
    check(&[(0, page(0..50)), (50, page(50..100)), (100, page(100..120))], 120, 3).await;
}

#[tokio::test]
async fn what_cannot_be_exported_is_counted_on_its_page() {
    let mut first = cards(0..99);
    first.insert(0, json!({ "id": "trash", "name": "Trash", "model": "collection" }));
    let pages = [(0, json!({ "data": first })), (100, json!({ "data": cards(99..120) }))];
    check(&pages, 120, 2).await;
}

#[tokio::test]
async fn a_list_without_pages_is_all_there_is() {
    check(&[(0, json!(cards(0..100)))], 100, 1).await;
    check(&[(0, json!({ "data": cards(0..340) }))], 340, 1).await;
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_not_believed() {
    for page in [json!({ "data": cards(0..100) }), json!({ "data": cards(0..100), "total": 250 })] {
        let (items, times) = read(&[(0, page.clone()), (100, page.clone()), (200, page)]).await;
        let failure = items.unwrap_err();
        assert_eq!((failure.class, failure.again, times), (FailureClass::Unexpected, Again::Never, 2));
        assert!(failure.to_string().contains("ignores `offset`"), "{failure}");
    }
}

#[tokio::test]
async fn a_tree_without_end_is_refused_instead_of_cut() {
    let desk = Desk::sample().await;
    let inner: Vec<_> =
        (2..2_200).map(|id| json!({ "id": id, "name": "Deeper", "model": "collection" })).collect();
    let page = json!({ "data": inner }).to_string();
    let fault = Fault::on("GET /api/collection/*/items").status(200);
    desk.sim.fault(fault.shape(Shape::RawJson, "", &page));
    let failure = desk.server().await.collection_tree(&CardRef::Number(1), &["card"]).await.unwrap_err();
    assert_eq!((failure.class, failure.again), (FailureClass::Unexpected, Again::Never), "{failure}");
    assert!(failure.to_string().contains("more than 2000 collections"), "{failure}");
}
