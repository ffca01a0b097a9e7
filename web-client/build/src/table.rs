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
use crate::marks::{self, MARKS, MARKS_MAX};
use crate::wasm::Profile;

/// The file that `tickwire::page!()` includes.
const TABLE: &str = "tickwire_page.rs";

/// Where the files are written that the table includes, below `OUT_DIR`.
const FOLDER: &str = "page";

/// Beyond this size brotli is asked for less than it can do: a build script is not optimised, and what
/// makes a wasm of half a megabyte another tenth smaller takes ten seconds.
const BROTLI_BEST_MAX_BYTES: usize = 128 << 10;

/// Compresses a file.
type Coder = fn(&[u8]) -> Vec<u8>;

/// Writes the table, and the files that it includes.
///
/// # Errors
/// If a document names its own address too often, or something cannot be written.
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
            // What has this name is that file: its name is its hash, and how it is compressed.
            if !to.is_file() {
                write_whole(&to, &content())?;
            }
            kept.push(to.clone());
            Ok::<PathBuf, Box<dyn Error>>(to)
        };
        let plain = file("", &|| bytes.clone())?;
        let mut codings = Vec::new();
        // The server replaces marks in what is compressed by gzip alone.
        let count = if is_document(path) { marks::count(bytes) } else { 0 };
        if count > MARKS_MAX {
            let marks = MARKS.join(" or ");
            let error =
                format!("{path} has {marks} in {count} places; {MARKS_MAX} at most are possible");
            return Err(error.into());
        }
        let is_marked = count > 0;
        let gzip: (_, Coder) = if is_marked { (".marked.gz", marks::gzip) } else { (".gz", gzip) };
        for (coding, compress) in [(".br", brotli as Coder), gzip] {
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
    fn a_document_and_a_file_of_the_same_bytes_are_compressed_each_in_its_way() {
        let out = std::env::temp_dir().join(format!("tickwire-alike-{}", std::process::id()));
        let text = [&[b' '; 1_000][..], b"{public-url}"].concat();
        let content = || PageContent { bytes: text.clone(), is_of_kit: false };
        // In both orders.
        let names = ["a.js", "index.html", "main.js"];
        let files = BTreeMap::from(names.map(|path| (path.to_owned(), content())));
        let page = Files { files, hash: "7".to_owned() };
        write(&out, &page, "", Profile::Release).expect("it can be written");
        let source = fs::read_to_string(out.join(TABLE)).expect("it was written");
        for (line, name) in source.lines().skip(1).zip(names) {
            let path = line.split('"').find(|text| text.ends_with(".gz")).expect("it has a gzip");
            let gzip = fs::read(path).expect("it was written");
            let coder = if name == "index.html" { marks::gzip } else { gzip_of };
            assert_eq!(gzip, coder(&text), "{name}");
        }
        assert_ne!(marks::gzip(&text), gzip_of(&text));
        fs::remove_dir_all(&out).expect("it can be removed");
    }

    fn gzip_of(bytes: &[u8]) -> Vec<u8> {
        gzip(bytes)
    }

    #[test]
    fn a_document_that_names_its_address_too_often_fails_the_build() {
        let out = std::env::temp_dir().join(format!("tickwire-often-{}", std::process::id()));
        let written = |name: &str, marks: usize| {
            let bytes = "{page-url}".repeat(marks).into_bytes();
            let content = PageContent { bytes, is_of_kit: false };
            let files = BTreeMap::from([(name.to_owned(), content)]);
            let page = Files { files, hash: "7".to_owned() };
            write(&out, &page, "", Profile::Dev).map_err(|error| error.to_string())
        };
        assert_eq!(written("index.html", MARKS_MAX), Ok(()));
        assert_eq!(written("main.js", MARKS_MAX + 1), Ok(()), "it is no document");
        let error = written("docs/about.html", MARKS_MAX + 1).expect_err("there are too many");
        assert_eq!(
            error,
            "docs/about.html has {public-url} or {page-url} in 17 places; 16 at most are possible"
        );
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
