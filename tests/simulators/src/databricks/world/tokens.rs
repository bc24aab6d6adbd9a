//! Tokens: whose they are, what they are good for, and until when. It decides no status and no body.

use super::life::Millis;
use crate::databricks::scenario::TokenSetup;

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) name: String,
    /// What the token is good for; everything if absent.
    pub(crate) scopes: Option<Vec<String>>,
}

#[derive(Debug, Clone)]
struct Token {
    text: String,
    caller: Caller,
    expires: Option<Millis>,
}

/// All tokens, and the clients that can get some.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens {
    good: Vec<Token>,
    clients: Vec<TokenSetup>,
    issued: u32,
}

impl Tokens {
    pub(crate) fn of(setups: &[TokenSetup]) -> Self {
        let usual = [TokenSetup::of_admin()];
        let setups = if setups.is_empty() { &usual } else { setups };
        let (clients, fixed): (Vec<_>, Vec<_>) = setups.iter().cloned().partition(|setup| setup.oauth);
        let mut tokens = Self { clients, ..Self::default() };
        for setup in fixed {
            tokens.add(setup, None);
        }
        tokens
    }

    fn add(&mut self, setup: TokenSetup, expires: Option<Millis>) {
        let caller = Caller { name: setup.user, scopes: setup.scopes };
        self.good.push(Token { text: setup.token, caller, expires });
    }

    /// The one who has this token, if it is good.
    pub(crate) fn caller(&self, text: &str, now: Millis) -> Option<&Caller> {
        let good = |token: &&Token| token.text == text && token.expires.is_none_or(|expires| now < expires);
        self.good.iter().find(good).map(|token| &token.caller)
    }

    /// A token in exchange for a client's secret.
    pub(crate) fn issue(&mut self, client: &str, secret: &str, expires: Millis) -> Option<String> {
        let known = self.clients.iter().find(|known| known.user == client && known.token == secret)?.clone();
        self.issued += 1;
        let text = format!("simulated-access-token-{}", self.issued);
        self.add(TokenSetup { token: text.clone(), ..known }, Some(expires));
        Some(text)
    }

    /// The token is good for nothing any more, nor is the client's secret.
    pub(crate) fn revoke(&mut self, text: &str) {
        self.good.retain(|token| token.text != text);
        self.clients.retain(|client| client.token != text);
    }

    /// No token that was issued is good any more.
    pub(crate) fn expire_issued(&mut self) {
        self.good.retain(|token| token.expires.is_none());
    }
}
