//! Packed exports: whatever is cut or changed is seen, also a cut behind a whole record. Only where a stream is put
//! together of several, a cut between them leaves a whole stream; the server writes one.

use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use rand::{Rng as _, rngs::StdRng};
use roundsman_metabase::scan::{CsvScanner, Flaw, Inflate, JsonScanner, Scanned};

use crate::{
    csv_exports,
    damage::{Damage, document},
    json_exports, pieces, scan_packed,
    tables::small,
    until_refused,
};

fn packed(bytes: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut head = GzBuilder::new();
    if rng.random_ratio(1, 8) {
        head = head.filename("export.csv").comment("ü").extra(vec![7; rng.random_range(0..300)]);
    }
    let mut writer = head.write(Vec::new(), Compression::new(rng.random_range(0..10)));
    for piece in pieces(bytes, rng) {
        writer.write_all(piece).unwrap();
        if rng.random_ratio(1, 4) {
            // The server flushes after every row.
            writer.flush().unwrap();
        }
    }
    writer.finish().unwrap()
}

fn unpacked(bytes: &[u8], rng: &mut StdRng) -> Result<Vec<u8>, Flaw> {
    let mut inflate = Inflate::default();
    let mut unpacked = Vec::new();
    for piece in pieces(bytes, rng) {
        inflate.feed(piece, |piece| {
            unpacked.extend_from_slice(piece);
            Ok::<_, Flaw>(())
        })?;
    }
    let inflated = inflate.finish()?;
    assert_eq!((inflated.bytes_in, inflated.bytes_out), (bytes.len() as u64, unpacked.len() as u64));
    Ok(unpacked)
}

/// Damages a packed export so many times; how many were refused.
fn damaged(bytes: &[u8], plain: &[u8], times: usize, rng: &mut StdRng, scan: Scan) -> usize {
    let document = document(rng);
    let mut refused = times;
    for _ in 0..times {
        let mut damaged = bytes.to_vec();
        let at = rng.random_range(0..bytes.len());
        match rng.random_range(0..13) {
            0..5 => damaged.truncate(at),
            5 => damaged.truncate(bytes.len() - rng.random_range(1..=8)),
            6 => damaged.extend_from_slice(&document),
            7 => damaged.extend((0..rng.random_range(1..20)).map(|_| rng.random::<u8>())),
            8 => drop(damaged.drain(at..rng.random_range(at + 1..=bytes.len()))),
            9 => damaged.splice(at..at, bytes[..at].to_vec()).for_each(drop),
            10 => damaged.rotate_left(at),
            _ => {
                damaged[at] ^= rng.random_range(1..=255_u8);
            }
        }
        // A change that changes nothing: in the head, or of a place into the same.
        if let Ok(same) = unpacked(&damaged, rng) {
            assert_eq!(same, plain, "what is packed was changed");
            refused -= 1;
            continue;
        }
        let verdict = scan(&damaged, rng);
        assert!(verdict.is_err(), "accepted: {verdict:?} of {damaged:02x?}");
    }
    refused
}

type Scan = fn(&[u8], &mut StdRng) -> Result<Scanned, Flaw>;

#[test]
fn no_damage_of_packed_csv_is_accepted_and_no_export_is_refused() {
    let scan: Scan = |bytes, rng| scan_packed(CsvScanner::default(), bytes, rng);
    until_refused("packed csv", |rng| {
        let table = small(rng);
        let (plain, ends) = csv_exports::written(&table, rng);
        let bytes = packed(&plain, rng);
        assert_eq!(unpacked(&bytes, rng).unwrap(), plain);
        assert_eq!(scan(&bytes, rng).unwrap().rows, Some(table.rows.len() as u64));
        // A server that gives up: all rows up to one, flushed, and no trailer.
        let end = ends[rng.random_range(0..ends.len())];
        let mut given_up = GzBuilder::new().write(Vec::new(), Compression::fast());
        given_up.write_all(&plain[..end]).unwrap();
        given_up.flush().unwrap();
        let verdict = scan(given_up.get_ref(), rng);
        assert!(matches!(verdict, Err(Flaw::Truncated(_))), "{verdict:?}");
        damaged(&bytes, &plain, 50, rng, scan) + 1
    });
}

#[test]
fn no_damage_of_packed_json_is_accepted_and_no_export_is_refused() {
    let scan: Scan = |bytes, rng| scan_packed(JsonScanner::default(), bytes, rng);
    until_refused("packed json", |rng| {
        let table = small(rng);
        let plain = json_exports::written(&table, rng);
        let bytes = packed(&plain, rng);
        assert_eq!(scan(&bytes, rng).unwrap().rows, Some(table.rows.len() as u64));
        damaged(&bytes, &plain, 50, rng, scan)
    });
}

#[test]
fn errors_are_seen_through_the_packing() {
    until_refused("packed errors", |rng| {
        let table = small(rng);
        let (plain, _) = csv_exports::written(&table, rng);
        let document = document(rng);
        let damage = Damage::Error(rng.random_range(0..=plain.len()));
        let bytes = packed(&damage.of(&plain, &document), rng);
        damage.must_be_refused(scan_packed(CsvScanner::default(), &bytes, rng), &plain);
        100
    });
}

#[test]
fn streams_put_together_are_one() {
    until_refused("streams", |rng| {
        let parts: Vec<Vec<u8>> = (0..rng.random_range(1..5)).map(|_| document(rng)).collect();
        let bytes = parts.iter().map(|part| packed(part, rng)).collect::<Vec<_>>().concat();
        assert_eq!(unpacked(&bytes, rng).unwrap(), parts.concat());
        let mut inflate = Inflate::default();
        inflate.feed(&bytes, |_| Ok::<_, Flaw>(())).unwrap();
        let whole = inflate.finish().unwrap();
        assert_eq!(whole.members, parts.len() as u64);
        assert_eq!(whole.proves_end(), parts.len() == 1, "one could be missing");
        1_000
    });
}
