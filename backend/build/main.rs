//! Puts the built web app (`dist/`) into the binary: tagged and compressed.
//!
//! Without `dist/` the server is built all the same and says so.
//! Read next: `code`, which makes the app's code compress better, and `page`, which makes one style sheet of
//! many, moves code out of the page, and tells the page and its service worker which build they are.

mod code;
mod order;
mod page;

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// Whatever went wrong; cargo shows it.
type Failure = Box<dyn std::error::Error>;

/// A path below `dist/` and its content.
type File = (String, Vec<u8>);

fn main() -> Result<(), Failure> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..");
    let dist = root.join("dist");
    // What does not exist cannot be watched for its coming.
    fs::create_dir_all(&dist)?;
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed={}", dist.display());
    println!("cargo:rerun-if-env-changed=POND_WITHOUT_APP");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = Vec::new();
    if dist.join("index.html").exists() && env::var_os("POND_WITHOUT_APP").is_none() {
        collect(&dist, &dist, &mut files)?;
        files.sort();
        code::lighten(&mut files)?;
        page::move_inline_scripts_out(&mut files)?;
        page::join_style_sheets(&mut files)?;
        page::lighten(&mut files)?;
    }
    let names: String = files.iter().map(|(_, content)| hash(content)).collect();
    let build = format!(
        "{}+{}",
        env::var("CARGO_PKG_VERSION")?,
        hash(names.as_bytes())
    );
    page::name_the_build(&mut files, &build)?;
    let best = env::var("PROFILE")? == "release";
    let mut table = String::from("static ASSETS: &[Asset] = &[\n");
    for (path, content) in &files {
        table += &entry(&out, path, content, best)?;
    }
    table += "];\n";
    fs::write(out.join("assets.rs"), table)?;
    println!("cargo:rustc-env=POND_BUILD={build}");
    Ok(())
}

fn collect(dist: &Path, folder: &Path, into: &mut Vec<File>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(dist, &path, into)?;
        } else {
            let name = path
                .strip_prefix(dist)?
                .to_string_lossy()
                .replace('\\', "/");
            into.push((name, fs::read(&path)?));
        }
    }
    Ok(())
}

/// Writes what is embedded and gives the line of the table that embeds it.
fn entry(out: &Path, path: &str, content: &[u8], best: bool) -> Result<String, Failure> {
    let tag = hash(content);
    let write = |suffix: &str, bytes: &[u8]| -> Result<String, Failure> {
        let file = out.join(format!("asset-{tag}{suffix}"));
        fs::write(&file, bytes)?;
        Ok(format!("include_bytes!({:?})", file.to_string_lossy()))
    };
    let compressed = |suffix: &str, bytes: Vec<u8>| -> Result<String, Failure> {
        if bytes.len() >= content.len() {
            return Ok("None".into());
        }
        Ok(format!("Some({})", write(suffix, &bytes)?))
    };
    Ok(format!(
        "Asset {{ path: {path:?}, kind: {:?}, tag: {:?}, is_hashed: {}, plain: {}, brotli: {}, gzip: {} }},\n",
        kind_of(path),
        format!("\"{tag}\""),
        is_hashed(path),
        write("", content)?,
        compressed(".br", brotli(content, if best { 11 } else { 5 })?)?,
        compressed(".gz", gzip(content, if best { 9 } else { 5 })?)?,
    ))
}

fn brotli(content: &[u8], quality: i32) -> Result<Vec<u8>, Failure> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality,
        lgwin: 22,
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(content: &[u8], level: u32) -> Result<Vec<u8>, Failure> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

/// 16 hexadecimal digits, as Trunk's names have.
fn hash(content: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(content).into();
    format!(
        "{:032x}",
        u128::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
    )
    .split_off(16)
}

/// Trunk and this script put 16 hexadecimal digits into the name; Trunk leaves zeros in front out.
fn is_hashed(path: &str) -> bool {
    path.split(['-', '.', '_']).any(|part| {
        (13..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn kind_of(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
