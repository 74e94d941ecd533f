//! The listener for SNMP notifications: settings to a reader, and what it reads into the log.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sentra_model::{DeadReason, OwnedRecord, SourceKind};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::door::Door;
use crate::ending::Ending;
use crate::letters::dead_letter;
use crate::settings::{SnmpSettings, SnmpUser};
use crate::snmp::{
    Arrivals, AuthProtocol, Authority, BatchLimits, Communities, Community, EngineId, Limits, PrivProtocol,
    Secret, SecurityLevel, TrapReader, TrapSink, User, Users,
};
use crate::snmp_clocks::ClockBook;

/// File in the intake's directory with our engine's id and how often it has started.
const ENGINE_FILE: &str = "snmp-engine";
/// Longest file with a secret.
const SECRET_BYTES_MAX: u64 = 4_096;

/// A reader, and the clocks of its senders.
#[derive(Debug)]
pub(crate) struct Prepared {
    reader: TrapReader,
    book: Arc<ClockBook>,
}

/// A reader as `settings` say. Secrets are read from their files now.
pub(crate) fn prepare(
    settings: &SnmpSettings,
    directory: Option<&Path>,
    book: &Arc<ClockBook>,
) -> Result<Prepared, String> {
    let communities = communities(settings)?;
    let users = settings.users.iter().map(user).collect::<Result<Vec<_>, _>>()?;
    let users = Users::new(&users).map_err(|error| error.to_string())?;
    let (engine, boots) = engine(directory)?;
    let mut salt = [0; 8];
    getrandom::fill(&mut salt).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    let authority = Authority::new(engine, boots, u64::from_ne_bytes(salt), book.now_s());
    let authority = authority.map_err(|error| error.to_string())?;
    let reader = TrapReader::new(communities, users, authority, Limits::default());
    let reader = reader.map_err(|error| error.to_string())?.with_clocks(book.clocks());
    Ok(Prepared { reader, book: Arc::clone(book) })
}

fn communities(settings: &SnmpSettings) -> Result<Communities, String> {
    let named = settings.communities.iter().map(|community| {
        Ok(Community { name: community.name.clone(), secret: secret(&community.secret_file)? })
    });
    let named: Vec<Community> = named.collect::<Result<_, String>>()?;
    Ok(match named.is_empty() {
        true if settings.any_community => Communities::Any,
        true => Communities::Refused,
        false => Communities::Named(named),
    })
}

/// A digest of what the files of secrets say now, so that a reload sees when one has changed.
pub(crate) fn secrets(settings: &SnmpSettings) -> Result<[u8; 32], String> {
    let of_communities = settings.communities.iter().map(|community| &community.secret_file);
    let of_users = settings.users.iter().flat_map(|user| [&user.auth_file, &user.privacy_file]);
    let mut digest = blake3::Hasher::new();
    for path in of_communities.chain(of_users.flatten()) {
        let bytes = secret_bytes(path)?;
        digest.update(&(bytes.len() as u64).to_le_bytes());
        digest.update(&bytes);
    }
    Ok(*digest.finalize().as_bytes())
}

fn user(user: &SnmpUser) -> Result<User, String> {
    let of_user = |error: &dyn std::fmt::Display| format!("SNMP user {:?}: {error}", user.name);
    let auth = match (&user.auth, &user.auth_file) {
        (Some(name), Some(file)) => {
            Some((AuthProtocol::named(name).map_err(|error| of_user(&error))?, secret(file)?))
        }
        (None, None) => None,
        _ => return Err(of_user(&"auth and auth_file belong together")),
    };
    let privacy = match (&user.privacy, &user.privacy_file) {
        (Some(name), Some(file)) => {
            Some((PrivProtocol::named(name).map_err(|error| of_user(&error))?, secret(file)?))
        }
        (None, None) => None,
        _ => return Err(of_user(&"privacy and privacy_file belong together")),
    };
    let least = user.least.as_deref().map(|name| {
        let levels = [SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthNoPriv, SecurityLevel::AuthPriv];
        let known = levels.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(name));
        known.ok_or_else(|| of_user(&"least is noAuthNoPriv, authNoPriv or authPriv"))
    });
    let engine = user.engine.as_deref().map(|text| text.parse::<EngineId>().map_err(|error| of_user(&error)));
    Ok(User {
        name: user.name.clone(),
        auth,
        privacy,
        least: least.transpose()?,
        engine: engine.transpose()?,
    })
}

