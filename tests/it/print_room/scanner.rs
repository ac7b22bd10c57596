//! What a scanner sees: poppler's pixels, libdmtx's reading.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use facteur::print_room::layout::Area;
use facteur::print_room::mark::Mark;

/// Dots an inch: what an office scanner gives.
const DPI: f32 = 200.0;
/// Left of where documents are drawn, in millimetres.
const STRIP: f32 = 12.4;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sheet has 2,339")]
fn dots(length: f32) -> usize {
    (length / 25.4 * DPI) as usize
}

/// A side of a sheet, in grey.
pub(crate) struct Scan {
    width: usize,
    pixels: Vec<u8>,
    /// For libdmtx.
    path: PathBuf,
}

/// Renders every side of a PDF into a folder.
pub(crate) fn scan(pdf: &[u8], folder: &Path) -> Result<Vec<Scan>> {
    let path = folder.join("set.pdf");
    fs::write(&path, pdf)?;
    render(&path, &folder.join("side"), &[])?;
    scans(folder)
}

/// The mark on each side of these sets that has one: the first that is found
/// in the strip at its left edge, the only place that is rendered.
pub(crate) fn marks_on(sets: &[PathBuf]) -> Result<Vec<Mark>> {
    let folder = tempfile::tempdir()?;
    let (width, height) = (dots(STRIP).to_string(), dots(297.0).to_string());
    let strip = ["-x", "0", "-y", "0", "-W", &width, "-H", &height];
    for (place, set) in sets.iter().enumerate() {
        render(set, &folder.path().join(place.to_string()), &strip)?;
    }
    let mut sides = scans(folder.path())?;
    // A blank strip is searched for longer than a mark.
    sides.retain(|side| side.pixels.iter().any(|grey| is_ink(*grey)));
    let first = read_marks(&["-N1"], &sides.iter().map(|side| &side.path).collect::<Vec<_>>())?;
    if first.len() == sides.len() {
        return Ok(first);
    }
    // Which of them gave none is not said: each is searched through.
    let marks = sides.iter().map(Scan::marks).collect::<Result<Vec<_>>>()?;
    Ok(marks.into_iter().filter_map(|marks| marks.first().copied()).collect())
}

fn render(pdf: &Path, root: &Path, more: &[&str]) -> Result<()> {
    let mut command = Command::new("pdftoppm");
    command.args(["-r", &DPI.to_string(), "-gray"]).args(more).arg(pdf).arg(root);
    run(&mut command).map(drop)
}

/// The sides that were rendered into a folder, in order.
fn scans(folder: &Path) -> Result<Vec<Scan>> {
    let mut sides: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "pgm"))
        .collect();
    // The numbers are padded.
    sides.sort();
    sides.into_iter().map(Scan::read).collect()
}

fn is_ink(grey: u8) -> bool {
    grey < 200
}

/// What libdmtx reads on some images, each mark on a line.
fn read_marks(how: &[&str], images: &[&PathBuf]) -> Result<Vec<Mark>> {
    if images.is_empty() {
        // It would want one on its standard input.
        return Ok(Vec::new());
    }
    // It answers 1 where it finds none.
    let output = Command::new("dmtxread")
        .arg("-n")
        .args(how)
        .args(images)
        .output()
        .context("dmtxread is missing: apt-get install dmtx-utils")?;
    let text = String::from_utf8(output.stdout)?;
    text.lines().map(|line| Ok(line.parse()?)).collect()
}

/// The text that poppler reads in an area of a page, from 1.
pub(crate) fn text(pdf: &[u8], page: usize, area: Area, folder: &Path) -> Result<String> {
    let path = folder.join("text.pdf");
    fs::write(&path, pdf)?;
    let points = |length: f32| format!("{:.0}", length / 25.4 * 72.0);
    let page = page.to_string();
    let (x, y, width, height) =
        (points(area.left), points(area.top), points(area.width), points(area.height));
    let mut command = Command::new("pdftotext");
    command.args(["-f", &page, "-l", &page, "-x", &x, "-y", &y, "-W", &width, "-H", &height]);
    run(command.args(["-layout"]).arg(&path).arg("-"))
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| {
        format!("{} is missing: apt-get install poppler-utils dmtx-utils", program(command))
    })?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {} {error}", program(command), output.status);
    Ok(String::from_utf8(output.stdout)?)
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

impl Scan {
    /// A PGM (`P5`, eight bits).
    fn read(path: PathBuf) -> Result<Self> {
        let bytes = fs::read(&path)?;
        let mut parts = bytes.splitn(4, u8::is_ascii_whitespace);
        let mut part = || parts.next().context("no PGM");
        ensure!(part()? == b"P5", "no PGM");
        let width: usize = std::str::from_utf8(part()?)?.parse()?;
        let _height = part()?;
        let rest = part()?;
        let start = rest.iter().position(u8::is_ascii_whitespace).context("no PGM")? + 1;
        Ok(Self { width, pixels: rest[start..].to_vec(), path })
    }

    /// Whether anything is printed in an area.
    pub(crate) fn has_ink(&self, area: Area) -> bool {
        self.ink().any(|(x, y)| {
            (area.left..area.right()).contains(&x) && (area.top..area.bottom()).contains(&y)
        })
    }

    /// The smallest area that holds all that is printed in another.
    pub(crate) fn extent(&self, within: Area) -> Option<Area> {
        let dots: Vec<(f32, f32)> = self
            .ink()
            .filter(|(x, y)| {
                (within.left..within.right()).contains(x)
                    && (within.top..within.bottom()).contains(y)
            })
            .collect();
        let least = |of: fn(&(f32, f32)) -> f32| dots.iter().map(of).reduce(f32::min);
        let most = |of: fn(&(f32, f32)) -> f32| dots.iter().map(of).reduce(f32::max);
        let (left, top) = (least(|dot| dot.0)?, least(|dot| dot.1)?);
        let (right, bottom) = (most(|dot| dot.0)?, most(|dot| dot.1)?);
        Some(Area { left, top, width: right - left, height: bottom - top })
    }

    /// Millimetres of every dark dot.
    fn ink(&self) -> impl Iterator<Item = (f32, f32)> {
        let mm = |dots: usize| dots as f32 / DPI * 25.4;
        let dark = self.pixels.iter().enumerate().filter(|(_, grey)| is_ink(**grey));
        dark.map(move |(place, _)| (mm(place % self.width), mm(place / self.width)))
    }

    /// Every mark in the strip at the left edge, where a reader on the line
    /// looks.
    pub(crate) fn marks(&self) -> Result<Vec<Mark>> {
        let path = self.path.with_extension("strip.pgm");
        fs::write(&path, self.strip())?;
        read_marks(&[], &[&path])
    }

    /// Everything left of where documents are drawn, as PGM.
    fn strip(&self) -> Vec<u8> {
        let width = dots(STRIP).min(self.width);
        let mut strip = format!("P5 {width} {} 255\n", self.pixels.len() / self.width).into_bytes();
        self.pixels.chunks(self.width).for_each(|line| strip.extend(&line[..width]));
        strip
    }
}
