//! Sheets as a scanner sees them.

use anyhow::Result;
use facteur::domain::Language;
use facteur::print_room::Press;
use facteur::print_room::layout::{Area, WINDOW};
use facteur::print_room::mark::Mark;
use facteur::print_room::package::Document;
use uuid::Uuid;

use super::letters::{block, drawn, pdf, text, ticket};
use super::scanner::{Scan, scan, text as text_in};

const JOB: Uuid = Uuid::from_u128(0x0192_f0aa_c0de_7abc_8def_0123_4567_89ab);
const A4: (u32, u32, u32) = (595, 842, 0);
/// Where only the room prints.
const STRIP: Area = Area { left: 0.0, top: 0.0, width: 12.4, height: 297.0 };

fn letter() -> Result<facteur::paper::ticket::Ticket> {
    ticket(JOB, "liege", String::new())
}

fn marks(sides: &[Scan]) -> Result<Vec<Vec<(u16, u16)>>> {
    let read = |side: &Scan| -> Result<Vec<(u16, u16)>> {
        let marks: Vec<Mark> = side.marks()?;
        assert!(marks.iter().all(|mark| mark.job == JOB), "{marks:?}");
        Ok(marks.iter().map(|mark| (mark.page, mark.pages)).collect())
    };
    sides.iter().map(read).collect()
}

#[test]
fn every_sheet_of_a_simplex_letter_has_one_mark() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let set = drawn(letter()?, vec![pdf("a.pdf", &[A4, A4]), text("b.txt", 70)], Press::OneSided)?;
    let sides = scan(&set.pdf, folder.path())?;
    let expected: Vec<_> = (1..=5).map(|page| vec![(page, 5)]).collect();
    assert_eq!(marks(&sides)?, expected);
    assert_eq!((set.pages, set.sheets), (5, 5));
    Ok(())
}

#[test]
fn a_duplex_letter_has_its_marks_on_fronts_and_blank_reverses() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut letter = letter()?;
    letter.options.duplex = true;
    let set = drawn(letter, vec![pdf("a.pdf", &[A4, A4, A4]), text("b.txt", 3)], Press::TwoSided)?;
    let sides = scan(&set.pdf, folder.path())?;
    let expected =
        [vec![(1, 8)], vec![], vec![(3, 8)], vec![], vec![(5, 8)], vec![], vec![(7, 8)], vec![]];
    assert_eq!(marks(&sides)?, expected);
    let sheet = Area { left: 0.0, top: 0.0, width: 210.0, height: 297.0 };
    let blank: Vec<bool> = sides.iter().map(|side| !side.has_ink(sheet)).collect();
    assert_eq!(blank, [false, true, false, false, false, true, false, true]);
    Ok(())
}

#[test]
fn the_address_sits_in_the_window_and_nothing_else_does() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let nine: Vec<String> = (1..=8).map(|line| format!("Ligne {line} de l’adresse")).collect();
    let mut nine: Vec<&str> = nine.iter().map(String::as_str).collect();
    nine.push("LUXEMBOURG");
    let wide = "Vereniging van Mede-eigenaars Residentie De Zonnebloem";
    for (place, lines) in [
        vec!["SA", "Rue 16", "1000 Bruxelles"],
        nine,
        vec![wide, "бул. Витоша 1", "1000 София", "BULGARIA"],
    ]
    .into_iter()
    .enumerate()
    {
        let mut letter = letter()?;
        letter.address = block(&lines, "1000", "BE");
        let set = drawn(letter, vec![text("a.txt", 1)], Press::OneSided)?;
        let folder = folder.path().join(place.to_string());
        std::fs::create_dir(&folder)?;
        let found = text_in(&set.pdf, 1, WINDOW, &folder)?;
        let found: Vec<&str> = found.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
        assert_eq!(found[0], "Retour: ONSS · Place Victor Horta 11 · 1060 Bruxelles");
        assert_eq!(found[1..], lines);
        // With 2 mm to spare on every side, wherever the letter lies in its
        // envelope; and nothing around it that could show.
        let cover = scan(&set.pdf, &folder)?.swap_remove(0);
        let around = Area { left: 13.0, top: 30.0, width: 110.0, height: 72.0 };
        let ink = cover.extent(around).expect("an address was printed");
        assert!(ink.left >= WINDOW.left + 4.5 && ink.right() <= WINDOW.left + 85.0, "{ink:?}");
        assert!(ink.top >= WINDOW.top + 1.0 && ink.bottom() <= WINDOW.bottom() - 2.0, "{ink:?}");
    }
    Ok(())
}

