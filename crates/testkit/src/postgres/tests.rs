//! A cluster starts, survives a kill, and leaves nothing behind.

use std::net::TcpStream;

use super::PostgresCluster;

#[test]
fn a_cluster_keeps_what_it_acknowledged_and_vanishes_when_dropped() {
    let cluster = PostgresCluster::start();
    let url = cluster.database();
    cluster.execute(&url, "CREATE TABLE kept (name text); INSERT INTO kept VALUES ('a'), ('B')");
    cluster.kill9();
    assert!(TcpStream::connect(("127.0.0.1", cluster.port())).is_err());
    cluster.restart();
    // Not the order of bytes, so that stores have to ask for that.
    assert_eq!(cluster.execute(&url, "SELECT name FROM kept ORDER BY name"), "a\nB");
    let (folder, port) = (cluster.folder.clone(), cluster.port());
    drop(cluster);
    assert!(!folder.exists());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}
