//! What no schema tells of a configuration: keys that need each other, thresholds that mean nothing. It changes nothing.

use roundsman_http::BaseUrl;
use roundsman_notify::Address;
use roundsman_task::Check;

use super::Config;
use crate::quota::Naming;

impl Check for Config {
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Err(error) = BaseUrl::parse(&self.host) {
            wrong.push(format!("host: {error}"));
        }
        match Naming::new(&self.managed_regex) {
            Ok(naming) => wrong.extend(self.quota().check(&naming).iter().map(ToString::to_string)),
            Err(error) => wrong.push(error.to_string()),
        }
        wrong.extend(self.provision.check().iter().map(ToString::to_string));
        self.check_mail(&mut wrong);
        let people = [("admin_email", &self.admin_email), ("report_recipients", &self.report_recipients)];
        for (key, addresses) in people {
            let unfit = addresses.iter().filter(|address| address.parse::<Address>().is_err());
            wrong.extend(unfit.map(|address| format!("{key}: {address:?} is no mail address")));
        }
        wrong
    }
}

impl Config {
    /// What mail needs, if anything is to be mailed.
    fn check_mail(&self, wrong: &mut Vec<String>) {
        if !self.mail_enabled {
            return;
        }
        let people = [("admin_email", &self.admin_email), ("report_recipients", &self.report_recipients)];
        let mut missing: Vec<_> =
            people.iter().filter(|(_, addresses)| addresses.is_empty()).map(|(key, _)| *key).collect();
        if self.smtp.is_none() && self.acs_sender.is_none() {
            missing.push("acs_sender (or smtp)");
        }
        if !missing.is_empty() {
            let missing = missing.join(", ");
            wrong.push(format!("mail needs {missing}: set what is missing, or mail_enabled = false"));
        }
        if self.smtp.is_some() && (self.acs_endpoint.is_some() || self.acs_sender.is_some()) {
            wrong.push(
                "smtp and acs_endpoint or acs_sender: there is one way to mail, so leave one of them out"
                    .to_owned(),
            );
        }
    }
}
