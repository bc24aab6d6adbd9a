//! Runs a test once on SQLite and once on Postgres. The cluster is shared by the tests of one process.

/// Declares tests that take a function from configuration to site.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&|tasks| roundsman_tests::daemon::Site::new(tasks)); })+
        }
        mod postgres {
            $(#[test] fn $name() {
                let cluster = roundsman_testkit::postgres::PostgresCluster::start();
                let program = roundsman_tests::daemon::program("roundsman");
                super::$name(&|tasks| {
                    roundsman_tests::daemon::Site::of(program.clone(), Some(cluster.database()), tasks)
                });
            })+
        }
    };
}

pub(crate) use on_both;

/// Makes a site with this configuration on the database under test.
pub(crate) type MakeSite<'a> = &'a dyn Fn(&str) -> roundsman_tests::daemon::Site;
