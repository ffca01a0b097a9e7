//! The files of a page as the Rust source that `tickwire::page!()` includes, each of them compressed in
//! release builds where that makes it smaller.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::files::{Files, PageContent, hash, is_document, is_hashed};
use crate::marks;
use crate::wasm::Profile;

/// The file that `tickwire::page!()` includes.
const TABLE: &str = "tickwire_page.rs";

/// Where the files are written that the table includes, below `OUT_DIR`.
const FOLDER: &str = "page";

/// Beyond this size brotli is asked for less than it can do: a build script is not optimised, and what
/// makes a wasm of half a megabyte another tenth smaller takes ten seconds.
const BROTLI_BEST_MAX_BYTES: usize = 128 << 10;

/// Writes the table, and the files that it includes.
pub(crate) fn write(
    out: &Path,
    page: &Files,
    missing: &str,
    profile: Profile,
) -> Result<(), Box<dyn Error>> {
    let folder = out.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let mut kept = Vec::new();
    let mut source = format!("({:?}, {missing:?}, &[\n", page.hash);
    for (path, PageContent { bytes, is_of_kit }) in &page.files {
        let tag = hash(bytes);
        let mut file = |coding: &str, content: &dyn Fn() -> Vec<u8>| {
            let to = folder.join(format!("{tag}{coding}"));
            // What has this name is that file: its name is its hash.
            if !to.is_file() {
                write_whole(&to, &content())?;
            }
            kept.push(to.clone());
            Ok::<PathBuf, Box<dyn Error>>(to)
        };
        let plain = file("", &|| bytes.clone())?;
        let mut codings = Vec::new();
        // The server replaces marks in what is compressed by gzip alone.
        let is_marked = is_document(path) && marks::has_any(bytes);
        let gzip = if is_marked { marks::gzip } else { gzip };
        for (coding, compress) in [(".br", brotli as fn(&[u8]) -> Vec<u8>), (".gz", gzip)] {
            let mut included = "None".to_owned();
            if profile == Profile::Release && !(is_marked && coding == ".br") {
                let compressed = file(coding, &|| compress(bytes))?;
                if fs::metadata(&compressed)?.len() < bytes.len() as u64 {
                    included = format!("Some(include_bytes!({compressed:?}))");
                }
            }
            codings.push(included);
        }
        let (is_hashed, codings) = (is_hashed(path), codings.join(", "));
        writeln!(
            source,
            "    (\"/{path}\", {tag:?}, {is_hashed}, {is_of_kit}, include_bytes!({plain:?}), {codings}),"
        )?;
    }
    source.push_str("])\n");
    write_whole(&out.join(TABLE), source.as_bytes())?;
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if !kept.contains(&path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Writes a file so that none is left half-written, whose name would say that it is whole.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let part = path.with_extension("part");
    fs::write(&part, bytes)?;
    Ok(fs::rename(&part, path)?)
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let quality = if bytes.len() <= BROTLI_BEST_MAX_BYTES { 11 } else { 9 };
    let mut compressed = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut compressed, 1 << 16, quality, 22);
    encoder.write_all(bytes).expect("a Vec takes all that is written");
    drop(encoder);
    compressed
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("a Vec takes all")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_compressed_is_what_it_was() {
        let text = "let prediction = reconciliation;\n".repeat(100).into_bytes();
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&*gzip(&text)).read_to_end(&mut plain).expect("it is gzip");
        assert_eq!(plain, text);
        plain.clear();
        brotli::Decompressor::new(&*brotli(&text), 4_096)
            .read_to_end(&mut plain)
            .expect("it is brotli");
        assert_eq!(plain, text);
    }

    #[test]
    fn a_document_that_names_its_address_is_compressed_by_gzip_alone() {
        let out = std::env::temp_dir().join(format!("tickwire-marked-{}", std::process::id()));
        let text = [&b"{public-url}"[..], &[b' '; 1_000]].concat();
        let content = |bytes: &[u8]| PageContent { bytes: bytes.to_vec(), is_of_kit: false };
        let files = [("index.html", &text), ("main.js", &text)];
        let files = files.map(|(path, bytes)| (path.to_owned(), content(bytes)));
        let page = Files { files: BTreeMap::from(files), hash: "7".to_owned() };
        write(&out, &page, "", Profile::Release).expect("it can be written");
        let source = fs::read_to_string(out.join(TABLE)).expect("it was written");
        let lines: Vec<&str> = source.lines().collect();
        assert!(lines[1].contains(", None, Some(") && lines[1].contains(".gz"), "{}", lines[1]);
        assert!(lines[2].contains(".br") && lines[2].contains(".gz"), "{}", lines[2]);
        fs::remove_dir_all(&out).expect("it can be removed");
    }

    #[test]
    fn files_are_compressed_for_players_alone_and_only_where_they_get_smaller() {
        let out = std::env::temp_dir().join(format!("tickwire-table-{}", std::process::id()));
        let content = |bytes: Vec<u8>| PageContent { bytes, is_of_kit: false };
        let files = BTreeMap::from([
            ("index.html".to_owned(), content(vec![b' '; 1_000])),
            ("tiny.js".to_owned(), content(b";".to_vec())),
        ]);
        let page = Files { files, hash: "7".to_owned() };
        let lines = |profile| {
            write(&out, &page, "", profile).expect("it can be written");
            let source = fs::read_to_string(out.join(TABLE)).expect("it was written");
            source.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let release = lines(Profile::Release);
        assert_eq!(release[0], r#"("7", "", &["#);
        assert!(release[1].contains(".br") && release[1].contains(".gz"), "{}", release[1]);
        assert!(release[1].contains("false, false, include_bytes!"), "{}", release[1]);
        assert!(release[2].ends_with("None, None),"), "{}", release[2]);
        assert!(release[2].starts_with(r#"    ("/tiny.js", "#), "{}", release[2]);
        for line in &lines(Profile::Dev)[1..3] {
            assert!(line.ends_with("None, None),"), "{line}");
        }
        // Of files that are gone nothing is left.
        assert_eq!(fs::read_dir(out.join(FOLDER)).expect("a folder").count(), 2);
        fs::remove_dir_all(&out).expect("it can be removed");
    }
}
