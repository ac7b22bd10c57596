//! The user's manual, in four languages, compiled in.
//!
//! A chapter is a plain text: the first line is its title, `## ` begins a
//! heading, `- ` an item, `1. ` a step; everything else is a paragraph.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::Web;
use super::contact::contact;
use super::page::{Frame, PageError, Visitor, page};
use crate::domain::Language;

/// A chapter: its name in addresses, and its text in each language.
struct Chapter {
    id: &'static str,
    texts: [&'static str; 4],
}

macro_rules! chapters {
    ($($id:literal),+ $(,)?) => {
        [$(Chapter {
            id: $id,
            texts: [
                include_str!(concat!("fr/", $id, ".txt")),
                include_str!(concat!("nl/", $id, ".txt")),
                include_str!(concat!("de/", $id, ".txt")),
                include_str!(concat!("en/", $id, ".txt")),
            ],
        }),+]
    };
}

static CHAPTERS: [Chapter; 6] = chapters!["start", "read", "search", "labels", "access", "digital"];

/// A piece of a chapter.
enum Block {
    Heading(String),
    Paragraph(String),
    List(Vec<String>),
    Steps(Vec<String>),
}

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    frame: Frame,
    contents: Vec<(&'static str, String, bool)>,
    chapter_title: String,
    blocks: Vec<Block>,
    contact: String,
}

/// `GET /help`
pub(super) async fn index() -> Response {
    Redirect::to("/help/start").into_response()
}

/// `GET /help/{chapter}`
pub(super) async fn show(
    State(web): State<Web>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let language = visitor.words.0;
    let chapter = CHAPTERS.iter().find(|chapter| chapter.id == id).ok_or(PageError::NotFound)?;
    let entry =
        |chapter: &'static Chapter| (chapter.id, title(chapter, language), chapter.id == id);
    page(&HelpPage {
        frame: Frame::new(&visitor, chapter.id),
        contents: CHAPTERS.iter().map(entry).collect(),
        chapter_title: title(chapter, language),
        blocks: blocks(text(chapter, language)),
        contact: contact(&web.pages.contact, visitor.words),
    })
}

fn text(chapter: &Chapter, language: Language) -> &'static str {
    let [fr, nl, de, en] = chapter.texts;
    match language {
        Language::Fr => fr,
        Language::Nl => nl,
        Language::De => de,
        Language::En => en,
    }
}

fn title(chapter: &Chapter, language: Language) -> String {
    text(chapter, language).lines().next().unwrap_or_default().to_owned()
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for line in text.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()) {
        match (line.split_once(' '), blocks.last_mut()) {
            (Some(("##", rest)), _) => blocks.push(Block::Heading(rest.into())),
            (Some(("-", rest)), Some(Block::List(items))) => items.push(rest.into()),
            (Some(("-", rest)), _) => blocks.push(Block::List(vec![rest.into()])),
            (Some(("1.", rest)), Some(Block::Steps(items))) => items.push(rest.into()),
            (Some(("1.", rest)), _) => blocks.push(Block::Steps(vec![rest.into()])),
            _ => blocks.push(Block::Paragraph(line.into())),
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The four tell the same: as many headings, lists and steps.
    #[test]
    fn every_chapter_has_the_same_shape_in_every_language() {
        let shape = |text: &str| -> Vec<(char, usize)> {
            let of = |block: &Block| match block {
                Block::Heading(_) => ('h', 1),
                Block::Paragraph(_) => ('p', 1),
                Block::List(items) => ('l', items.len()),
                Block::Steps(items) => ('s', items.len()),
            };
            blocks(text).iter().map(of).collect()
        };
        for chapter in &CHAPTERS {
            let english = shape(text(chapter, Language::En));
            assert!(english.len() > 3, "{}", chapter.id);
            for language in Language::ALL {
                assert_eq!(shape(text(chapter, language)), english, "{} {language:?}", chapter.id);
            }
        }
    }
}
