//! Sizes to whole MiB. All units are powers of 1024, as the makers of memory mean them.

const MIB: u64 = 1 << 20;

/// How many bytes a unit stands for, as a power of two; without a unit the number counts bytes.
const UNITS: [(&str, i32); 6] = [("", 0), ("k", 10), ("m", 20), ("g", 30), ("t", 40), ("p", 50)];

/// `7.80GiB`, `16 GB`, `16384 kB`, `1073741824` to the nearest MiB.
pub fn mib_from_text(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let unit = text[end..].trim();
    let unit = match unit {
        "byte" | "bytes" => "",
        _ => unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit),
    };
    let (_, power) = UNITS.iter().find(|(name, _)| *name == unit)?;
    whole(number * f64::from(power - 20).exp2())
}

/// GiB with fractions to the nearest MiB: 192 → 196608.
pub fn mib_from_gib(gib: f64) -> Option<u64> {
    whole(gib * 1024.0)
}

/// KiB (which most systems write `kB`) to whole MiB.
pub const fn mib_from_kib(kib: u64) -> u64 {
    kib / 1024
}

/// Bytes to whole MiB.
pub const fn mib_from_bytes(bytes: u64) -> u64 {
    bytes / MIB
}

fn whole(mib: f64) -> Option<u64> {
    // Beyond 2^53 a float no longer counts in ones; no machine is that large.
    (mib.is_finite() && (0.0..9e15).contains(&mib)).then(|| mib.round() as u64)
}
