//! `sentra packs`

pub(crate) mod arguments;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sentra_model::{Clock, SystemClock};
use sentra_packs::{
    Order, PACKS_DIRECTORY, PackDiff, PackId, PackLabel, PackStore, Package, PrivateKey, Signature, Standing,
    StepReport, Surroundings, TRUSTED_KEYS_DIRECTORY, TrustedKeys,
};
use serde_json::{Value, json};

use self::arguments::{
    BuildArguments, DiffArguments, InstallArguments, KeygenArguments, ListArguments, PacksCommand,
    RemoveArguments, RollbackArguments, SignArguments, TermsArguments, TrustArguments, VerifyArguments,
};
use crate::cli::Place;
use crate::commands::access::running_server;
use crate::output;
use crate::progress::counted;
use crate::settings;

/// Warnings that are said one by one; the others are counted.
const WARNINGS_SAID_MAX: usize = 20;

pub(crate) fn run(command: &PacksCommand) -> anyhow::Result<()> {
    match command {
        PacksCommand::Keygen(arguments) => keygen(arguments),
        PacksCommand::Build(arguments) => build(arguments),
        PacksCommand::Sign(arguments) => sign(arguments),
        PacksCommand::Verify(arguments) => verify(arguments),
        PacksCommand::Install(arguments) => put(arguments, PackStore::install),
        PacksCommand::Upgrade(arguments) => put(arguments, PackStore::upgrade),
        PacksCommand::List(arguments) => list(arguments),
        PacksCommand::Rollback(arguments) => rollback(arguments),
        PacksCommand::Remove(arguments) => remove(arguments),
        PacksCommand::Diff(arguments) => diff(arguments),
    }
}

fn keygen(arguments: &KeygenArguments) -> anyhow::Result<()> {
    let name = &arguments.name;
    if name.is_empty() || name.contains('/') {
        bail!("{name:?} is no name of a file; --out names the directory");
    }
    let key = PrivateKey::generate(arguments.comment.as_deref().unwrap_or(name))?;
    let (private, public) =
        (arguments.out.join(format!("{name}.key")), arguments.out.join(format!("{name}.pub")));
    key.save(&private)?;
    key.public().save(&public)?;
    output::line(&format!("{}\t{}", key.public().id(), public.display()))?;
    output::remark(&format!("{} is secret: whoever has it can sign packs in your name", private.display()));
    Ok(())
}

fn build(arguments: &BuildArguments) -> anyhow::Result<()> {
    let mut package = Package::from_sources(&arguments.pack)?;
    if let Some(key) = &arguments.key {
        package.sign(&PrivateKey::load(key)?)?;
    }
    let path = package.write_archive(&arguments.out)?;
    output::line(&path.display().to_string())?;
    output::remark(&format!(
        "{} of {} with the digest {}, {}",
        counted(package.tree().len() as u64, "file"),
        package.manifest().label(),
        package.digests().pack_digest(),
        if package.signature().is_some() { "signed" } else { "not signed" },
    ));
    Ok(())
}

fn sign(arguments: &SignArguments) -> anyhow::Result<()> {
    let key = PrivateKey::load(&arguments.key)?;
    let is_directory = arguments.pack.is_dir();
    let mut package =
        if is_directory { Package::from_sources(&arguments.pack)? } else { Package::read(&arguments.pack)? };
    if let Some(path) = &arguments.detached {
        let text = Signature::make(&key, package.digests()).text();
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        return output::line(&path.display().to_string());
    }
    package.sign(&key)?;
    if is_directory {
        package.write_seal(&arguments.pack)?;
    } else {
        package.save_archive(&arguments.pack)?;
    }
    output::line(&arguments.pack.display().to_string())?;
    output::remark(&format!("{} is signed with the key {}", package.manifest().label(), key.public().id()));
    Ok(())
}

fn verify(arguments: &VerifyArguments) -> anyhow::Result<()> {
    let trusted = trusted(&arguments.trust, &arguments.place)?;
    let package = read(&arguments.pack, &arguments.trust)?;
    let standing = package.verify(&trusted)?;
    let label = package.manifest().label();
    if arguments.json {
        output::json(&json!({
            "pack": label,
            "digest": package.digests().pack_digest(),
            "signer": standing.signer(),
            "trusted": standing.is_trusted(),
        }))?;
    } else {
        output::line(&format!("{label}: {}", standing_said(&standing)))?;
    }
    anyhow::ensure!(standing.is_trusted(), "nobody who is trusted signed {label}");
    Ok(())
}

