//! Exports of a simulated Metabase through the real program, over HTTP on loopback, beside `curl -o` of the same answers: how
//! fast they come to disk with all proofs on, and how much memory that takes. That files are right is tested elsewhere.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use roundsman_simulators::{
    Metabase, MetabaseScenario,
    metabase::{CardSetup, Release, Rows},
};
use roundsman_task::SystemClock;
use roundsman_tests::daemon::Site;
use serde_json::Value;

use crate::{
    bench::{Bench, roundsman, say},
    report::{Row, Target, Unit},
};

const MIB: f64 = 1_048_576.0;
/// The question.
const CARD: u64 = 1;
/// Bytes per row are found with so many of them.
const PROBE: u64 = 102_400;
/// How much the server sends at a time: enough not to be what is measured.
const PIECE: usize = 128 << 10;
/// How often the worker's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Of a bare download's throughput.
const HALF: Target = Target::OfBaseline(0.5);
/// The worker's resident memory, whatever the size.
const MEMORY: Target = Target::AtMost(40.0);

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let stand = Stand::new(bench)?;
    let mib = |real, quick| bench.size(real, quick) as u64 * (1 << 20);
    let mut rows = stand.plain("csv", mib(2_048, 64))?;
    rows.extend(stand.packed("csv", mib(200, 8))?);
    rows.extend(stand.plain("json", mib(1_024, 64))?);
    rows.extend(stand.packed("json", mib(100, 8))?);
    let table = bench.size(1_000_000, 20_000) as u64;
    rows.extend(stand.workbook("xlsx", "xlsx", table)?);
    rows.extend(stand.workbook("xlsx-local", "csv", table)?);
    Ok(rows)
}

/// A server with one question, and a site that exports it.
struct Stand {
    site: Site,
    sim: Metabase,
}

/// A file that came, and what that took.
struct Came {
    bytes: u64,
    secs: f64,
}

/// An export: what it wrote, what came over the wire is the baseline's to tell.
struct Exported {
    came: Came,
    memory_mib: f64,
}

impl Came {
    fn mib_per_sec(&self) -> f64 {
        self.bytes as f64 / MIB / self.secs
    }

    fn millis(&self) -> f64 {
        self.secs * 1e3
    }
}

impl Stand {
    fn new(bench: &Bench) -> Result<Self> {
        let scenario = MetabaseScenario::new(Release::V56).card(CardSetup::native(CARD, "History"));
        let scenario = scenario.set(|settings| settings.piece = PIECE);
        let started = Metabase::start(Arc::new(SystemClock), scenario);
        let sim = bench.within(Duration::from_secs(10), started)?;
        let site = Site::of(roundsman()?, None, "");
        fs::create_dir_all(site.path("files"))?;
        site.configure(&task(&sim.url(), &site.path("files").display().to_string()));
        Ok(Self { site, sim })
    }

    /// An answer that is not packed: the same bytes on the wire and on disk.
    fn plain(&self, format: &str, bytes: u64) -> Result<Vec<Row>> {
        self.sim.set(|settings| settings.strips_gzip = true);
        self.give(PROBE);
        let rows = bytes * PROBE / self.curl(format, &[])?.bytes.max(1);
        self.give(rows);
        let name = format!("{format}, {} MiB as they are", bytes >> 20);
        say(&format!("{name}: {rows} rows"));
        let bare = self.curl(format, &[])?;
        let ours = self.export(format, rows)?;
        ensure!(ours.came.bytes == bare.bytes, "curl wrote {} bytes, we {}", bare.bytes, ours.came.bytes);
        let speed = Row::new(format!("{name}, beside curl -o"), ours.came.mib_per_sec(), Unit::MiBPerSecond);
        Ok(vec![speed.beside(bare.mib_per_sec()).target(HALF), memory(&name, &ours)])
    }

    /// An answer of this packed length. The same file comes from `curl --compressed -o`; `curl -o` leaves it packed.
    fn packed(&self, format: &str, bytes: u64) -> Result<Vec<Row>> {
        const GZIP: [&str; 2] = ["--header", "accept-encoding: gzip"];
        self.sim.set(|settings| settings.strips_gzip = false);
        self.give(PROBE);
        let rows = bytes * PROBE / self.curl(format, &GZIP)?.bytes.max(1);
        self.give(rows);
        let name = format!("{format}, {} MiB of gzip", bytes >> 20);
        say(&format!("{name}: {rows} rows"));
        let wire = self.curl(format, &GZIP)?;
        let bare = self.curl(format, &["--compressed"])?;
        let ours = self.export(format, rows)?;
        ensure!(ours.came.bytes == bare.bytes, "curl wrote {} bytes, we {}", bare.bytes, ours.came.bytes);
        let speed = ours.came.mib_per_sec();
        let of_wire = wire.bytes as f64 / MIB / ours.came.secs;
        let unpacked = format!("{name}, unpacked, beside curl --compressed -o");
        let left = format!("{name}, on the wire, beside curl -o, which leaves it packed");
        Ok(vec![
            Row::new(unpacked, speed, Unit::MiBPerSecond).beside(bare.mib_per_sec()).target(HALF),
            Row::new(left, of_wire, Unit::MiBPerSecond).beside(wire.mib_per_sec()),
            memory(&name, &ours),
        ])
    }

