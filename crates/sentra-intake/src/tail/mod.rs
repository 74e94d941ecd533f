//! Files that are followed while they are written.
//!
//! What an operator needs to know:
//!
//! * **Paths.** `*` and `?` stand in every part of a path, `**` for any number of directories. A directory that is
//!   spelt out stands for the files in it, without those below it and without hidden ones. Files that appear later
//!   are followed too. Links are followed where a path is spelt out, and elsewhere where root or the server's own user
//!   has made them.
//! * **A new file** is read from its beginning. With `from_end` the files that are there when the source meets a path
//!   for the first time are read from their end; what appears later is new and read from its beginning.
//! * **Rotation by renaming** (`create`): the renamed file is read to its end, and until nothing was written to it for
//!   30 s, also where no path leads to it any more, or where it was deleted. The paths may lead to it or not. Its
//!   records keep the origin under which it was found.
//! * **Rotation by copying** (`copytruncate`): a file that does not hold any more what was read of it is read from its
//!   beginning, however long it is by then. A copy that the paths lead to is known by what it holds and goes on where the
//!   original was; without it what was written between the last reading and the truncation is lost, and with it what was
//!   written between the end of the copying and the truncation, which is the nature of copytruncate. A file whose first
//!   1024 bytes and whose 1024 bytes before the place are the same as before looks as if it had grown. A new
//!   file that begins with all that was read of another one, 1024 bytes or more, is a copy and not read twice.
//! * **Compressed files** (by name or first bytes) are not read: they were, before they were compressed. Files that
//!   are not text, UTF-16 among them, give one dead letter and are not read.
//! * **Lines** end in LF or CRLF. The last line waits for its end; in a renamed or deleted file it goes out as it is
//!   when nothing came for 5 s. Lines over `line_bytes_max` are dead letters. NULs before a line, as a truncation under a
//!   writer leaves them, are passed over. Lines of one audit event are one record, as are a Zeek line and its header.
//! * **Records** have the kind `tail`, as origin the path at which their file was found, and as position the byte at
//!   which they begin in it; years that are missing in them are understood from the file's modification time.
//! * **Places** stand in `DIRECTORY/NAME.places`. A file is known again by device, inode and its first 1024 bytes (and
//!   the bytes before the place), or by 1024 bytes and more of content where device or inode have changed. Without the
//!   places everything is read again. Two sources of one tenant must not follow one file.
//! * **Limits** are `tail_files_max`, `tail_open_files_max` and `tail_poll_ms` of [`Limits`](crate::Limits).
//!
//! Law ACK: a place is moved when what stands before it is durable. Law IDENTITY: a crash between the two doubles no
//! record, see [`delivery`]. Law LOSS: what cannot be read is told and counted. Law LIMIT: one batch is read ahead.

mod counts;
mod cut;
mod delivery;
mod follower;
mod joiner;
mod judge;
#[cfg(test)]
mod kill_tests;
mod pattern;
mod places;
mod print;
#[cfg(test)]
mod property_tests;
mod scan;
#[cfg(test)]
mod test_kit;
#[cfg(test)]
mod tests;
mod wake;
mod watched;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sentra_backbone::LogError;
use tokio_util::sync::CancellationToken;

use crate::{Appender, SourceSettings};
use delivery::Delivery;
use follower::{Follower, TailLimits};
use places::Places;
use wake::Wake;

/// Files that do not change are looked at this many times less often.
const QUIET_FACTOR: u32 = 4;
/// Looks without a change after which that is so.
const QUIET_LOOKS: u32 = 20;
/// Pause after the disk with the places has failed.
const FAILED_PAUSE: Duration = Duration::from_secs(1);

/// Follows the files of `settings` until `stop`, with their places remembered in `directory`. Returns when what was
/// read is durable; what found no room in the log is read again the next time.
///
/// # Errors
/// When the log takes nothing any more, or the places cannot be read.
pub(crate) async fn follow(
    settings: SourceSettings,
    directory: PathBuf,
    appender: Appender,
    stop: CancellationToken,
) -> io::Result<()> {
    let delivery = Delivery::new(appender.clone(), settings.tenant.clone());
    let limits = TailLimits::from(&*appender.limits());
    let mut follower = open(settings, directory, &appender, &delivery, limits, Instant::now()).await?;
    let mut wake = Wake::new();
    let mut quiet_looks = 0;
    while !stop.is_cancelled() {
        follower.limits = TailLimits::from(&*appender.limits());
        let step;
        (follower, step) = blocking(move || {
            let step = follower.step(Instant::now());
            (follower, step)
        })
        .await?;
        let (parts, has_more) = match step {
            Ok(step) => (step.parts, step.has_more),
            Err(error) => {
                tell_failed(&follower, &error);
                pause(FAILED_PAUSE, &stop).await;
                continue;
            }
        };
        if !parts.is_empty() {
            quiet_looks = 0;
            let intents = delivery.intents(&parts).await.map_err(closed)?;
            follower.places.intend(intents);
            let is_durable;
            (follower, is_durable) = sync(follower, &stop).await?;
            if !is_durable {
                break;
            }
            let durable = delivery.append(&parts, &stop).await.map_err(closed)?;
            follower.settle(&parts, durable);
        }
        wake.watch(follower.directories());
        if has_more {
            continue;
        }
        quiet_looks = (quiet_looks + 1).min(QUIET_LOOKS);
        let factor = if quiet_looks < QUIET_LOOKS { 1 } else { QUIET_FACTOR };
        let company = Duration::from_millis(appender.limits().batch_wait_ms);
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(follower.limits.poll * factor) => {}
            () = wake.changed() => pause(company, &stop).await,
        }
    }
    sync(follower, &stop).await.map(|_| ())
}

/// A follower that begins where the last one has ended, also where that was killed.
async fn open(
    settings: SourceSettings,
    directory: PathBuf,
    appender: &Appender,
    delivery: &Delivery,
    limits: TailLimits,
    now: Instant,
) -> io::Result<Follower> {
    let name = settings.name.clone();
    let mut places = blocking(move || Places::open(&directory, &name)).await??;
    if !places.intents().is_empty() {
        let durable = delivery.resolve(places.intents()).await.map_err(closed)?;
        let intents = places.intents().len();
        tracing::info!(
            source = settings.name,
            intents,
            durable = durable.len(),
            "appends of an earlier life were looked up"
        );
        places.settle(durable);
    }
    Ok(Follower::new(settings, limits, places, appender.clock.clone(), now))
}

/// Makes the places durable, however often that takes; false when `stop` comes before.
async fn sync(mut follower: Follower, stop: &CancellationToken) -> io::Result<(Follower, bool)> {
    loop {
        let synced;
        (follower, synced) = blocking(move || {
            let synced = follower.places.sync();
            (follower, synced)
        })
        .await?;
        let Err(error) = synced else { return Ok((follower, true)) };
        tell_failed(&follower, &error);
        if stop.is_cancelled() {
            return Ok((follower, false));
        }
        pause(FAILED_PAUSE, stop).await;
    }
}

fn tell_failed(follower: &Follower, error: &io::Error) {
    let source = &follower.settings.name;
    tracing::error!(source, %error, "cannot remember the places in followed files; trying again");
}

async fn pause(pause: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = stop.cancelled() => {}
    }
}

/// Runs `work` where blocking is allowed.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
}

fn closed(error: LogError) -> io::Error {
    io::Error::other(error)
}
