//! That nothing of the schema is forgotten.

use std::collections::BTreeSet;

use sqlx::{ConnectOptions as _, Row as _, sqlite::SqliteConnectOptions};

use super::tables::{LEFT, TABLES};

#[tokio::test]
async fn every_column_of_every_table_is_carried_over() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = folder.path().join("roundsman.db");
    crate::migrate(&format!("sqlite:{}", path.display())).await.expect("a store is made");
    let mut connection =
        SqliteConnectOptions::new().filename(&path).connect().await.expect("the store opens");
    // Columns that are computed from others are left out of this listing.
    let rows = sqlx::query(
        "SELECT t.name AS of_table, c.name AS of_column FROM sqlite_master AS t, pragma_table_info(t.name) AS c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
    )
    .fetch_all(&mut connection)
    .await
    .expect("the schema can be read");
    let columns = |row: &sqlx::sqlite::SqliteRow| (row.get::<String, _>(0), row.get::<String, _>(1));
    let there: BTreeSet<_> =
        rows.iter().map(columns).filter(|(table, _)| !LEFT.contains(&table.as_str())).collect();
    let carried = TABLES.iter().flat_map(|table| {
        table.columns.iter().map(|(column, _)| (table.name.to_owned(), (*column).to_owned()))
    });
    assert_eq!(carried.collect::<BTreeSet<_>>(), there);
}