    /// A workbook, the server's or ours. The server makes its own before it sends the first byte: that is in both times.
    fn workbook(&self, format: &str, asked: &str, rows: u64) -> Result<Vec<Row>> {
        self.sim.set(|settings| settings.strips_gzip = false);
        self.give(rows);
        let name = format!("{format}, {rows} rows");
        say(&name);
        let bare = self.curl(asked, &["--compressed"])?;
        let ours = self.export(format, rows)?;
        let took =
            Row::new(format!("{name}, beside curl -o of its {asked}"), ours.came.millis(), Unit::Millis);
        Ok(vec![took.beside(bare.millis()), memory(&name, &ours)])
    }

    /// From now on the question has so many rows, and no limit cuts them.
    fn give(&self, rows: u64) {
        self.sim.set(|settings| settings.download_row_limit = Some(rows.max(1_048_575) + 1));
        self.sim.set_rows(CARD, Rows::repeated(rows));
    }

    /// A bare download. What it left behind unwritten does not burden the next one.
    #[expect(clippy::disallowed_methods, reason = "the program that is compared with")]
    fn curl(&self, format: &str, more: &[&str]) -> Result<Came> {
        let file = self.site.path("files").join("bare");
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--output"]).arg(&file);
        command.args(["--header", &format!("x-api-key: {}", self.sim.api_key())]).args(more);
        command.args(["--data", "format_rows=false&pivot_results=false"]);
        command.arg(format!("{}/api/card/{CARD}/query/{format}", self.sim.url()));
        let begun = Instant::now();
        let output = command.output().context("cannot run curl: install the package curl")?;
        let secs = begun.elapsed().as_secs_f64();
        ensure!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr));
        Ok(Came { bytes: length_and_away(file)?, secs })
    }

    /// The same by the kind, in its worker: the whole command, until the file is durably there.
    #[expect(clippy::disallowed_methods, reason = "looks at another process until it ends")]
    fn export(&self, format: &str, rows: u64) -> Result<Exported> {
        let file = self.site.path("files").join("export");
        let output = format!("output={}", file.display());
        let (id, form) = (format!("id={CARD}"), format!("format={format}"));
        let asked = ["run-task", "metabase", "question", "--json", "-p", &id, "-p", &form, "-p", &output];
        let mut command = self.site.command(&asked);
        command.env("METABASE_API_KEY", self.sim.api_key()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let begun = Instant::now();
        let mut child = command.spawn()?;
        let mut peak_kib = None;
        while child.try_wait()?.is_none() {
            peak_kib = worker_peak_kib(child.id()).or(peak_kib);
            thread::sleep(LOOK_EVERY); // sleep: the pace of looking at another process
        }
        let secs = begun.elapsed().as_secs_f64();
        let output = child.wait_with_output()?;
        let wrong = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{asked:?}: {wrong}{}", String::from_utf8_lossy(&output.stdout));
        let ended: Value = serde_json::from_slice(&output.stdout).context("run-task printed no JSON")?;
        let done = &ended["outcome"]["detail"][0];
        ensure!(done["rows"] == rows, "{rows} rows were there: {ended}");
        let path = done["path"].as_str().context("the export does not tell its file")?;
        let came = Came { bytes: length_and_away(path.into())?, secs };
        let memory_mib = peak_kib.context("the worker was never seen")? / 1_024.0;
        Ok(Exported { came, memory_mib })
    }
}

/// The most that the child of this process, its worker, had resident so far. What the kernel tells after its end will not
/// do: for a process that was started by vfork that is at least what its parent had.
fn worker_peak_kib(parent: u32) -> Option<f64> {
    let threads = fs::read_dir(format!("/proc/{parent}/task")).ok()?;
    let children =
        threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let worker =
        children.flat_map(|ids| ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).next()?;
    let status = fs::read_to_string(format!("/proc/{worker}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn memory(name: &str, exported: &Exported) -> Row {
    Row::new(format!("{name}, worker's memory at most"), exported.memory_mib, Unit::MiB).target(MEMORY)
}

/// The length of a file, which is removed, and what is not on disk yet is waited for.
fn length_and_away(file: PathBuf) -> Result<u64> {
    let about = fs::metadata(&file).with_context(|| format!("cannot look at {}", file.display()))?;
    fs::remove_file(&file)?;
    rustix::fs::sync();
    Ok(about.len())
}

/// The question on request, asked for as fast as the server likes.
fn task(url: &str, folder: &str) -> String {
    format!(
        "[tasks.metabase]\nuses = \"metabase-export\"\nschedule = \"0 0 29 2 *\"\ntimeout = \"1h\"\n\
         retry = {{ attempts = 1 }}\n\n[tasks.metabase.with]\nbase_url = \"{url}\"\nauth = \"api_key\"\n\
         output_dir = \"{folder}\"\nrequests_per_second = 100\nburst = 100\nretry = {{ max_attempts = 1 }}\n\n\
         [[tasks.metabase.with.item]]\nname = \"history\"\ncard = {CARD}\n"
    )
}
