//! Steps of exports: damages strike where they were meant to, and nothing else changes.

use super::{Export, Format, Framing, Step, Steps};
use crate::{
    faults::{At, Damage, Ending, Stall},
    metabase::Rows,
};

fn export(format: Format, packed: bool) -> Export {
    Export {
        format,
        rows: Rows::awkward(30),
        formatted: false,
        bom: false,
        packed,
        name: "orders".into(),
        framing: Framing::Chunked,
        piece: 100,
        instead: None,
    }
}

fn bytes(export: &Export, damages: &[Damage]) -> Vec<u8> {
    let bytes = Steps::new(export, damages).filter_map(|step| match step {
        Step::Bytes(bytes) => Some(bytes),
        _ => None,
    });
    bytes.flatten().collect()
}

#[test]
fn a_cut_at_each_byte_leaves_what_is_before_it() {
    for (format, packed) in [(Format::Csv, false), (Format::Json, true), (Format::Xlsx, true)] {
        let export = export(format, packed);
        let all = bytes(&export, &[]);
        assert_eq!(Steps::length(&export, &[]), all.len() as u64);
        for last in 0..all.len() {
            let cut = Damage::End(At::Byte(last as u64), Ending::Closed);
            assert_eq!(bytes(&export, &[cut]), all[..last], "{format:?} after {last} bytes");
        }
    }
}

#[test]
fn a_byte_is_flipped_and_no_other() {
    let export = export(Format::Csv, true);
    let all = bytes(&export, &[]);
    for at in 0..all.len() {
        let flipped = bytes(&export, &[Damage::Flip(at as i64)]);
        assert_eq!(flipped, bytes(&export, &[Damage::Flip(at as i64 - all.len() as i64)]));
        let differ: Vec<usize> = (0..all.len()).filter(|own| all[*own] != flipped[*own]).collect();
        assert_eq!(differ, [at]);
    }
}

#[test]
fn rows_end_where_they_were_meant_to() {
    let export = export(Format::Csv, false);
    let all = bytes(&export, &[]);
    let mut before = 0;
    for row in 0..=30 {
        let cut = bytes(&export, &[Damage::End(At::Row(row), Ending::Clean)]);
        assert!(all.starts_with(&cut) && cut.ends_with(b"\n") && cut.len() > before, "{row} rows");
        before = cut.len();
        let within = bytes(&export, &[Damage::End(At::InRow(row), Ending::Clean)]);
        assert!(all.starts_with(&within) && within.len() >= cut.len());
    }
    assert_eq!(before, all.len());
}

#[test]
fn stalls_change_no_byte_and_come_in_order() {
    let export = export(Format::Json, true);
    let damages =
        [At::Byte(0), At::Row(3), At::InRow(9), At::End].map(|at| Damage::Stall(at, Stall::UntilReleased));
    let stalls = Steps::new(&export, &damages).filter(|step| matches!(step, Step::Stall(_))).count();
    assert_eq!(stalls, 4);
    assert!(matches!(Steps::new(&export, &damages).next(), Some(Step::Stall(_))));
    let plain = Export { packed: false, ..export };
    assert_eq!(bytes(&plain, &damages), bytes(&plain, &[]));
}
