//! `report.html`: the Markdown report with its figures, in one file for any browser.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag};

const STYLE: &str = include_str!("report.css");

/// The page of a Markdown text; `figures` are the files that it shows, with their bytes. Nothing in the text is taken
/// for HTML.
///
/// ```
/// use halfwave_trainer::report::html::html;
/// let page = html("Run", "# Run\n\n![a line](a.svg)", &[("a.svg".into(), b"<svg/>".to_vec())]);
/// assert!(page.contains("<h1>Run</h1>") && page.contains("data:image/svg+xml;base64,PHN2Zy8+"));
/// ```
#[must_use]
pub fn html(title: &str, markdown: &str, figures: &[(String, Vec<u8>)]) -> String {
    let embedded = |event| match event {
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let found = figures.iter().find(|(file, _)| **file == *dest_url);
            let dest_url = found.map_or(dest_url, |(file, bytes)| url(file, bytes));
            Event::Start(Tag::Image { link_type, dest_url, title, id })
        }
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    };
    let mut body = String::new();
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(embedded);
    pulldown_cmark::html::push_html(&mut body, events);
    let mut escaped = String::new();
    // Writing to a string cannot fail.
    let _ = pulldown_cmark_escape::escape_html(&mut escaped, title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{escaped}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// A figure as an address that needs no other file.
fn url<'a>(file: &str, bytes: &[u8]) -> CowStr<'a> {
    let kind = if file.ends_with(".svg") { "svg+xml" } else { "png" };
    format!("data:image/{kind};base64,{}", BASE64_STANDARD.encode(bytes)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_needs_no_other_file_and_takes_no_html_from_texts() {
        let markdown = "# a < b\n\n<script>alert(1)</script>\n\n| x | y |\n|---|---|\n| 1 | <b>2</b> |\n\n\
                        ![one](one.png)\n\n![two](two.svg)\n\n```toml\nset = \"<x>\"\n```\n";
        let figures = [("one.png".into(), vec![1, 2, 3]), ("two.svg".into(), b"<svg/>".to_vec())];
        let page = html("a < b", markdown, &figures);
        assert!(page.contains("<title>a &lt; b</title>") && page.contains("<h1>a &lt; b</h1>"));
        assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
        assert!(page.contains("<td>1</td>"), "{page}");
        assert!(
            page.contains("src=\"data:image/png;base64,AQID\"") && page.contains("alt=\"two\"")
        );
        assert!(!page.contains("one.png") && !page.contains("two.svg"), "{page}");
        assert!(page.contains("&lt;x&gt;"));
    }
}
