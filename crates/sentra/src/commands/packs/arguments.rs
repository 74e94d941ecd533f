//! What can be typed after `sentra packs`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sentra_packs::{PackId, PackVersion};

use crate::cli::Place;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  sentra packs keygen soc                            once: soc.key stays secret, soc.pub goes to those who install
  sentra packs build ./acme-linux --key soc.key      acme-linux-1.4.0.sentra-pack
  sentra packs install acme-linux-1.4.0.sentra-pack  checked, activated, and taken by the running server
  sentra packs upgrade acme-linux-1.5.0.sentra-pack
  sentra packs rollback acme-linux
Keys in trusted-keys/*.pub of the data directory say whose packs are taken.")]
pub(crate) enum PacksCommand {
    /// Make a key that signs packs
    Keygen(KeygenArguments),
    /// Make the archive of a pack from its directory
    Build(BuildArguments),
    /// Sign a pack, an archive or a directory
    Sign(SignArguments),
    /// Say who signed a pack and whether it is as it was signed
    Verify(VerifyArguments),
    /// Install a pack and activate it
    Install(InstallArguments),
    /// Show the installed packs, or what was done to them
    List(ListArguments),
    /// Install a higher version of a pack and activate it; the one before stays installed
    Upgrade(InstallArguments),
    /// Activate another installed version of a pack
    Rollback(RollbackArguments),
    /// Remove a pack, or one version of it that is not active
    Remove(RemoveArguments),
    /// Show what is different between two versions of a pack, rule by rule
    Diff(DiffArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra packs keygen soc --comment 'Acme SOC 2026'
  cp soc.pub /srv/sentra/trusted-keys/
Whoever has the private key can change what is detected everywhere the public one is trusted: keep it on the machine that
signs.")]
pub(crate) struct KeygenArguments {
    /// Directory for the two files.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Whose key it is, for people [default: its name].
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// Name of the files: NAME.key and NAME.pub.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra packs build ./acme-linux
  sentra packs build ./acme-linux --key ~/keys/soc.key --out dist/
The same files give the same archive, byte for byte. `sentra rules check ./acme-linux` runs its samples first.")]
pub(crate) struct BuildArguments {
    /// Private key to sign it with.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Directory for the archive.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Directory of the pack.
    #[arg(value_name = "DIR")]
    pub(crate) pack: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra packs sign acme-linux-1.4.0.sentra-pack --key soc.key
  sentra packs sign acme-linux-1.4.0.sentra-pack --key soc.key --detached acme-linux-1.4.0.sig
  sentra packs sign ./acme-linux --key soc.key            writes DIGESTS and SIGNATURE beside its sources")]
pub(crate) struct SignArguments {
    /// Private key.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Write the signature into this file and leave the pack as it is.
    #[arg(long, value_name = "FILE")]
    pub(crate) detached: Option<PathBuf>,
    /// Archive or directory.
    #[arg(value_name = "PACK")]
    pub(crate) pack: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra packs verify acme-linux-1.4.0.sentra-pack
  sentra packs verify acme-linux-1.4.0.sentra-pack --trusted ./keys
It ends with exit code 1 when nobody who is trusted signed the pack, or a file is not as it was signed.")]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) trust: TrustArguments,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Archive or directory.
    #[arg(value_name = "PACK")]
    pub(crate) pack: PathBuf,
}

/// Whose word counts.
#[derive(Debug, Args)]
pub(crate) struct TrustArguments {
    /// Directory with the public keys that are trusted [default: trusted-keys in the data directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) trusted: Option<PathBuf>,
    /// Signature in a file of its own.
    #[arg(long, value_name = "FILE")]
    pub(crate) signature: Option<PathBuf>,
}

/// On which terms something is changed.
#[derive(Debug, Args)]
pub(crate) struct TermsArguments {
    /// Take a pack that nobody who is trusted has signed; the history says so.
    #[arg(long)]
    pub(crate) allow_unsigned: bool,
    /// Who does it, for the history.
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "unknown")]
    pub(crate) who: String,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra packs install acme-linux-1.4.0.sentra-pack
  sentra packs upgrade acme-linux-1.5.0.sentra-pack --data /srv/sentra
  sentra packs install ./acme-linux --allow-unsigned       a pack of your own that is not signed yet
Before it is activated the pack is compiled with everything that is active and its samples are run; what changed is printed
rule by rule, and a running server takes it at once.")]
pub(crate) struct InstallArguments {
    #[command(flatten)]
    pub(crate) trust: TrustArguments,
    #[command(flatten)]
    pub(crate) terms: TermsArguments,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Archive or directory.
    #[arg(value_name = "PACK")]
    pub(crate) pack: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra packs list
  sentra packs list --history")]
pub(crate) struct ListArguments {
    /// What was done to packs, by whom and when.
    #[arg(long)]
    pub(crate) history: bool,
    /// Print one JSON array.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra packs rollback acme-linux                the highest installed version below the active one
  sentra packs rollback acme-linux --to 1.3.2")]
pub(crate) struct RollbackArguments {
    /// The version to activate.
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<PackVersion>,
    #[command(flatten)]
    pub(crate) terms: TermsArguments,
    #[command(flatten)]
    pub(crate) place: Place,
    /// The pack.
    #[arg(value_name = "ID")]
    pub(crate) id: PackId,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra packs remove acme-linux                       the pack with all its versions
  sentra packs remove acme-linux --pack-version 1.3.2  one version that is not active")]
pub(crate) struct RemoveArguments {
    /// Only this version.
    #[arg(long, value_name = "VERSION")]
    pub(crate) pack_version: Option<PackVersion>,
    #[command(flatten)]
    pub(crate) terms: TermsArguments,
    #[command(flatten)]
    pub(crate) place: Place,
    /// The pack.
    #[arg(value_name = "ID")]
    pub(crate) id: PackId,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra packs diff acme-linux acme-linux-1.5.0.sentra-pack    the active version and one that is not installed
  sentra packs diff acme-linux@1.3.2 acme-linux@1.4.0
  sentra packs diff ./old ./new --json")]
pub(crate) struct DiffArguments {
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
    /// An archive, a directory, ID@VERSION or the ID of an installed pack.
    #[arg(value_name = "OLD")]
    pub(crate) before: String,
    /// The same.
    #[arg(value_name = "NEW")]
    pub(crate) after: String,
}
