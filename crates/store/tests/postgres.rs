//! The Postgres store: the conformance suite, and what is peculiar to servers. It tests no rule that both databases share.

#[cfg(test)]
mod postgres {
    mod opening;
    mod outages;
}

use roundsman_testkit::{PostgresCluster, conformance::Stage};

async fn fresh() -> Stage {
    Stage::open(PostgresCluster::shared().database(), ()).await
}

roundsman_testkit::conformance_tests!(fresh);
