//! `sentra dead-letters`

use anyhow::{Context, bail};
use sentra_model::{DeadReason, EventId};
use sentra_server::api::types::{
    DeadLetterDetail, DeadLetterItem, DeadLetterPage, LetterReplayAnswer, LetterReplayBody,
};

use crate::cli::{DeadLettersListArguments, DeadLettersReplayArguments, DeadLettersShowArguments};
use crate::client::percent_encoded;
use crate::commands::access::Access;
use crate::commands::ingest::wait_for_server;
use crate::commands::reading::check_format;
use crate::output;
use crate::progress::counted;

/// Letters asked for at a time.
const PAGE_LETTERS_MAX: usize = 500;
/// Letters that are named one by one when a replay ends; the others are counted.
const LETTERS_SAID_MAX: usize = 20;

pub(crate) fn list(arguments: &DeadLettersListArguments) -> anyhow::Result<()> {
    let access = Access::open(&arguments.place, false)?;
    let (letters, total) = letters(&access, arguments.reason, arguments.limit)?;
    if arguments.json {
        return output::json(&letters);
    }
    let row = |item: &DeadLetterItem| {
        let letter = &item.letter;
        vec![
            item.id.to_string(),
            letter.reason.to_string(),
            letter.received.to_string(),
            format!("{}:{}", letter.source.origin, letter.position),
            item.replayed.map(|event| event.to_string()).unwrap_or_default(),
            letter.detail.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = letters.iter().map(row).collect();
    output::table(&["id", "reason", "received", "source", "replayed", "detail"], &rows)?;
    let shown = counted(rows.len() as u64, "dead letter");
    let of =
        if total > rows.len() as u64 { format!(" of {total}: --limit shows more") } else { String::new() };
    output::remark(&format!("{shown}{of}"));
    Ok(())
}

/// The first `limit` letters, and how many there are.
fn letters(
    access: &Access,
    reason: Option<DeadReason>,
    limit: usize,
) -> anyhow::Result<(Vec<DeadLetterItem>, u64)> {
    let mut items: Vec<DeadLetterItem> = Vec::new();
    let (mut total, mut cursor) = (0, None);
    if let Access::Embedded { runtime, engines, .. } = access {
        runtime.block_on(engines.catch_up(|_| {}))?;
    }
    while items.len() < limit {
        let wanted = (limit - items.len()).min(PAGE_LETTERS_MAX);
        let page = page(access, reason, cursor, wanted)?;
        items.extend(page.items);
        total = page.total;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok((items, total))
}

fn page(
    access: &Access,
    reason: Option<DeadReason>,
    cursor: Option<String>,
    limit: usize,
) -> anyhow::Result<DeadLetterPage> {
    match access {
        Access::Server(client) => {
            let mut path = format!("/api/v1/dead-letters?limit={limit}");
            if let Some(reason) = reason {
                path.push_str(&format!("&reason={reason}"));
            }
            if let Some(cursor) = cursor {
                path.push_str(&format!("&cursor={}", percent_encoded(&cursor)));
            }
            client.get(&path)
        }
        Access::Embedded { runtime, engines, scope } => {
            let after = cursor.map(|cursor| cursor.parse::<EventId>()).transpose()?;
            let page = runtime.block_on(engines.letters().list(scope, reason, after, limit))?;
            let items = page.items.into_iter().map(DeadLetterItem::from).collect();
            Ok(DeadLetterPage { items, next: page.next, total: page.total })
        }
    }
}

pub(crate) fn show(arguments: &DeadLettersShowArguments) -> anyhow::Result<()> {
    let id = arguments.id;
    let detail: DeadLetterDetail = match Access::open(&arguments.place, false)? {
        Access::Server(client) => client.get(&format!("/api/v1/dead-letters/{id}"))?,
        Access::Embedded { runtime, engines, scope } => runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let shown = engines.letters().show(&scope, id).await?;
            anyhow::Ok(shown.with_context(|| format!("there is no dead letter {id}"))?.into())
        })?,
    };
    if arguments.json {
        return output::json(&detail);
    }
    let letter = &detail.letter;
    output::line(&format!("{id}  {}  {}", letter.reason, output::visible(&letter.detail)))?;
    let source = &letter.source;
    output::line(&format!(
        "{}:{}  by {}  format {}  received {}",
        output::visible(&source.origin),
        letter.position,
        source.kind.as_str(),
        source.format.as_deref().unwrap_or("detected"),
        letter.received
    ))?;
    match detail.replay.as_ref().map(|replay| replay.event) {
        None => {}
        Some(Some(event)) => output::line(&format!("replayed as {event}"))?,
        Some(None) => output::line("its replay was interrupted; the next one completes it")?,
    }
    output::line("")?;
    match (&detail.raw, &detail.raw_missing) {
        (Some(raw), _) => output::line(&output::visible(raw)),
        (None, why) => {
            output::line(&output::visible(&letter.excerpt))?;
            let why = why.as_deref().unwrap_or("its record is not kept");
            output::remark(&format!("only this much is kept, and it cannot be replayed: {why}"));
            Ok(())
        }
    }
}

pub(crate) fn replay(arguments: &DeadLettersReplayArguments) -> anyhow::Result<()> {
    let access = Access::open(&arguments.place, false)?;
    if let Access::Embedded { runtime, engines, .. } = &access {
        check_format(arguments.format.as_deref(), || Ok((*engines.content.decoder().get()).clone()))?;
        runtime.block_on(engines.catch_up(|_| {}))?;
    }
    let mut whole = LetterReplayAnswer::default();
    for body in bodies(arguments) {
        let mut body = Some(body);
        while let Some(asked) = body.take() {
            let answer = step(&access, asked.clone())?;
            body = answer.next.map(|next| LetterReplayBody { cursor: Some(next), ..asked });
            whole.replayed.extend(answer.replayed);
            whole.still_dead.extend(answer.still_dead);
            whole.not_replayable.extend(answer.not_replayable);
        }
    }
    if !arguments.dry_run && !whole.replayed.is_empty() {
        match &access {
            Access::Server(client) => wait_for_server(client)?,
            Access::Embedded { runtime, engines, .. } => runtime.block_on(engines.catch_up(|_| {}))?,
        }
    }
    if arguments.json {
        output::json(&whole)?;
    } else {
        say(&whole)?;
    }
    let would = if arguments.dry_run { " would be" } else { "" };
    output::remark(&format!(
        "{}{would} replayed, {} still dead, {} not replayable",
        counted(whole.replayed.len() as u64, "letter"),
        whole.still_dead.len(),
        whole.not_replayable.len(),
    ));
    // Who named letters wants them replayed; who said "all" takes what there is.
    let failed = whole.still_dead.len() + whole.not_replayable.len();
    if failed > 0 && !arguments.ids.is_empty() {
        bail!("{} could not be replayed", counted(failed as u64, "letter"));
    }
    Ok(())
}

/// What to ask for: letters that are named in portions, others page by page.
fn bodies(arguments: &DeadLettersReplayArguments) -> Vec<LetterReplayBody> {
    let body = LetterReplayBody {
        all: arguments.all,
        reason: arguments.reason,
        format: arguments.format.clone(),
        dry_run: arguments.dry_run,
        ..LetterReplayBody::default()
    };
    if arguments.ids.is_empty() {
        return vec![body];
    }
    let portions = arguments.ids.chunks(PAGE_LETTERS_MAX);
    portions.map(|ids| LetterReplayBody { ids: Some(ids.to_vec()), ..body.clone() }).collect()
}

fn step(access: &Access, body: LetterReplayBody) -> anyhow::Result<LetterReplayAnswer> {
    match access {
        Access::Server(client) => {
            client.post("/api/v1/dead-letters/replay", &serde_json::to_vec(&body)?, "application/json")
        }
        Access::Embedded { runtime, engines, scope } => {
            let request = body.into_request().map_err(|wrong| output::Usage(wrong.to_owned()))?;
            Ok(runtime.block_on(engines.letters().replay(scope, request))?.into())
        }
    }
}

fn say(answer: &LetterReplayAnswer) -> anyhow::Result<()> {
    let replayed = answer.replayed.iter().map(|letter| {
        let event = letter.event.map(|event| event.to_string()).unwrap_or_default();
        vec![letter.id.to_string(), event, format!("{} in {}", letter.format, letter.mart)]
    });
    let dead = answer.still_dead.iter().map(|letter| (letter.id, "still dead", &letter.detail));
    let never = answer.not_replayable.iter().map(|letter| (letter.id, "not replayable", &letter.why));
    let others = dead.chain(never).map(|(id, what, why)| vec![id.to_string(), what.to_owned(), why.clone()]);
    let rows: Vec<Vec<String>> =
        replayed.take(LETTERS_SAID_MAX).chain(others.take(LETTERS_SAID_MAX)).collect();
    output::table(&["letter", "record", "what became of it"], &rows)
}
