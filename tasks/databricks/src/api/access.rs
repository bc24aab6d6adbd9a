//! Who we are in a workspace: a token as it is, or one that a token endpoint issues. It keeps none; the client does.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use roundsman_http::{
    Answer, BaseUrl, Class, Client, ClientBuilder, HttpError, Reading, Refusal, StatusCode, Token,
    TokenSource, Url,
    header::{AUTHORIZATION, HeaderMap},
};
use roundsman_task::{CredentialField, TaskContext};
use serde::Deserialize;

use super::{WorkspaceSettings, lenient, refusal::VendorReading};

/// Where Entra issues tokens.
pub const ENTRA: &str = "https://login.microsoftonline.com";
/// What Databricks is called in Entra.
const DATABRICKS_IN_ENTRA: &str = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";
/// Domains of the vendor, to which a client secret may go although the workspace has another host.
const VENDOR_DOMAINS: [&str; 2] = [".databricks.com", ".azuredatabricks.net"];
/// How long a token is good for that does not say so.
const UNSAID: Duration = Duration::from_hours(1);
/// How long a token is good for that does not age: longer than any attempt.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);

/// Who we are in a workspace.
#[derive(Clone, Debug)]
pub enum Access {
    /// A personal access token.
    Pat {
        /// The token, and the one that follows it while it is being replaced.
        token: CredentialField,
    },
    /// A service principal of Databricks.
    OauthM2m {
        /// Its application id.
        client_id: String,
        /// A secret of it, and the one that follows.
        client_secret: CredentialField,
    },
    /// A service principal of Entra.
    AzureSp {
        /// The directory it belongs to.
        tenant_id: String,
        /// Its application id.
        client_id: String,
        /// A secret of it, and the one that follows.
        client_secret: CredentialField,
        /// Where tokens are issued; usually [`ENTRA`].
        authority: String,
    },
}

/// Adds to a client who we are.
pub(super) fn sign_in(
    cx: &TaskContext,
    settings: &WorkspaceSettings,
    client: ClientBuilder,
) -> Result<ClientBuilder, HttpError> {
    let (issuer, secret) = match &settings.access {
        Access::Pat { token } if token.next().is_none() => return Ok(client.bearer(token.current().trim())),
        Access::Pat { token } => {
            let all = token.candidates().map(|token| token.trim().to_owned()).collect();
            return Ok(client.tokens(InTurn { all, fetched: AtomicUsize::new(0) }));
        }
        Access::OauthM2m { client_id, client_secret } => {
            (Issuer::Workspace { base: settings.base()?, client_id: client_id.clone() }, client_secret)
        }
        Access::AzureSp { tenant_id, client_id, client_secret, authority } => {
            let (tenant_id, client_id) = (tenant_id.clone(), client_id.clone());
            (Issuer::Entra { base: BaseUrl::parse(authority)?, tenant_id, client_id }, client_secret)
        }
    };
    Ok(client.tokens(Login { cx: cx.clone(), settings: settings.clone(), issuer, secret: secret.clone() }))
}

/// A token that is being replaced by another: whichever is refused, the other one is tried.
struct InTurn {
    all: Vec<String>,
    fetched: AtomicUsize,
}

#[async_trait]
impl TokenSource for InTurn {
    async fn fetch(&self) -> Result<Token, HttpError> {
        let turn = self.fetched.fetch_add(1, Ordering::SeqCst);
        Ok(Token { value: self.all[turn % self.all.len()].clone(), good_for: FOR_EVER })
    }
}

/// Asks for tokens.
struct Login {
    cx: TaskContext,
    settings: WorkspaceSettings,
    issuer: Issuer,
    secret: CredentialField,
}

/// Who issues them.
enum Issuer {
    /// The workspace itself, or whom it names.
    Workspace { base: BaseUrl, client_id: String },
    /// Entra.
    Entra { base: BaseUrl, tenant_id: String, client_id: String },
}

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    #[serde(default, deserialize_with = "lenient::i64_opt")]
    expires_in: Option<i64>,
}

#[async_trait]
impl TokenSource for Login {
    async fn fetch(&self) -> Result<Token, HttpError> {
        let mut asked = self.ask(self.secret.current()).await;
        if let (Err(error), Some(next)) = (&asked, self.secret.next())
            && error.class() == Some(Class::Unauthenticated)
        {
            asked = self.ask(next).await;
        }
        let issued: Issued = asked?.json()?;
        let good_for = issued.expires_in.and_then(|secs| u64::try_from(secs).ok());
        Ok(Token { value: issued.access_token, good_for: good_for.map_or(UNSAID, Duration::from_secs) })
    }
}

