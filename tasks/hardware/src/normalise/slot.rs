//! Slots as keys: two parts that claim the same slot get different ones, the same way each time. Nothing is dropped.

use std::collections::{BTreeMap, BTreeSet};

use super::text::short_name;
use crate::record::{Component, ComponentKind};

/// Gives parts of one kind with equal slots the slots `PSU`, `PSU#2`, …, in the order of their serial numbers and then of
/// their appearance. A slot that is already taken by another part is passed over.
pub fn make_unique(components: &mut [Component]) {
    let mut taken: BTreeSet<(ComponentKind, String)> =
        components.iter().map(|component| (component.kind, component.slot.clone())).collect();
    for twins in twins(components) {
        for index in twins.into_iter().skip(1) {
            let component = &mut components[index];
            let free = (2..=taken.len() + 2)
                .map(|number| numbered(&component.slot, number))
                .find(|slot| !taken.contains(&(component.kind, slot.clone())))
                .expect("there are more numbers than slots");
            taken.insert((component.kind, free.clone()));
            component.slot = free;
        }
    }
}

/// The positions of parts that share kind and slot, in their stable order.
fn twins(components: &[Component]) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<(ComponentKind, &str), Vec<usize>> = BTreeMap::new();
    for (index, component) in components.iter().enumerate() {
        places.entry((component.kind, &component.slot)).or_default().push(index);
    }
    let mut twins: Vec<Vec<usize>> = places.into_values().filter(|indexes| indexes.len() > 1).collect();
    for indexes in &mut twins {
        indexes.sort_by_key(|index| {
            let serial = components[*index].serial.as_deref();
            (serial.is_none(), serial, *index)
        });
    }
    twins
}

fn numbered(slot: &str, number: usize) -> String {
    short_name(&format!("{slot}#{number}"))
}