type Change = fn(&mut PackStore, &Package, &Order<'_>) -> Result<StepReport, sentra_packs::PackError>;

fn put(arguments: &InstallArguments, change: Change) -> anyhow::Result<()> {
    let package = read(&arguments.pack, &arguments.trust)?;
    let trusted = trusted(&arguments.trust, &arguments.place)?;
    step(&arguments.place, &arguments.terms, &trusted, |store, order| change(store, &package, order))
}

fn rollback(arguments: &RollbackArguments) -> anyhow::Result<()> {
    let trusted = keys_of(&arguments.place)?;
    step(&arguments.place, &arguments.terms, &trusted, |store, order| {
        store.rollback(&arguments.id, arguments.to.as_ref(), order)
    })
}

fn remove(arguments: &RemoveArguments) -> anyhow::Result<()> {
    let trusted = keys_of(&arguments.place)?;
    step(&arguments.place, &arguments.terms, &trusted, |store, order| {
        store.remove(&arguments.id, arguments.pack_version.as_ref(), order)
    })
}

/// Makes a change, says what it did, and lets a running server take it.
fn step(
    place: &Place,
    terms: &TermsArguments,
    trusted: &TrustedKeys,
    change: impl FnOnce(&mut PackStore, &Order<'_>) -> Result<StepReport, sentra_packs::PackError>,
) -> anyhow::Result<()> {
    let surroundings = surroundings(place)?;
    let order = Order {
        at: SystemClock.now(),
        who: &terms.who,
        allow_unsigned: terms.allow_unsigned,
        trusted,
        surroundings: &surroundings,
    };
    let mut store = PackStore::open(&directory(place)?)?;
    let report = change(&mut store, &order)?;
    // The server reads the packs, which it cannot as long as they are held here.
    drop(store);
    if terms.json {
        output::json(&report_json(&report))?;
    } else {
        say(&report)?;
    }
    if report.changed {
        tell_server(place).context("the packs are changed, and the running server has not taken them")?;
    }
    Ok(())
}

fn list(arguments: &ListArguments) -> anyhow::Result<()> {
    let store = PackStore::open(&directory(&arguments.place)?)?;
    if arguments.history {
        if arguments.json {
            return output::json(&store.history());
        }
        let text = |version: &Option<sentra_packs::PackVersion>| {
            version.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
        };
        let rows: Vec<Vec<String>> = store
            .history()
            .iter()
            .map(|step| {
                let signer = signer_said(step.signer.as_deref(), step.trusted);
                let (from, to) = (text(&step.from), text(&step.to));
                let kind = step.step.as_str().to_owned();
                vec![step.at.to_string(), step.who.clone(), kind, step.id.to_string(), from, to, signer]
            })
            .collect();
        return output::table(&["time", "who", "step", "pack", "from", "to", "signer"], &rows);
    }
    if arguments.json {
        let packs: Vec<Value> = store
            .packs()
            .iter()
            .map(|(id, pack)| json!({"id": id, "active": pack.active, "versions": pack.versions}))
            .collect();
        return output::json(&packs);
    }
    let mut rows = Vec::new();
    for (id, pack) in store.packs() {
        for record in &pack.versions {
            let is_active = if record.version == pack.active { "active" } else { "-" };
            rows.push(vec![
                id.to_string(),
                record.version.to_string(),
                is_active.to_owned(),
                record.installed.to_string(),
                record.who.clone(),
                signer_said(record.signer.as_deref(), record.trusted),
            ]);
        }
    }
    output::table(&["pack", "version", "state", "installed", "by", "signer"], &rows)
}

fn diff(arguments: &DiffArguments) -> anyhow::Result<()> {
    let store = PackStore::open(&directory(&arguments.place)?)?;
    let (before, after) = (named(&store, &arguments.before)?, named(&store, &arguments.after)?);
    let diff = store.diff(&before, &after, &surroundings(&arguments.place)?)?;
    if arguments.json { output::json(&diff) } else { say_diff(&diff) }
}

/// The pack that is meant: an installed one, or one in a file or a directory.
fn named(store: &PackStore, text: &str) -> anyhow::Result<Package> {
    if let Ok(label) = text.parse::<PackLabel>() {
        return Ok(store.package(&label.id, &label.version)?);
    }
    let installed =
        text.parse::<PackId>().ok().and_then(|id| Some((store.packs().get(&id)?.active.clone(), id)));
    match installed {
        Some((version, id)) => Ok(store.package(&id, &version)?),
        None => Ok(Package::read(Path::new(text))?),
    }
}

fn read(path: &Path, trust: &TrustArguments) -> anyhow::Result<Package> {
    let mut package = Package::read(path)?;
    if let Some(file) = &trust.signature {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let signature = Signature::parse(&text);
        package.attach(signature.map_err(anyhow::Error::msg).with_context(|| file.display().to_string())?)?;
    }
    Ok(package)
}

fn trusted(trust: &TrustArguments, place: &Place) -> anyhow::Result<TrustedKeys> {
    match &trust.trusted {
        Some(directory) => Ok(TrustedKeys::load(directory)?),
        None => keys_of(place),
    }
}

fn keys_of(place: &Place) -> anyhow::Result<TrustedKeys> {
    Ok(TrustedKeys::load(&place.data.join(TRUSTED_KEYS_DIRECTORY))?)
}

/// Packs are changed on the machine with the data directory; a server there takes the change at once.
fn directory(place: &Place) -> anyhow::Result<PathBuf> {
    if place.server.is_some() {
        bail!("packs are changed on the machine with the data directory; use --data");
    }
    Ok(place.data.join(PACKS_DIRECTORY))
}

/// What runs beside the installed packs, as the last server on the data directory was told.
fn surroundings(place: &Place) -> anyhow::Result<Surroundings> {
    let mut config = settings::load(None)?;
    settings::recall_rules(&place.data, &mut config);
    let options = settings::engine_options(&config)?;
    let sentra = env!("CARGO_PKG_VERSION").parse().context("the version of this Sentra is none")?;
    Ok(Surroundings { built_in: !options.without_built_in, directories: options.rules, sentra })
}

fn tell_server(place: &Place) -> anyhow::Result<()> {
    let Some(client) = running_server(place)? else { return Ok(()) };
    let answer = client.reload()?;
    answer.problems.iter().take(WARNINGS_SAID_MAX).for_each(|problem| output::remark(problem));
    output::remark("the running server has taken the change");
    Ok(())
}

fn say(report: &StepReport) -> anyhow::Result<()> {
    let StepReport { step, id, from, to, .. } = report;
    let text = match (from, to) {
        _ if !report.changed => format!("{id} is as it should be: nothing was done"),
        (Some(from), Some(to)) => format!("{}: {id} {from} → {to}", step.as_str()),
        (None, Some(to)) => format!("{}: {id} {to}", step.as_str()),
        (from, None) => {
            let from = from.as_ref().map_or_else(String::new, |from| format!(" {from}"));
            format!("{}: {id}{from}", step.as_str())
        }
    };
    output::line(&text)?;
    say_diff(&report.diff)?;
    if let Some(standing) = &report.standing {
        output::remark(&standing_said(standing));
    }
    for warning in report.warnings.iter().take(WARNINGS_SAID_MAX) {
        output::remark(&warning.to_string());
    }
    if report.warnings.len() > WARNINGS_SAID_MAX {
        let more = report.warnings.len() - WARNINGS_SAID_MAX;
        output::remark(&format!("… and {}", counted(more as u64, "more warning")));
    }
    if report.samples > 0 {
        output::remark(&format!("{} run", counted(report.samples as u64, "sample")));
    }
    Ok(())
}

fn say_diff(diff: &PackDiff) -> anyhow::Result<()> {
    for rule in &diff.added {
        output::line(&format!("+ {}  {}  {}", rule.id, output::visible(&rule.title), rule.path))?;
    }
    for change in &diff.changed {
        let rule = &change.after;
        output::line(&format!("~ {}  {}  {}", rule.id, output::visible(&rule.title), rule.path))?;
    }
    for rule in &diff.removed {
        output::line(&format!("- {}  {}  {}", rule.id, output::visible(&rule.title), rule.path))?;
    }
    diff.files.iter().try_for_each(|file| output::line(&format!("  {file}")))?;
    output::remark(&format!(
        "{} added, {} changed, {} removed, {} as before",
        counted(diff.added.len() as u64, "rule"),
        diff.changed.len(),
        diff.removed.len(),
        diff.unchanged,
    ));
    Ok(())
}

fn report_json(report: &StepReport) -> Value {
    json!({
        "step": report.step,
        "id": report.id,
        "from": report.from,
        "to": report.to,
        "changed": report.changed,
        "signer": report.standing.as_ref().and_then(Standing::signer),
        "trusted": report.standing.as_ref().map(Standing::is_trusted),
        "samples": report.samples,
        "diff": report.diff,
        "warnings": report.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn standing_said(standing: &Standing) -> String {
    match standing {
        Standing::Trusted { key, comment } => {
            format!("signed with the trusted key {key} ({})", output::visible(comment))
        }
        Standing::UnknownKey { key } => format!("signed with the key {key}, which is not trusted"),
        Standing::Unsigned => "not signed".to_owned(),
    }
}

fn signer_said(signer: Option<&str>, is_trusted: bool) -> String {
    match (signer, is_trusted) {
        (Some(key), true) => key.to_owned(),
        (Some(key), false) => format!("{key} (not trusted)"),
        (None, _) => "not signed".to_owned(),
    }
}
