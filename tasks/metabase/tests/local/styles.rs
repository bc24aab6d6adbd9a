//! Packing and CSV written anew. Workbooks are elsewhere.

use std::{fs, io::Read as _};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use roundsman_metabase::{
    config::Post,
    local::{ColumnType, CsvStyle, LocalError, Refinement},
};

use crate::Folder;

fn rewritten(export: &str, style: CsvStyle) -> String {
    let folder = Folder::with(export.as_bytes());
    let finished = folder.refine(&Refinement { csv: Some(style), pack: None }).unwrap();
    String::from_utf8(folder.bytes(&finished)).unwrap()
}

#[test]
fn files_are_packed_and_the_same_content_is_the_same_file() {
    let export = "a,b\n1,2\n".repeat(50_000).into_bytes();
    for (post, unpack) in [
        (
            Post::Gzip,
            (|bytes| {
                let mut text = Vec::new();
                flate2::read::GzDecoder::new(bytes).read_to_end(&mut text).unwrap();
                text
            }) as fn(&[u8]) -> Vec<u8>,
        ),
        (Post::Zstd, |bytes| zstd::decode_all(bytes).unwrap()),
    ] {
        let refinement = Refinement { csv: None, pack: Some(post) };
        let (one, two) = (Folder::with(&export), Folder::with(&export));
        let finished = one.refine(&refinement).unwrap();
        assert_eq!(finished, two.refine(&refinement).unwrap());
        let packed = one.bytes(&finished);
        assert!(packed.len() < export.len() / 10);
        assert_eq!(unpack(&packed), export);
        assert_eq!(fs::read(one.export()).unwrap(), export, "what it was made of stays");
    }
}

#[test]
fn styles_change_what_is_around_cells() {
    let export = "a,b;c\n1,\"x,y\"\n\"l1\nl2\",\"say \"\"hi\"\"\"\n,\n";
    let style = CsvStyle::default;
    for (style, expected) in [
        (style(), export.to_owned()),
        (CsvStyle { bom: true, ..style() }, format!("\u{feff}{export}")),
        (
            CsvStyle { delimiter: Some(';'), ..style() },
            "a;\"b;c\"\n1;\"x,y\"\n\"l1\nl2\";\"say \"\"hi\"\"\"\n;\n".to_owned(),
        ),
        (
            CsvStyle { delimiter: Some('¦'), ..style() },
            export
                .replace("a,b", "a¦b")
                .replace("1,\"", "1¦\"")
                .replace("\",\"", "\"¦\"")
                .replace("\n,\n", "\n¦\n"),
        ),
        (
            CsvStyle { crlf: true, ..style() },
            "a,b;c\r\n1,\"x,y\"\r\n\"l1\nl2\",\"say \"\"hi\"\"\"\r\n,\r\n".to_owned(),
        ),
    ] {
        assert_eq!(rewritten(export, style.clone()), expected, "{style:?}");
    }
    assert_eq!(rewritten("\u{feff}a\n1\n", CsvStyle { bom: true, ..style() }), "\u{feff}a\n1\n");
    assert_eq!(rewritten("a\r\n1\r\n\"2\"\r\n", style()), "a\n1\n\"2\"\n");
    for delimiter in ['"', '\n', '\r'] {
        let refused = Folder::with(b"a\n").refine(&Refinement {
            csv: Some(CsvStyle { delimiter: Some(delimiter), ..style() }),
            pack: None,
        });
        assert!(matches!(refused, Err(LocalError::Delimiter(_))));
    }
}

#[test]
fn formulas_are_guarded_in_columns_of_text_only() {
    use ColumnType::{Float, Integer, Text, Unknown};
    let style = CsvStyle { formula_guard: Some(vec![Text, Integer, Float, Unknown]), ..CsvStyle::default() };
    let export = "=a,-b,c,d\n=1+1,-5,-1.5,-7\n-x,-5,,-x\n@cmd,1,2,+1e5\n\"\t=a,\",1,2,=1\n\"\rx\",0,0,x\n\"=\"\"q\"\"\",0,0,-\n";
    let guarded = "'=a,'-b,c,d\n'=1+1,-5,-1.5,-7\n'-x,-5,,'-x\n'@cmd,1,2,+1e5\n\"'\t=a,\",1,2,'=1\n\"'\rx\",0,0,x\n\"'=\"\"q\"\"\",0,0,'-\n";
    assert_eq!(rewritten(export, style.clone()), guarded);
    // What the server still knows of a column may be of another query.
    assert_eq!(
        rewritten("a,b\nx,=1\nx,@y\nx,\t1\nx,\"-1,234.5\"\n", style.clone()),
        "a,b\nx,'=1\nx,'@y\nx,'\t1\nx,\"-1,234.5\"\n"
    );
    let long = format!("a\n={}\n", "x".repeat(200_000));
    assert_eq!(rewritten(&long, style), format!("a\n\"'={}\"\n", "x".repeat(200_000)));
}

#[test]
fn cells_survive_every_style() {
    let mut rng = StdRng::seed_from_u64(7);
    let pieces = ["", "a", ";", ",", "\"", "\n", "\r\n", "\r", "ü", "\t", "=", "-1"];
    for _ in 0..300 {
        let width = rng.random_range(1..4);
        let mut cell = || match rng.random_range(0..40) {
            0 => pieces.choose(&mut rng).unwrap().repeat(70_000),
            _ => (0..rng.random_range(0..4)).map(|_| *pieces.choose(&mut rng).unwrap()).collect(),
        };
        let records: Vec<Vec<String>> = (0..4).map(|_| (0..width).map(|_| cell()).collect()).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        for record in &records {
            writer.write_record(record).unwrap();
        }
        let export = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let style = CsvStyle {
            bom: false,
            delimiter: *[None, Some(';'), Some('\t')].choose(&mut rng).unwrap(),
            crlf: rng.random(),
            formula_guard: None,
        };
        let delimiter = style.delimiter.map_or(b',', |delimiter| delimiter as u8);
        let text = rewritten(&export, style);
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(text.as_bytes());
        let read: Vec<Vec<String>> =
            reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
        assert_eq!(read, records);
    }
}

#[test]
fn a_failure_leaves_neither_a_part_nor_a_changed_file() {
    for export in ["a\n1", "a\n\"1\n", "a\nx\"y\n", ""] {
        let folder = Folder::with(export.as_bytes());
        fs::write(folder.made(), "old").unwrap();
        let refused = folder.refine(&Refinement { csv: Some(CsvStyle::default()), pack: Some(Post::Gzip) });
        assert!(matches!(refused, Err(LocalError::NotCsv { .. })), "{export:?}: {refused:?}");
        assert!(!folder.part().exists());
        assert_eq!(fs::read(folder.made()).unwrap(), b"old");
    }
    let folder = Folder::with(b"a\n");
    fs::write(folder.part(), "somebody else's").unwrap();
    assert!(matches!(folder.refine(&Refinement::default()), Err(LocalError::Write { .. })));
    assert_eq!(fs::read(folder.part()).unwrap(), b"somebody else's");
    fs::remove_file(folder.export()).unwrap();
    fs::remove_file(folder.part()).unwrap();
    assert!(matches!(folder.refine(&Refinement::default()), Err(LocalError::Read { .. })));
    assert!(!folder.part().exists());
}