#[test]
fn a_registered_letter_says_so_in_the_language_of_its_company() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (language, word) in [
        (Language::Fr, "RECOMMANDÉ AVEC ACCUSÉ DE RÉCEPTION"),
        (Language::Nl, "AANGETEKEND MET ONTVANGSTBEWIJS"),
        (Language::De, "EINSCHREIBEN MIT RÜCKSCHEIN"),
        (Language::En, "REGISTERED, WITH ACKNOWLEDGEMENT OF RECEIPT"),
    ] {
        let mut letter = letter()?;
        (letter.options.registered, letter.options.acknowledgement) = (true, true);
        letter.options.language = language;
        let set = drawn(letter, vec![text("a.txt", 1)], Press::OneSided)?;
        let found = text_in(&set.pdf, 1, WINDOW, folder.path())?;
        assert!(found.contains(word), "{found}");
    }
    Ok(())
}

#[test]
fn the_longest_address_leaves_room_for_a_registered_letters_note() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let nine: Vec<String> = (1..=8).map(|line| format!("Ligne {line} de l’adresse")).collect();
    let mut nine: Vec<&str> = nine.iter().map(String::as_str).collect();
    nine.push("LUXEMBOURG");
    let mut letter = letter()?;
    letter.address = block(&nine, "1000", "BE");
    letter.options.registered = true;
    let set = drawn(letter, vec![text("a.txt", 1)], Press::OneSided)?;
    let found = text_in(&set.pdf, 1, WINDOW, folder.path())?;
    let found: Vec<&str> = found.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(found[1], "RECOMMANDÉ");
    assert_eq!(found[2..], nine);
    let cover = scan(&set.pdf, folder.path())?.swap_remove(0);
    let around = Area { left: 13.0, top: 30.0, width: 110.0, height: 72.0 };
    let ink = cover.extent(around).expect("an address was printed");
    assert!(ink.bottom() <= WINDOW.bottom() - 2.0, "{ink:?}");
    Ok(())
}

#[test]
fn a_document_is_drawn_whole_beside_the_mark() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Upright, turned, landscape A3, a small card: each with its frame.
    let pages = [A4, (595, 842, 90), (1191, 842, 0), (241, 156, 0)];
    let set = drawn(letter()?, vec![pdf("a.pdf", &pages)], Press::OneSided)?;
    let sides = scan(&set.pdf, folder.path())?;
    let beside = Area { left: 12.4, top: 0.0, width: 210.0 - 12.4, height: 297.0 };
    for (side, (width, height, turned)) in sides[1..].iter().zip(pages) {
        let (width, height) = if turned == 90 { (height, width) } else { (width, height) };
        let ink = side.extent(beside).expect("a frame was printed");
        let wanted = width as f32 / height as f32;
        assert!((ink.width / ink.height - wanted).abs() < 0.02, "{ink:?} for {wanted}");
        let mark = side.extent(STRIP).expect("a mark was printed");
        assert!(mark.right() < 12.0 && mark.top > 110.0 && mark.bottom() < 148.0, "{mark:?}");
        assert_eq!(side.marks()?.len(), 1);
    }
    let card = sides[4].extent(beside).expect("a frame was printed");
    assert!((card.width - 85.0).abs() < 1.0, "a card is not enlarged: {card:?}");
    Ok(())
}

#[test]
fn images_become_pages() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Made by the renderer that reads it: a whole sheet in pixels.
    let sheet = drawn(letter()?, vec![text("a.txt", 1)], Press::OneSided)?;
    scan(&sheet.pdf, folder.path())?;
    for (flag, extension, media_type) in
        [("-png", "png", "image/png"), ("-jpeg", "jpg", "image/jpeg")]
    {
        let root = folder.path().join(extension);
        let status = std::process::Command::new("pdftoppm")
            .args(["-r", "60", "-singlefile", flag])
            .args([&folder.path().join("set.pdf"), &root])
            .status()?;
        assert!(status.success());
        let content = std::fs::read(root.with_extension(extension))?;
        let image = Document { name: "i".into(), media_type: media_type.into(), content };
        let set = drawn(letter()?, vec![image], Press::OneSided)?;
        let own = folder.path().join(format!("{extension}-scan"));
        std::fs::create_dir(&own)?;
        let sides = scan(&set.pdf, &own)?;
        let printed = Area { left: 20.0, top: 20.0, width: 170.0, height: 257.0 };
        assert!(sides[1].has_ink(printed), "{media_type}");
        assert_eq!(sides[1].marks()?.iter().filter(|mark| mark.page == 2).count(), 1);
    }
    Ok(())
}
