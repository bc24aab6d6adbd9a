//! One HTTP client for all kinds: where requests may go, how long each phase may take, what is tried again and when, and what
//! is said of it. It knows no product: which answers mean what is told by a [`Reading`].

mod answer;
mod base;
mod breaker;
mod class;
mod client;
mod error;
mod journal;
mod redirect;
mod request;
mod retry;
mod send;
mod skew;
mod stream;
mod tally;
mod tokens;

pub use answer::Answer;
pub use base::{BaseUrl, InvalidUrl};
pub use breaker::Breaker;
pub use class::{Class, Reading, Refusal, Standard, When};
pub use client::{Client, ClientBuilder, Proxy, Signer, Tls};
pub use error::HttpError;
pub use request::Request;
pub use reqwest::{Method, StatusCode, header};
pub use retry::{Growth, RetryPolicy};
pub use stream::Download;
pub use tally::Tally;
pub use tokens::{Token, TokenSource};
pub use url::Url;
