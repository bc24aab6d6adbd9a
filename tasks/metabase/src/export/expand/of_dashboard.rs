//! The questions of a dashboard, in the order in which people see them, with the dashboard's parameters.

use roundsman_task::TaskError;

use super::{Expander, Found, of_questions::in_trash, unless_for_all};
use crate::{
    config::{CardRef, Item},
    params,
    server::{CardName, Dashboard, Source},
};

impl Expander<'_> {
    pub(super) async fn dashboard(
        &self,
        item: &Item,
        asked: &CardRef,
        already: usize,
    ) -> Result<Vec<Found>, TaskError> {
        let dashboard = match unless_for_all(self.server.dashboard(asked).await)? {
            Ok(dashboard) => dashboard,
            Err(failure) => return Ok(vec![Found::missing_dashboard(asked, failure.into())]),
        };
        if dashboard.archived {
            let what = format!("dashboard {} ({})", dashboard.id, dashboard.name);
            return Ok(vec![Found::missing_dashboard(asked, in_trash(&what))]);
        }
        let shown = shown(&dashboard, item.include_series.unwrap_or(true));
        self.check_count(already + shown.len())?;
        let cards: Vec<_> = shown.iter().map(|(_, card)| CardRef::Number(card.id)).collect();
        // Questions that we may see on the dashboard only have no types; that alone keeps none from being exported.
        let cards = self.ask_cards(&cards).await?.into_iter().map(Result::ok);
        let parameters = params::of_dashboard(&dashboard, &item.params, &self.days)?;
        let mut found = Vec::with_capacity(shown.len());
        for ((dashcard, name), card) in shown.into_iter().zip(cards) {
            let named = card.as_ref().map(|card| card.name.clone()).filter(|name| !name.is_empty());
            found.push(Found {
                source: Source::DashboardCard { dashboard: dashboard.id, dashcard, card: name.id },
                card_id: Some(name.id),
                name: if name.name.is_empty() { named.unwrap_or_default() } else { name.name.clone() },
                card,
                dashboard: Some((dashboard.id, dashboard.name.clone())),
                collection: Vec::new(),
                parameters: parameters.clone(),
                refused: None,
            });
        }
        Ok(found)
    }
}

/// The questions that are shown, with the places that show them.
fn shown(dashboard: &Dashboard, with_series: bool) -> Vec<(u64, &CardName)> {
    let mut shown = Vec::new();
    for place in &dashboard.cards {
        let Some(card) = &place.card else { continue };
        shown.push((place.id, card));
        if with_series {
            shown.extend(place.series.iter().map(|card| (place.id, card)));
        }
    }
    shown
}