impl Login {
    async fn ask(&self, secret: &str) -> Result<Answer, HttpError> {
        match &self.issuer {
            Issuer::Workspace { base, client_id } => {
                self.ask_workspace(base, &BASE64_STANDARD.encode(format!("{client_id}:{secret}"))).await
            }
            Issuer::Entra { base, tenant_id, client_id } => {
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id),
                    ("client_secret", secret),
                    ("resource", DATABRICKS_IN_ENTRA),
                ];
                let path = format!("{}/oauth2/token", BaseUrl::segment(tenant_id));
                self.client(base.clone(), secret)?
                    .post(&path)
                    .named("login")
                    .repeatable()
                    .form(&form)
                    .send()
                    .await
            }
        }
    }

    /// Asks the workspace who issues its tokens, and that one for a token.
    async fn ask_workspace(&self, base: &BaseUrl, basic: &str) -> Result<Answer, HttpError> {
        #[derive(Deserialize)]
        struct Discovered {
            token_endpoint: String,
        }
        let client = self.client(base.clone(), basic)?;
        let discovery = client.get("oidc/.well-known/oauth-authorization-server").named("login/discovery");
        let endpoint = match discovery.send().await {
            Ok(answer) => answer.json::<Discovered>()?.token_endpoint,
            Err(error) if error.is_not_found() => format!("{base}oidc/v1/token"),
            Err(error) => return Err(error),
        };
        let (issuer, path) = trusted(base, &endpoint)?;
        let form = [("grant_type", "client_credentials"), ("scope", "all-apis")];
        let request = self.client(issuer, basic)?.post(&path).named("login").repeatable().form(&form);
        request.header(AUTHORIZATION, &format!("Basic {basic}")).send().await
    }

    fn client(&self, base: BaseUrl, secret: &str) -> Result<Client, HttpError> {
        Client::builder(&self.cx, base)
            .reading(LoginReading)
            .retry(self.settings.retry())
            .tls(self.settings.tls.clone())
            .proxy(self.settings.proxy.clone())
            .secret(secret)
            .build()
    }
}

/// The issuer that the workspace names, taken apart, if a secret may go there.
fn trusted(base: &BaseUrl, endpoint: &str) -> Result<(BaseUrl, String), HttpError> {
    let refuse = |why: &str| HttpError::Setup {
        told: format!("{} names {endpoint:?} as the issuer of its tokens, {why}", base.host()),
    };
    let url: Url = endpoint.parse().map_err(|_| refuse("which is no address"))?;
    let host = url.host_str().unwrap_or_default();
    let of_vendor = url.scheme() == "https" && VENDOR_DOMAINS.iter().any(|domain| host.ends_with(domain));
    if url.origin() != base.url().origin() && !of_vendor {
        return Err(refuse("where the client secret must not go"));
    }
    Ok((BaseUrl::parse(endpoint)?.origin(), url.path().to_owned()))
}

/// What answers of token endpoints mean: whatever they refuse, it is who we are.
struct LoginReading;

impl Reading for LoginReading {
    fn read(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Refusal {
        let refusal = VendorReading.read(status, headers, body);
        match status.as_u16() {
            400 | 401 | 403 => Refusal { class: Class::Unauthenticated, ..refusal },
            _ => refusal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_client_secret_may_go() {
        let base = BaseUrl::parse("https://adb-1.azuredatabricks.net").unwrap();
        let check = |endpoint: &str, expected: Option<(&str, &str)>| {
            let found = trusted(&base, endpoint).ok();
            let found = found.as_ref().map(|(base, path)| (base.url().as_str(), path.as_str()));
            assert_eq!(found, expected, "{endpoint}");
        };
        let own = "https://adb-1.azuredatabricks.net/";
        check("https://adb-1.azuredatabricks.net/oidc/v1/token", Some((own, "/oidc/v1/token")));
        let account = "https://accounts.cloud.databricks.com/oidc/accounts/1/v1/token";
        check(account, Some(("https://accounts.cloud.databricks.com/", "/oidc/accounts/1/v1/token")));
        check("http://accounts.cloud.databricks.com/token", None);
        check("https://databricks.com.example.net/token", None);
        check("https://evildatabricks.com/token", None);
        check("/oidc/v1/token", None);
    }
}
