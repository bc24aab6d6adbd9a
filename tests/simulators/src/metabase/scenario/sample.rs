//! The scenario to try things with: one of everything. It has no faults.

use super::{
    CardKind, CardSetup, CollectionSetup, DashboardSetup, DashcardSetup, MetabaseScenario, Release, TagKind,
    TagSetup,
};
use crate::metabase::Rows;

pub(super) fn sample(release: Release, rows: u64) -> MetabaseScenario {
    let region = TagSetup::new("region", TagKind::Text).default("EMEA");
    let created = TagSetup::new("created_at", TagKind::DateField);
    let by_region = CardSetup::native(2, "Orders of a region").within(2).tag(region).tag(created);
    let by_region = by_region.rows(Rows::plain(rows / 2)).given("region", "APAC", Rows::plain(rows / 4));
    let dashboard = DashboardSetup::new(1, "Operations").within(1).tab(1, "Today").tab(2, "Trends");
    let dashboard = dashboard.parameter("p1regio", "region", "string/=");
    let dashboard = dashboard
        .with(DashcardSetup::text(11, "## What happened today").on_tab(1))
        .with(DashcardSetup::of(12, 2).on_tab(1).at(1, 0).mapping("p1regio", "region"))
        .with(DashcardSetup::of(13, 1).on_tab(1).at(1, 12))
        .with(DashcardSetup::of(14, 3).on_tab(2).series(4));
    MetabaseScenario::new(release)
        .collection(CollectionSetup::new(1, "Company"))
        .collection(CollectionSetup::new(2, "Finance").within(1))
        .card(CardSetup::native(1, "Orders").within(1).rows(Rows::awkward(rows)))
        .card(by_region)
        .card(CardSetup::built(3, "Orders per month").aggregated().within(2).rows(Rows::plain(24)))
        .card(CardSetup::built(4, "Customers").kind(CardKind::Model).within(2).rows(Rows::plain(rows)))
        .card(CardSetup::native(5, "History").rows(Rows::repeated(rows)))
        .dashboard(dashboard)
        .set(|settings| {
            if rows >= settings.export_limit() {
                settings.download_row_limit = Some(rows + 1);
            }
        })
        .query("select * from orders", Rows::plain(rows))
        .recently(&[("card", 1), ("dashboard", 1), ("card", 2)])
}
