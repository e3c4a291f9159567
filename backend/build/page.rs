//! The page as it is served: no code within it, and one style sheet.
//!
//! Trunk starts the app from an inline script, which a strict Content-Security-Policy forbids, and
//! links every component's style sheet by itself: 17 requests before the first paint.

use std::path::Path;

use crate::{Failure, File, hash, is_hashed};

/// Each `<script …>code</script>` of the page becomes `<script … src="/inline-HASH.js"></script>`.
pub(crate) fn move_inline_scripts_out(files: &mut Vec<File>) -> Result<(), Failure> {
    let mut moved = Vec::new();
    if let Some((_, page)) = files.iter_mut().find(|(path, _)| path == "index.html") {
        let html = String::from_utf8(std::mem::take(page))?;
        let (mut rest, mut rebuilt) = (html.as_str(), String::new());
        while let Some(start) = rest.find("<script") {
            let open = start + rest[start..].find('>').ok_or("a script tag has no end")?;
            let close = open
                + rest[open..]
                    .find("</script>")
                    .ok_or("a script has no end")?;
            let code = rest[open + 1..close].trim();
            rebuilt += &rest[..open];
            if !code.is_empty() {
                let name = format!("inline-{}.js", hash(code.as_bytes()));
                rebuilt.extend([" src=\"/", &name, "\""]);
                moved.push((name, code.as_bytes().to_vec()));
            }
            rebuilt += "></script>";
            rest = &rest[close + "</script>".len()..];
        }
        *page = (rebuilt + rest).into_bytes();
    }
    files.append(&mut moved);
    Ok(())
}

/// Every `<link rel="stylesheet" …>` of the page becomes one, in the place of the first.
pub(crate) fn join_style_sheets(files: &mut Vec<File>) -> Result<(), Failure> {
    let Some((_, page)) = files.iter().find(|(path, _)| path == "index.html") else {
        return Ok(());
    };
    let html = String::from_utf8(page.clone())?;
    let (mut rest, mut rebuilt, mut sheet) = (html.as_str(), String::new(), String::new());
    let mut place = None;
    while let Some(start) = rest.find(LINK) {
        let end = start + rest[start..].find('>').ok_or("a link has no end")? + 1;
        let href = attribute(&rest[start..end], "href").ok_or("a style sheet has no address")?;
        let path = href.trim_start_matches('/').to_owned();
        let at = files
            .iter()
            .position(|(other, _)| *other == path)
            .ok_or_else(|| format!("the page links {href}, which is not in dist/"))?;
        sheet += &without_comments(&String::from_utf8(files.remove(at).1)?);
        rebuilt += rest[..start].trim_end();
        place.get_or_insert(rebuilt.len());
        rest = &rest[end..];
    }
    rebuilt += rest;
    if let Some(place) = place {
        let name = format!("style-{}.css", hash(sheet.as_bytes()));
        rebuilt.insert_str(
            place,
            &format!("<link rel=\"stylesheet\" href=\"/{name}\">"),
        );
        files.push((name, sheet.into_bytes()));
    }
    let page = files.iter_mut().find(|(path, _)| path == "index.html");
    page.ok_or("the page is gone")?.1 = rebuilt.into_bytes();
    Ok(())
}

/// What only our own eyes need stays at home: the comments and the indentation of the page and of the
/// scripts. So do the `integrity` attributes: the page comes from the same server as what it would vouch
/// for, and they are the one part of it that cannot be compressed.
pub(crate) fn lighten(files: &mut [File]) -> Result<(), Failure> {
    for (path, content) in files {
        let text = match path.as_str() {
            "index.html" => {
                let html = without(std::str::from_utf8(content)?, "<!--", "-->");
                tight(&without_integrity(&html), "<!--")
            }
            script if Path::new(script).extension().is_some_and(|end| end == "js") => {
                tight(&without(std::str::from_utf8(content)?, "/**", "*/"), "//")
            }
            _ => continue,
        };
        *content = text.into_bytes();
    }
    Ok(())
}

fn without_integrity(html: &str) -> String {
    let mut parts = html.split(" integrity=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |page, part| {
        page + part.split_once('"').map_or("", |(_, after)| after)
    })
}

/// The page says in a `meta` which build it is, to know a newer server when it hears of one; the
/// service worker names its cache so and lists the files that never change under their names.
pub(crate) fn name_the_build(files: &mut [File], build: &str) -> Result<(), Failure> {
    let kept: Vec<_> = files
        .iter()
        .filter(|(path, _)| is_hashed(path))
        .map(|(path, _)| format!("/{path}"))
        .collect();
    for (path, content) in files {
        let (mark, text) = match path.as_str() {
            "index.html" => (
                "<head>",
                format!("<head><meta name=\"pond-build\" content=\"{build}\">"),
            ),
            "sw.js" => (
                "const BUILD = \"\";\nconst FILES = [];",
                format!("const BUILD = {build:?};\nconst FILES = {kept:?};"),
            ),
            _ => continue,
        };
        let before = std::str::from_utf8(content)?;
        if !before.contains(mark) {
            return Err(format!("{path} has no place for its build").into());
        }
        *content = before.replacen(mark, &text, 1).into_bytes();
    }
    Ok(())
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    value.split_once('"').map(|(value, _)| value)
}

/// The text without what stands from each `open` to the `close` after it.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut parts = text.split(open);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |bare, part| {
        bare + part.split_once(close).map_or("", |(_, after)| after)
    })
}

/// The same rules without comments, indentation and empty lines.
fn without_comments(css: &str) -> String {
    tight(&without(css, "/*", "*/"), "/*")
}

/// The same lines without indentation, and without those that are empty or begin with a comment.
fn tight(text: &str, comment: &str) -> String {
    let lines = text.lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with(comment));
    code.fold(String::new(), |text, line| text + line + "\n")
}

const LINK: &str = "<link rel=\"stylesheet\"";
