//! `sentra query --export`: a whole answer as a file.

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

use anyhow::{Context, bail};
use futures::StreamExt as _;
use indicatif::ProgressBar;
use sentra_query::{
    Asker, EXPORT_ROWS_MAX, Ending, Engine, ExportFormat, Exporter, Piece, Request, Role, Status,
};
use sentra_server::Config;
use sentra_server::api::types::QueryRequest;
use tempfile::NamedTempFile;

use crate::cli::QueryArguments;
use crate::client::Client;
use crate::commands::access::Access;
use crate::engines::Engines;
use crate::output::{self, Usage};
use crate::progress::{bar, grouped};

/// How long an answer may take that is exported by engines of this process, in milliseconds.
const EXPORT_MS_MAX: u64 = 1_800_000;
/// How much of the end of a file is looked at for what it says about itself.
const TAIL_BYTES_MAX: usize = 8 * 1024;
/// With what the line of an incomplete file begins.
const INCOMPLETE: &[u8] = b"{\"_sentra\":";

pub(crate) fn run(arguments: &QueryArguments, request: &QueryRequest, format: &str) -> anyhow::Result<()> {
    let format = format.parse::<ExportFormat>().map_err(anyhow::Error::msg)?;
    let is_standard = arguments.output.as_os_str() == "-";
    if is_standard && format == ExportFormat::Parquet && io::stdout().is_terminal() {
        let text = "Parquet is not for a terminal: name a file with --output, or pipe it on";
        return Err(Usage(text.to_owned()).into());
    }
    let access = Access::open(&arguments.place, false)?;
    let bar = bar(None);
    bar.set_message("exporting");
    let counted = |out| Counted { out, bar: bar.clone(), tail: Vec::new() };
    let incomplete = if is_standard {
        let mut out = counted(Destination::Standard(BufWriter::new(io::stdout())));
        fill(&access, request, format, arguments.safe, &mut out)?
    } else {
        // What is there under the name is whole: it is written beside it and put in its place at the end.
        let path = arguments.output.as_path();
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let file = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")));
        let file = file.with_context(|| format!("cannot make a file beside {}", path.display()))?;
        let mut out = counted(Destination::File(BufWriter::new(file)));
        let incomplete = fill(&access, request, format, arguments.safe, &mut out)?;
        out.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
        incomplete
    };
    bar.finish_and_clear();
    output::remark(&format!("{} bytes of {}", grouped(bar.position()), format.as_str()));
    if incomplete {
        output::remark("the answer is not complete: the last line of the file says why, and how to go on");
    }
    Ok(())
}

/// Writes the file; whether it says that it is not complete.
fn fill(
    access: &Access,
    request: &QueryRequest,
    format: ExportFormat,
    safe: bool,
    out: &mut Counted,
) -> anyhow::Result<bool> {
    match access {
        Access::Server(client) => download(client, request, format, safe, out)?,
        Access::Embedded { runtime, engines, scope } => {
            let asker = Asker::new(scope.clone(), Role::Admin);
            runtime.block_on(make(engines, &asker, request, format, safe, out))?;
        }
    }
    out.flush()?;
    Ok(out.is_incomplete())
}

fn download(
    client: &Client,
    request: &QueryRequest,
    format: ExportFormat,
    safe: bool,
    out: &mut Counted,
) -> anyhow::Result<()> {
    let path = format!("/api/v1/query/export?format={}&safe={safe}", format.as_str());
    let mut body = client.download(&path, &serde_json::to_vec(request)?)?;
    io::copy(&mut body.as_reader(), out).context("the server's answer broke off")?;
    Ok(())
}

async fn make(
    engines: &Engines,
    asker: &Asker,
    request: &QueryRequest,
    format: ExportFormat,
    safe: bool,
    out: &mut Counted,
) -> anyhow::Result<()> {
    engines.catch_up(|_| {}).await?;
    let engine = request.engine.as_deref().unwrap_or("auto").parse::<Engine>().map_err(anyhow::Error::msg)?;
    let request = Request {
        engine,
        rows_max: EXPORT_ROWS_MAX,
        timeout_ms: EXPORT_MS_MAX,
        whole: true,
        ..Request::new(request.text.as_str())
    };
    let config = Config::default();
    let desk = engines.query_desk(config.desk_options(), config.decision_keeping()).await?;
    let mut delivery = desk.deliver(asker, &request).await?;
    let mut file = Exporter::begin(format, &delivery.head, safe, out)?;
    while let Some(piece) = delivery.pieces.next().await {
        match piece? {
            Piece::Rows(rows) => file.rows(rows)?,
            Piece::End(ending) => {
                refuse_half(format, &ending)?;
                file.end(&ending)?;
                return Ok(());
            }
        }
    }
    bail!("the answer broke off");
}

/// A file that cannot say that it is not complete is not given.
fn refuse_half(format: ExportFormat, ending: &Ending) -> anyhow::Result<()> {
    if format.tells_its_end() || ending.status != Status::Partial {
        return Ok(());
    }
    let go_on = ending.go_on.as_deref().map(|go_on| {
        format!("; add take {EXPORT_ROWS_MAX} for the newest rows, and ask for those before with {go_on}")
    });
    bail!("the answer is not complete: {}{}", ending.detail.why, go_on.unwrap_or_default());
}

enum Destination {
    Standard(BufWriter<io::Stdout>),
    File(BufWriter<NamedTempFile>),
}

/// Bytes on their way, counted.
struct Counted {
    out: Destination,
    bar: ProgressBar,
    tail: Vec<u8>,
}

impl Counted {
    fn persist(self, path: &Path) -> anyhow::Result<()> {
        let Destination::File(out) = self.out else { return Ok(()) };
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    fn is_incomplete(&self) -> bool {
        let lines = self.tail.strip_suffix(b"\n").unwrap_or(&self.tail);
        let last = lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        last.starts_with(INCOMPLETE)
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.out {
            Destination::Standard(out) => out.write(bytes)?,
            Destination::File(out) => out.write(bytes)?,
        };
        self.bar.inc(written as u64);
        self.tail.extend_from_slice(bytes.get(..written).unwrap_or_default());
        if self.tail.len() > 2 * TAIL_BYTES_MAX {
            self.tail.drain(..self.tail.len() - TAIL_BYTES_MAX);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Destination::Standard(out) => out.flush(),
            Destination::File(out) => out.flush(),
        }
    }
}
