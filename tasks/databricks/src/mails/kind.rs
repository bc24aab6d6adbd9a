//! The kinds of mails: how important each is, and the ids under which each is sent once (G.2). It writes no text.

use chrono::NaiveDate;
use roundsman_notify::{Priority, Uuid};

/// What ids of mails are made in: the version 5 UUID of the DNS name `lab-quota.example`.
const NAMESPACE: Uuid = Uuid::from_u128(0x7468_400b_3632_5be4_b9a9_7ea8_5869_b201);

/// The kinds of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailKind {
    /// A cluster was stopped.
    Stop,
    /// Polls fail, or work again.
    Incident,
    /// A cluster was started in spite of its block.
    Reoffence,
    /// A cluster is near its limit.
    Warn,
    /// What warnings say of which admins get no copies.
    Digest,
    /// What was used on a day.
    Report,
    /// Somebody wants to see whether mail works.
    Test,
}

impl MailKind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Stop, Self::Incident, Self::Reoffence, Self::Warn, Self::Digest, Self::Report, Self::Test];

    /// The name in metrics, and of the files with templates.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Incident => "incident",
            Self::Reoffence => "reoffence",
            Self::Warn => "warn",
            Self::Digest => "digest",
            Self::Report => "report",
            Self::Test => "test",
        }
    }

    /// How important it is: a stop may use the place that is kept in each hour.
    pub(super) const fn priority(self) -> Priority {
        Priority(match self {
            Self::Stop => 0,
            Self::Incident | Self::Test => 1,
            Self::Reoffence => 2,
            Self::Warn => 3,
            Self::Digest | Self::Report => 4,
        })
    }

    /// The id of such a mail: the same for the same host, cluster, day and number.
    pub fn id(self, host: &str, cluster_id: Option<&str>, day: NaiveDate, seq: u64) -> Uuid {
        let cluster_id = cluster_id.unwrap_or("-");
        let later = if seq > 0 { format!("|{seq}") } else { String::new() };
        let name = format!("{host}|{cluster_id}|{day}|{}_mail{later}", self.as_str());
        Uuid::new_v5(&NAMESPACE, name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_the_name_gives() {
        let day = "2026-11-16".parse().unwrap();
        let id = |kind: MailKind, cluster, seq| kind.id("adb-1.azuredatabricks.net", cluster, day, seq);
        let stop = id(MailKind::Stop, Some("1116-060000-lab00007"), 0);
        assert_eq!(stop.to_string(), "a4c152f7-250c-5417-a7d0-86ff710347d9");
        assert_eq!(NAMESPACE, Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"lab-quota.example"));
        let all = [
            stop,
            id(MailKind::Stop, Some("1116-060000-lab00007"), 1),
            id(MailKind::Stop, None, 0),
            id(MailKind::Warn, Some("1116-060000-lab00007"), 0),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        let named = Uuid::new_v5(&NAMESPACE, b"adb-1.azuredatabricks.net|-|2026-11-16|report_mail|2");
        assert_eq!(id(MailKind::Report, None, 2), named);
    }
}
