//! Questions by their numbers, those of a collection, and queries of one's own.

use roundsman_task::TaskError;

use super::{Expander, Found, expanded::shown, glob::matches, unless_for_all};
use crate::{
    config::{CardRef, Item, Sql, What},
    export::failure::UnitFailure,
    params,
    server::{Again, Card, CollectionItem, FailureClass, ServerFailure, Source},
};

/// What in a collection is a question: questions, models, metrics.
const QUESTIONS: &[&str] = &["card", "dataset", "metric"];

impl Expander<'_> {
    pub(super) async fn questions(
        &self,
        item: &Item,
        cards: &[CardRef],
        already: usize,
    ) -> Result<Vec<Found>, TaskError> {
        self.check_count(already + cards.len())?;
        let answers = self.ask_cards(cards).await?;
        let found = cards.iter().zip(answers).map(|(card, answer)| self.question(item, card, answer));
        found.collect()
    }

    pub(super) async fn collection(
        &self,
        item: &Item,
        collection: &CardRef,
        already: usize,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Found>, TaskError> {
        let inside = if item.recursive {
            self.server.collection_tree(collection, QUESTIONS).await
        } else {
            self.server.collection_items(collection, QUESTIONS).await
        };
        let inside = match unless_for_all(inside)? {
            Ok(inside) => inside,
            Err(failure) => return Ok(vec![Found::missing_collection(collection, failure.into())]),
        };
        notes.extend(idle_patterns(item, &inside));
        let inside: Vec<_> = inside.into_iter().filter(|question| is_wanted(item, question)).collect();
        self.check_count(already + inside.len())?;
        let cards: Vec<_> = inside.iter().map(|question| CardRef::Number(question.id)).collect();
        let answers = self.ask_cards(&cards).await?;
        let mut found = Vec::with_capacity(inside.len());
        for ((question, card), answer) in inside.into_iter().zip(&cards).zip(answers) {
            // Old servers list what was put into the trash meanwhile.
            if answer.as_ref().is_ok_and(|card| card.archived) {
                continue;
            }
            let own = self.question(item, card, answer)?;
            // What is in the collection itself is called after the item.
            let path = if question.path.is_empty() { vec![item.name.clone()] } else { question.path };
            let name = if own.name.is_empty() { question.name } else { own.name };
            found.push(Found { collection: path, name, ..own });
        }
        Ok(found)
    }

    fn question(
        &self,
        item: &Item,
        asked: &CardRef,
        answer: Result<Card, ServerFailure>,
    ) -> Result<Found, TaskError> {
        let card = match answer {
            Ok(card) => card,
            Err(failure) => return Ok(Found::missing(asked, failure.into())),
        };
        if card.archived {
            let what = format!("question {} ({})", card.id, card.name);
            return Ok(Found { name: card.name, ..Found::missing(asked, in_trash(&what)) });
        }
        let parameters = params::of_card(&card, &item.params, &self.days)?;
        Ok(Found {
            source: Source::Card(card.id),
            card_id: Some(card.id),
            name: card.name.clone(),
            card: Some(card),
            dashboard: None,
            collection: Vec::new(),
            parameters,
            refused: None,
        })
    }

    pub(super) fn own_query(&self, item: &Item, sql: &Sql) -> Result<Found, TaskError> {
        let params::SqlParams { parameters, template_tags } =
            params::of_sql(&sql.query, &item.params, &self.days)?;
        let source = Source::Sql { database: sql.database, query: sql.query.clone(), template_tags };
        Ok(Found {
            source,
            card: None,
            card_id: None,
            name: item.name.clone(),
            dashboard: None,
            collection: Vec::new(),
            parameters,
            refused: None,
        })
    }
}

/// Patterns of names that no question has, where others have some: perhaps it was called otherwise.
fn idle_patterns(item: &Item, inside: &[CollectionItem]) -> Vec<String> {
    let is_idle =
        |pattern: &&String| !inside.iter().any(|question| matches(pattern.as_str(), &question.name));
    let idle: Vec<&String> = item.include.iter().filter(is_idle).collect();
    if idle.len() == item.include.len() {
        // That nothing is exported is told anyway.
        return Vec::new();
    }
    let note = |pattern: &String| {
        format!("item {:?}: include = {pattern:?} lets no question of the collection through", item.name)
    };
    idle.into_iter().map(note).collect()
}

fn is_wanted(item: &Item, question: &CollectionItem) -> bool {
    let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, &question.name));
    (item.include.is_empty() || any(&item.include)) && !any(&item.exclude)
}

impl Found {
    /// A question that is not there for us.
    fn missing(asked: &CardRef, failure: UnitFailure) -> Self {
        let id = match asked {
            CardRef::Number(number) => Some(*number),
            CardRef::Entity(_) => None,
        };
        let name = shown(asked);
        Self {
            source: Source::Card(id.unwrap_or_default()),
            card: None,
            card_id: id,
            name,
            dashboard: None,
            collection: Vec::new(),
            parameters: Vec::new(),
            refused: Some(failure),
        }
    }

    /// A dashboard that is not there for us, in the place of its questions.
    pub(super) fn missing_dashboard(asked: &CardRef, failure: UnitFailure) -> Self {
        Self { card_id: None, name: format!("dashboard {}", shown(asked)), ..Self::missing(asked, failure) }
    }

    /// What stands for an item that comes to nothing, though it is expected to come to something.
    pub(super) fn unmet(item: &Item, why: &str) -> Option<Self> {
        let expected = match (item.allow_empty, item.min_rows) {
            (Some(false), _) => "allow_empty = false".to_owned(),
            (_, Some(min)) if min > 0 => format!("min_rows = {min}"),
            _ => return None,
        };
        let Some(What::Dashboard(asked) | What::Collection(asked)) = item.what() else { return None };
        let failure = UnitFailure::check(format!("{why}; expected is {expected}"));
        Some(Self { card_id: None, name: item.name.clone(), ..Self::missing(asked, failure) })
    }

    /// A collection that is not there for us, in the place of its questions.
    fn missing_collection(asked: &CardRef, failure: UnitFailure) -> Self {
        Self { card_id: None, name: format!("collection {}", shown(asked)), ..Self::missing(asked, failure) }
    }
}

/// What was put into the trash: its queries run no more.
pub(super) fn in_trash(what: &str) -> UnitFailure {
    let told = format!("{what} is in the trash (archived)");
    ServerFailure::new(FailureClass::NotFound, Again::Never, told).coded("archived").into()
}
