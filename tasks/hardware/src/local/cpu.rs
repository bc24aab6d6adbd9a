//! Processors from `/proc/cpuinfo` and the topology in sysfs. Limits of a container are not looked at.

use std::collections::BTreeSet;

use super::reader::Reader;
use crate::record::HwRecord;

const TOPOLOGY: &str = "sys/devices/system/cpu";
/// How architectures call the processor's name.
const MODEL_KEYS: [&str; 4] = ["model name", "cpu model", "cpu", "uarch"];

/// What is counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    sockets: Option<u32>,
    cores: Option<u32>,
    threads: Option<u32>,
}

pub(super) fn read(reader: &Reader, record: &mut HwRecord) {
    let info = reader.table("proc/cpuinfo").unwrap_or_default();
    let from_topology = topology(reader);
    let from_info = counted_in(&info);
    let resources = &mut record.resources;
    resources.cpu_model = model(&info);
    resources.cpu_count = from_topology.sockets.or(from_info.sockets);
    resources.cpu_cores = from_topology.cores.or(from_info.cores);
    resources.cpu_threads = from_topology.threads.or(from_info.threads);
}

/// The value behind a key in a line `key : value`.
pub(super) fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (name, value) = line.split_once(':')?;
    (name.trim() == key && !value.trim().is_empty()).then(|| value.trim())
}

fn model(info: &str) -> Option<String> {
    let first = |key: &&str| info.lines().find_map(|line| field(line, key)).map(str::to_owned);
    MODEL_KEYS.iter().find_map(first)
}

fn topology(reader: &Reader) -> Counted {
    let (mut sockets, mut cores, mut threads) = (BTreeSet::new(), BTreeSet::new(), 0);
    let mut packages_known = true;
    for cpu in reader.names(TOPOLOGY).unwrap_or_default() {
        let directory = format!("{TOPOLOGY}/{cpu}/topology");
        // A processor that is switched off has no topology.
        if !is_cpu(&cpu) || !reader.exists(&directory) {
            continue;
        }
        threads += 1;
        match reader.number::<i64>(&format!("{directory}/physical_package_id")) {
            Some(package) if package >= 0 => drop(sockets.insert(package)),
            _ => packages_known = false,
        }
        let siblings = reader.attribute(&format!("{directory}/core_cpus_list"));
        cores.extend(siblings.or_else(|| reader.attribute(&format!("{directory}/thread_siblings_list"))));
    }
    let known = |count: usize| u32::try_from(count).ok().filter(|count| *count > 0);
    let sockets = known(sockets.len()).filter(|_| packages_known);
    Counted { sockets, cores: known(cores.len()), threads: known(threads) }
}

fn is_cpu(name: &str) -> bool {
    name.strip_prefix("cpu")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

fn counted_in(info: &str) -> Counted {
    let (mut sockets, mut cores, mut threads) = (BTreeSet::new(), BTreeSet::new(), 0);
    for block in info.split("\n\n") {
        let value = |key: &str| block.lines().find_map(|line| field(line, key));
        if value("processor").is_none_or(|number| number.parse::<u32>().is_err()) {
            continue;
        }
        threads += 1;
        if let Some(package) = value("physical id") {
            sockets.insert(package);
            cores.extend(value("core id").map(|core| (package, core)));
        }
    }
    let known = |count: usize| u32::try_from(count).ok().filter(|count| *count > 0);
    Counted { sockets: known(sockets.len()), cores: known(cores.len()), threads: known(threads) }
}