fn secret(path: &Path) -> Result<Secret, String> {
    Ok(Secret::new(secret_bytes(path)?.trim_ascii()))
}

fn secret_bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let unreadable = |error: io::Error| format!("cannot read the secret in {}: {error}", path.display());
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > SECRET_BYTES_MAX {
        return Err(format!("{} has more than {SECRET_BYTES_MAX} bytes: that is no secret", path.display()));
    }
    std::fs::read(path).map(Zeroizing::new).map_err(unreadable)
}

/// Our engine's id, made once, and the number of this start, which is durable before it is used.
fn engine(directory: Option<&Path>) -> Result<(EngineId, u32), String> {
    let known = directory.and_then(|directory| std::fs::read_to_string(directory.join(ENGINE_FILE)).ok());
    let known = known.as_deref().and_then(|text| text.trim().split_once(' '));
    let known =
        known.and_then(|(id, boots)| Some((id.parse::<EngineId>().ok()?, boots.parse::<u32>().ok()?)));
    let (engine, boots) = match known {
        Some((engine, boots)) => (engine, boots.saturating_add(1)),
        None => {
            let mut random = [0; 16];
            getrandom::fill(&mut random)
                .map_err(|error| format!("the system gives no random numbers: {error}"))?;
            (EngineId::of_random(random), 1)
        }
    };
    if let Some(directory) = directory {
        let digits: String = engine.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let path = directory.join(ENGINE_FILE);
        crate::place::replace(&path, format!("{digits} {boots}\n").as_bytes())
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok((engine, boots))
}

/// How long a door that closes for good takes what waits in its socket at most.
const REST_TIME_MAX: Duration = Duration::from_secs(2);

/// Takes notifications until the door ends.
pub(crate) async fn listen(
    socket: UdpSocket,
    prepared: Prepared,
    door: Door,
    ending: Ending,
) -> io::Result<()> {
    let limits = door.appender.limits();
    let batch = BatchLimits {
        records_max: limits.batch_records_max,
        bytes_max: limits.batch_bytes_max,
        wait_ms: limits.batch_wait_ms,
        ..BatchLimits::default()
    };
    let socket = Arc::new(socket);
    let Prepared { mut reader, book } = prepared;
    let started = book.started();
    let sink = Arc::new(Sink { door, book, stop: ending.of_process().clone(), taken: AtomicU64::new(0) });
    let mut closing: Option<Instant> = None;
    loop {
        let taken_before = sink.taken.load(Ordering::Relaxed);
        let listening = crate::snmp::listen(
            Arc::clone(&socket),
            reader,
            started,
            batch,
            Arc::clone(&sink),
            ending.token().clone(),
        );
        reader = listening.await?;
        // Law LOSS: it takes one batch when it is told to end; who closes for good takes the others too.
        let is_empty = closing.is_some() && sink.taken.load(Ordering::Relaxed) == taken_before;
        let since = closing.get_or_insert_with(Instant::now);
        if ending.is_handed_over() || is_empty || since.elapsed() > REST_TIME_MAX {
            return Ok(());
        }
    }
}

struct Sink {
    door: Door,
    book: Arc<ClockBook>,
    stop: CancellationToken,
    taken: AtomicU64,
}

impl TrapSink for Sink {
    async fn accept(&self, peer: IpAddr, arrivals: Arrivals) -> io::Result<()> {
        let count = arrivals.records.len() + arrivals.refused.len();
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        let Some(sender) = self.door.sender((peer, 0).into(), &[]) else {
            let listener = self.door.listener.name.clone();
            metrics::counter!("sentra_intake_refused_records_total", "listener" => listener)
                .increment(count as u64);
            return Ok(());
        };
        let appender = &self.door.appender;
        self.book.keep(appender.clock.now()).await;
        let source = appender.source(SourceKind::Snmp, peer.to_string(), Some("snmp".to_owned()));
        let records = (1..).zip(arrivals.records);
        let records = records.map(|(position, bytes)| OwnedRecord { position, bytes }).collect();
        let letters = (1..).zip(arrivals.refused).map(|(position, refused)| {
            let detail = refused.problem.to_string();
            let excerpt = refused.excerpt.as_bytes();
            dead_letter(&source, appender.clock.now(), position, DeadReason::Malformed, detail, excerpt)
        });
        let letters = letters.collect();
        let kept = appender.records_patiently(&sender.tenant, &source, records, letters, &self.stop).await;
        kept.map_err(io::Error::other)
    }
}
