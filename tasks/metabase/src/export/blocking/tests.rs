//! Work that would never end by itself: it ends when the attempt does, and when nobody waits.

use std::sync::mpsc;

use roundsman_testkit::TestContext;

use super::*;
use crate::export::failure::Class;

/// Goes on until it is stopped, and then says so.
fn endless(told: mpsc::Sender<&'static str>) -> impl FnOnce(&Stop) -> Result<(), UnitFailure> {
    move |stop| {
        let _ = told.send("begun");
        while stop.look().is_ok() {
            std::thread::yield_now();
        }
        let _ = told.send("stopped");
        Err(UnitFailure::disk("it could not be read any more"))
    }
}

#[tokio::test]
async fn a_cancelled_attempt_stops_the_work_and_waits_for_its_end() {
    let test = TestContext::builder().build();
    let (tell, told) = mpsc::channel();
    let cancel = async { test.cancel() };
    let (ended, ()) = tokio::join!(blocking(test.cx(), "this", endless(tell)), cancel);
    let failure = ended.unwrap_err();
    assert_eq!(failure.class, Class::Server(FailureClass::Cancelled));
    assert!(matches!(failure.into_task(), TaskError::Cancelled));
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["begun", "stopped"]);
}

#[tokio::test]
async fn work_that_nobody_waits_for_ends() {
    let test = TestContext::builder().build();
    let (tell, told) = mpsc::channel();
    let mut work = Box::pin(blocking(test.cx(), "this", endless(tell)));
    assert!(futures::poll!(&mut work).is_pending());
    drop(work);
    let told: Vec<_> = tokio::task::spawn_blocking(move || told.iter().collect()).await.unwrap();
    assert_eq!(told.last(), Some(&"stopped"));
}

#[tokio::test]
async fn what_came_in_time_counts() {
    let test = TestContext::builder().build();
    assert_eq!(blocking(test.cx(), "this", |_| Ok(7)).await.unwrap(), 7);
    let failure = blocking(test.cx(), "this", |_| Err::<(), _>(UnitFailure::check("no"))).await.unwrap_err();
    assert_eq!(failure.class, Class::CheckFailed);
    let panicked = blocking::<()>(test.cx(), "this", |_| std::panic::resume_unwind(Box::new(())));
    assert!(panicked.await.unwrap_err().message.starts_with("this ended"));
}

#[test]
fn reading_ends() {
    let stop = Stop::default();
    let mut reading = stop.reading(io::repeat(7));
    let mut buffer = [0; 3];
    assert_eq!(reading.read(&mut buffer).unwrap(), 3);
    drop(Waiting(stop));
    assert!(reading.read(&mut buffer).is_err());
}
