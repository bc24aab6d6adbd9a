//! Runs a test once on SQLite and once on Postgres. The cluster is shared by the tests of one process.

/// Declares tests that take a function from configuration to site. `with PROGRAM;` in front runs another program than the
/// shipped one.
macro_rules! on_both {
    (with $program:literal; $($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() {
                let program = roundsman_tests::daemon::program($program);
                super::$name(&|tasks| roundsman_tests::daemon::Site::of(program.clone(), None, tasks));
            })+
        }
        mod postgres {
            $(#[test] fn $name() {
                let cluster = roundsman_testkit::postgres::PostgresCluster::start();
                let program = roundsman_tests::daemon::program($program);
                super::$name(&|tasks| {
                    roundsman_tests::daemon::Site::of(program.clone(), Some(cluster.database()), tasks)
                });
            })+
        }
    };
    ($($name:ident),+ $(,)?) => { $crate::both::on_both!(with "roundsman"; $($name),+); };
}

pub(crate) use on_both;

/// Makes a site with this configuration on the database under test.
pub(crate) type MakeSite<'a> = &'a dyn Fn(&str) -> roundsman_tests::daemon::Site;
