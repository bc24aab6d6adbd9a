//! The SQLite store: the conformance suite, and what is peculiar to files. It tests no rule that both databases share.

#[cfg(test)]
mod sqlite {
    mod files;
    mod group_commit;
}

use roundsman_testkit::conformance::Stage;

async fn fresh() -> Stage {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let url = format!("sqlite:{}", folder.path().join("roundsman.db").display());
    Stage::open(url, folder).await
}

roundsman_testkit::conformance_tests!(fresh);
