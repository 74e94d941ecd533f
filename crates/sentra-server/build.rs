//! Builds the console's files into the program, when they are there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let console = manifest.join("../../console");
    let dist = console.join("dist");
    let has_dist = dist.try_exists()?;
    // A path that is missing would make Cargo build this crate again each time, so what is there is watched.
    let watched = if has_dist { &dist } else { &console };
    if watched.try_exists()? {
        println!("cargo::rerun-if-changed={}", watched.display());
    }
    println!("cargo::rerun-if-changed=build.rs");

    let mut files = Vec::new();
    if has_dist {
        collect(&dist, &mut files)?;
    }
    let mut assets = Vec::new();
    for file in files {
        let name = file.strip_prefix(&dist).map_err(io::Error::other)?;
        let name = name.to_str().ok_or_else(|| io::Error::other("a file of the console has an odd name"))?;
        let digest = blake3::hash(&fs::read(&file)?).to_hex();
        assets.push((
            name.to_owned(),
            fs::canonicalize(&file)?,
            digest.as_str().chars().take(32).collect::<String>(),
        ));
    }
    assets.sort();
    let mut code = String::from("static ASSETS: &[Asset] = &[\n");
    for (name, file, digest) in assets {
        let file = file.display().to_string();
        writeln!(
            code,
            "    Asset {{ path: {name:?}, bytes: include_bytes!({file:?}), etag: \"\\\"{digest}\\\"\" }},"
        )
        .map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("console_assets.rs"), code)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
