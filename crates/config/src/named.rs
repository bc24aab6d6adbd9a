//! Pools and budgets: what tasks share under a name. It counts nothing.

use roundsman_model::{BudgetName, BudgetRule, PoolName};

use crate::{
    draft::Draft,
    node::{Entry, Table},
    origin::{Origin, Row},
    pass::Pass,
    tables::{BudgetTable, PoolTable},
    unsupported::Section,
};

/// The pools and budgets of a configuration, sorted by name.
#[derive(Default)]
pub(crate) struct Named {
    pub(crate) pools: Vec<(PoolName, u32)>,
    pub(crate) budgets: Vec<(BudgetName, BudgetRule)>,
    pub(crate) rows: Vec<Row>,
}

/// Makes them from the tables as written. What is wrong with one is reported, and leaves it out.
pub(crate) fn named(pass: &mut Pass<'_>, pools: &Table, budgets: &Table) -> Named {
    let mut named = Named::default();
    for (name, entry) in pools {
        named.pool(pass, name, entry);
    }
    for (name, entry) in budgets {
        named.budget(pass, name, entry);
    }
    named
}

impl Named {
    fn pool(&mut self, pass: &mut Pass<'_>, name: &str, entry: &Entry) {
        let Some((name, mut table)) = opened::<PoolName>(pass, name, entry, "size = 2") else { return };
        let path = &entry.node.path;
        let wanted: PoolTable = pass.section(Section::Pool, &mut table, path, Some(&entry.key));
        if let Some(size) = wanted.size {
            self.rows.push(Row::new(format!("{path}.size"), size, &origin(&table, "size")));
            self.pools.push((name, size.get()));
        }
    }

    fn budget(&mut self, pass: &mut Pass<'_>, name: &str, entry: &Entry) {
        let Some((name, mut table)) = opened::<BudgetName>(pass, name, entry, "rate = \"5/s\"") else {
            return;
        };
        let path = &entry.node.path;
        let wanted: BudgetTable = pass.section(Section::Budget, &mut table, path, Some(&entry.key));
        let Some(rate) = wanted.rate else { return };
        // Whether it can be read was checked with the table.
        let Ok(rule) = BudgetRule::parse(&rate, wanted.burst) else { return };
        self.rows.push(Row::new(format!("{path}.rate"), &rate, &origin(&table, "rate")));
        self.rows.push(Row::new(format!("{path}.burst"), rule.burst, &origin(&table, "burst")));
        self.budgets.push((name, rule));
    }
}

/// The name and the keys of one of them.
fn opened<N: std::str::FromStr<Err: std::fmt::Display>>(
    pass: &mut Pass<'_>,
    name: &str,
    entry: &Entry,
    sample: &str,
) -> Option<(N, Table)> {
    let path = &entry.node.path;
    let parsed = name.parse::<N>();
    if let Err(error) = &parsed {
        pass.drafts.push(Draft::new(path, Some(&entry.key), error.to_string()));
    }
    let Some(table) = entry.node.table() else {
        let draft = Draft::new(path, Some(&entry.node.span), "this is not a table");
        pass.drafts.push(draft.expected(format!("a table, `[{path}]` with `{sample}`")));
        return None;
    };
    Some((parsed.ok()?, table.clone()))
}

fn origin(table: &Table, key: &str) -> Origin {
    table.get(key).map_or(Origin::Default, |entry| Origin::File(entry.key.place()))
}
