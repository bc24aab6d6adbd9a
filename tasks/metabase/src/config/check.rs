//! What no schema tells of a configuration: keys that need or exclude each other, texts that mean nothing. Everything that is
//! wrong is told at once. It changes nothing.

mod items;

use std::collections::BTreeSet;

use roundsman_http::{BaseUrl, InvalidUrl};
use roundsman_task::Check;

use super::Config;
use crate::{export::names::Template, local::delimits};

/// The right of the owner to read, in a mode.
const OWNER_READS: u32 = 0o400;

impl Check for Config {
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        self.check_server(&mut wrong);
        self.check_times(&mut wrong);
        self.check_files(&mut wrong);
        self.check_items(&mut wrong);
        wrong
    }
}

impl Config {
    /// The server's address.
    pub fn address(&self) -> Result<BaseUrl, InvalidUrl> {
        if self.allow_http { BaseUrl::parse_open(&self.base_url) } else { BaseUrl::parse(&self.base_url) }
    }

    /// The mode of published files.
    pub fn mode(&self) -> u32 {
        u32::from_str_radix(&self.file_mode, 8).unwrap_or(0o640)
    }

    fn check_server(&self, wrong: &mut Vec<String>) {
        match self.address() {
            Ok(_) => {}
            Err(InvalidUrl::Open { host }) => wrong.push(format!(
                "base_url: {host} would be spoken to in the open over http; write https, or allow_http = true where the network \
                 is trusted"
            )),
            Err(error) => wrong.push(format!("base_url: {error}")),
        }
        if let Some(ca_file) = self.ca_file.as_ref().filter(|path| !path.is_absolute()) {
            wrong.push(format!("ca_file = {:?} must be an absolute path", ca_file.display().to_string()));
        }
        if self.ca_file.is_some() && !self.verify_tls {
            wrong.push("ca_file has no effect with verify_tls = false: leave one of them out".to_owned());
        }
        let proxy = self.proxy.as_deref().map(str::trim).filter(|proxy| !proxy.is_empty());
        if let Some(Err(error)) = proxy.map(BaseUrl::parse_open)
            // A proxy may want a name and a password. SOCKS is not spoken.
            && !matches!(error, InvalidUrl::Credentials { .. })
        {
            wrong.push(format!("proxy: {error}"));
        }
        let rate = self.requests_per_second;
        if !(rate.is_finite() && (0.001..=1_000.0).contains(&rate)) {
            wrong.push(format!("requests_per_second = {rate} is not between 0.001 and 1000"));
        }
        if !(0.0..=100.0).contains(&self.count_tolerance_percent) {
            wrong.push("count_tolerance_percent is not between 0 and 100".to_owned());
        }
        if !(0.0..=1.0).contains(&self.retry.jitter) {
            wrong.push("retry.jitter is not between 0 and 1".to_owned());
        }
    }

    fn check_times(&self, wrong: &mut Vec<String>) {
        let times = &self.timeouts;
        let all = [
            ("connect", times.connect),
            ("meta", times.meta),
            ("first_byte", times.first_byte),
            ("first_byte_xlsx", times.first_byte_xlsx),
            ("idle", times.idle),
            ("export", times.export),
        ];
        let none = all.into_iter().filter(|(_, time)| time.get().is_zero());
        wrong.extend(none.map(|(key, _)| format!("timeouts.{key} is no time at all: nothing could succeed")));
    }

    fn check_files(&self, wrong: &mut Vec<String>) {
        let is_octal =
            !self.file_mode.is_empty() && self.file_mode.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
        match u32::from_str_radix(&self.file_mode, 8) {
            Ok(mode) if is_octal && mode <= 0o777 && mode & OWNER_READS == 0 => wrong.push(format!(
                "file_mode = {:?} keeps the daemon itself from reading its files, which it does to see that they are whole",
                self.file_mode
            )),
            Ok(mode) if is_octal && mode <= 0o777 => {}
            _ => wrong
                .push(format!("file_mode = {:?} is no mode in octal, such as \"0640\"", self.file_mode)),
        }
        if let Some(dir) = self.output_dir.as_ref().filter(|dir| !dir.is_absolute()) {
            wrong.push(format!("output_dir = {:?} must be an absolute path", dir.display().to_string()));
        }
        if self.output_dir.is_none() && !self.item.is_empty() {
            wrong.push("output_dir is missing: there are items to export".to_owned());
        }
        if let Some(Err(error)) = self.template.as_deref().map(template) {
            wrong.push(error);
        }
        if let Some(delimiter) = self.csv_delimiter.filter(|char| !(char.is_ascii() && delimits(*char))) {
            wrong.push(format!(
                "csv_delimiter = {delimiter:?} cannot stand between cells: it is one ASCII character, no quote and no end of a \
                 line, such as \";\" or \"\\t\""
            ));
        }
    }

    fn check_items(&self, wrong: &mut Vec<String>) {
        let mut names = BTreeSet::new();
        for (at, item) in self.item.iter().enumerate() {
            let name = item.name.trim();
            let here =
                if name.is_empty() { format!("item[{at}]") } else { format!("item[{at}] ({:?})", item.name) };
            if name.is_empty() {
                wrong.push(format!("{here} has no name: following tasks and manifests know it by name"));
            } else if !names.insert(name) {
                wrong.push(format!("{here}: name: another item has the same name"));
            }
            wrong.extend(item.wrong().into_iter().map(|what| format!("{here}: {what}")));
        }
    }
}

/// A template as somebody wrote it. Names would be made fit without its steps upward: whoever writes them means something else.
fn template(written: &str) -> Result<Template, String> {
    let template = Template::parse(written).map_err(|error| error.to_string())?;
    if written.split('/').any(|folder| matches!(folder.trim(), "" | "." | "..")) {
        return Err(format!(
            "template {written:?}: a folder in it is empty, \".\" or \"..\", and files stay below the folder of a run"
        ));
    }
    Ok(template)
}
