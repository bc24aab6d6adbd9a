//! Files whose making is stopped on the way: nothing is left of them, and what was there stays.

use std::{
    fs, io,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use roundsman_metabase::{
    config::Post,
    local::{CsvStyle, LocalError, Refinement, Sheet, refine, workbook},
};

use crate::{Folder, target};

const ROWS: u64 = 40_000;

/// Figures that no packing makes small, so that a good part of them is written before the end.
static EXPORT: LazyLock<String> = LazyLock::new(|| {
    let rows = (0..ROWS).map(|row| format!("{row},{}\n", row.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    "a,b\n".to_owned() + &rows.collect::<String>()
});

fn folder() -> Folder {
    let folder = Folder::with(EXPORT.as_bytes());
    fs::write(folder.made(), "old").unwrap();
    folder
}

/// Stops the work at each of so many looks, until it needs no more of them. Says how many there were.
fn stopped_at_each(
    made: impl Fn(&Folder, &(dyn Fn() -> io::Result<()> + Sync)) -> Result<(), LocalError>,
) -> u32 {
    for last in 0.. {
        let (folder, looks) = (folder(), AtomicU32::new(0));
        let look = || match looks.fetch_add(1, Ordering::Relaxed) {
            look if look < last => Ok(()),
            _ => Err(io::Error::other("stop")),
        };
        match made(&folder, &look) {
            Ok(()) => return last,
            Err(LocalError::Read { source, .. } | LocalError::Write { source, .. }) => {
                assert_eq!(source.to_string(), "stop");
            }
            Err(error) => panic!("at look {last}: {error}"),
        }
        // Writers that are dropped try once more to bring out what they hold.
        assert!(looks.into_inner() <= last + 5, "the work goes on");
        assert_eq!(fs::read(folder.made()).unwrap(), b"old");
        let left = fs::read_dir(folder.export().parent().unwrap()).unwrap().count();
        assert_eq!(left, 2, "what was made so far is gone");
    }
    unreachable!("there are only so many pieces")
}

#[test]
fn packing_and_rewriting() {
    for pack in [None, Some(Post::Gzip), Some(Post::Zstd)] {
        for csv in [None, Some(CsvStyle { crlf: true, ..CsvStyle::default() })] {
            let refinement = Refinement { csv, pack };
            let looks = stopped_at_each(|folder, look| {
                let (part, path) = (folder.part(), folder.made());
                refine(&folder.export(), target(&part, &path), &refinement, look).map(drop)
            });
            assert!(looks > 15, "{refinement:?}: {looks}");
        }
    }
}

#[test]
fn workbooks() {
    let sheet = Sheet { name: "Sheet".to_owned(), types: Vec::new(), rows: ROWS };
    let looks = stopped_at_each(|folder, look| {
        let (part, path) = (folder.part(), folder.made());
        workbook(&folder.export(), target(&part, &path), &sheet, look).map(drop)
    });
    assert!(looks > 15, "{looks}");
}
