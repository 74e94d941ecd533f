//! `sentra ingest`

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use sentra_decode::Decoder;
use sentra_intake::file::{FileProblem, LogSink, RecordSink};
use sentra_intake::http::{PACKED_MEDIA_TYPE, pack};
use sentra_model::{DeadLetter, OwnedRecord, Source, SystemClock};
use sentra_server::api::types::{IngestAnswer, Status};

use crate::cli::IngestArguments;
use crate::client::{Client, percent_encoded};
use crate::commands::access::Access;
use crate::commands::reading::{Reported, check_format, read_all};
use crate::content::Content;
use crate::engines::Engines;
use crate::output;
use crate::progress::{self, counted};
use crate::settings;

/// Pause between two looks at the server, longer than it takes to notice a new tenant.
const SERVER_WAIT: Duration = Duration::from_millis(300);
/// Looks at the server before the command ends without it: five minutes.
const SERVER_WAITS_MAX: u32 = 1_000;

/// What was taken in.
#[derive(Debug, Default)]
struct Taken {
    accepted: u64,
    dead_letters: u64,
}

pub(crate) fn run(arguments: &IngestArguments) -> anyhow::Result<()> {
    // A server knows its own formats, and says so.
    if arguments.place.server.is_none() {
        check_format(arguments.format.as_deref(), || {
            let mut config = settings::load(None)?;
            settings::recall_rules(&arguments.place.data, &mut config);
            let options = settings::engine_options(&config)?;
            let content = Content::open(options.places(&arguments.place.data), options.decode)?;
            Ok(Decoder::clone(&content.decoder().get()))
        })?;
    }
    let access = Access::open(&arguments.place, true)?;
    let (reported, taken) = match &access {
        Access::Server(client) => into_server(arguments, client)?,
        Access::Embedded { runtime, engines, .. } => {
            let (reported, taken) = into_log(arguments, engines, runtime.handle())?;
            work_off(runtime, engines)?;
            (reported, taken)
        }
    };
    let mut summary =
        format!("{} from {} accepted", counted(taken.accepted, "record"), counted(reported.files, "file"));
    if taken.dead_letters > 0 {
        summary.push_str(&format!(", {}", counted(taken.dead_letters, "dead letter")));
    }
    if let Access::Embedded { engines, .. } = &access {
        let status = engines.status.snapshot();
        summary.push_str(&format!(
            "; {}, {}, {} not understood",
            counted(status.events, "event"),
            counted(status.incidents, "new incident"),
            counted(status.dead_letters, "record"),
        ));
    }
    output::remark(&summary);
    if reported.failures > 0 {
        bail!("{} could not be read", counted(reported.failures, "path"));
    }
    Ok(())
}

fn into_log(
    arguments: &IngestArguments,
    engines: &Engines,
    runtime: &tokio::runtime::Handle,
) -> anyhow::Result<(Reported, Taken)> {
    let tenant = arguments.place.tenant.clone();
    let config = settings::load(None)?;
    let mut sink = LogSink::new(Arc::clone(&engines.log), tenant, Arc::new(SystemClock), runtime.clone())
        .with_partitions(config.backbone.partitions);
    let format = arguments.format.as_deref();
    let intake = config.limits();
    let reported = read_all(&arguments.paths, format, &intake, &SystemClock, &mut sink);
    let taken = Taken { accepted: sink.accepted(), dead_letters: sink.dead_letters() };
    if let Some(failure) = sink.take_failure() {
        let accepted = counted(taken.accepted, "record");
        return Err(failure).with_context(|| format!("stopped after {accepted}, which are safe"));
    }
    Ok((reported, taken))
}

/// Runs the factory over what was taken in, so that the command ends with incidents and not with a queue.
fn work_off(runtime: &tokio::runtime::Runtime, engines: &Engines) -> anyhow::Result<()> {
    let bar = progress::bar(None);
    bar.set_message("detecting");
    let done = runtime.block_on(engines.catch_up(|backlog| {
        bar.set_message(format!("detecting, {} to go", counted(backlog, "record")));
    }));
    bar.finish_and_clear();
    done
}

fn into_server(arguments: &IngestArguments, client: &Client) -> anyhow::Result<(Reported, Taken)> {
    let mut sink = ServerSink { client, taken: Taken::default(), failure: None };
    let format = arguments.format.as_deref();
    let intake = settings::load(None)?.limits();
    let reported = read_all(&arguments.paths, format, &intake, &SystemClock, &mut sink);
    if sink.failure.is_none() {
        wait_for_server(client)?;
    }
    match sink.failure {
        Some(failure) => {
            let accepted = counted(sink.taken.accepted, "record");
            Err(failure.context(format!("stopped after {accepted}, which are safe")))
        }
        None => Ok((reported, sink.taken)),
    }
}

/// Waits until the server has worked off what it took, so that the next command sees it.
pub(crate) fn wait_for_server(client: &Client) -> anyhow::Result<()> {
    let bar = progress::bar(None);
    bar.set_message("detecting");
    for _ in 0..SERVER_WAITS_MAX {
        let status: Status = client.get("/api/v1/status")?;
        // The server looks for new streams five times a second; the first look comes after that.
        std::thread::sleep(SERVER_WAIT);
        if status.pipeline.lag_records == 0 {
            let again: Status = client.get("/api/v1/status")?;
            if again.pipeline.lag_records == 0 {
                bar.finish_and_clear();
                return Ok(());
            }
        }
    }
    bar.finish_and_clear();
    output::remark("the server is still working on it: see /health in the console");
    Ok(())
}

/// Sends records to a server as they were cut. Law ACK: counted when the server has answered.
struct ServerSink<'a> {
    client: &'a Client,
    taken: Taken,
    failure: Option<anyhow::Error>,
}

impl ServerSink<'_> {
    fn send(&mut self, source: &Source, records: &[OwnedRecord]) -> anyhow::Result<()> {
        let mut path = format!(
            "/api/v1/ingest?source={}&reference={}",
            percent_encoded(&source.origin),
            percent_encoded(&source.reference.to_string())
        );
        if let Some(format) = &source.format {
            path.push_str("&format=");
            path.push_str(&percent_encoded(format));
        }
        let answer: IngestAnswer = self.client.post(&path, &pack(records), PACKED_MEDIA_TYPE)?;
        self.taken.accepted += answer.accepted;
        self.taken.dead_letters += answer.rejected_total;
        Ok(())
    }
}

impl RecordSink for ServerSink<'_> {
    fn records(&mut self, source: &Source, records: Vec<OwnedRecord>) -> ControlFlow<()> {
        match self.send(source, &records) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn dead_letter(&mut self, letter: DeadLetter) -> ControlFlow<()> {
        let told = serde_json::to_vec(&letter).map_err(anyhow::Error::from).and_then(|body| {
            self.client.post::<IngestAnswer>("/api/v1/ingest/dead-letters", &body, "application/json")
        });
        match told {
            Ok(answer) => {
                self.taken.dead_letters += answer.rejected_total;
                ControlFlow::Continue(())
            }
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn problem(&mut self, _: FileProblem) {}
}
