//! Which page comes on which side of which sheet. Pure.

/// How the press prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Front sides alone: no letter of the batch has reverses.
    OneSided,
    /// Both sides of every sheet, since a letter of the batch wants it. A
    /// letter that does not is given blank reverses.
    TwoSided,
}

/// What stands on one side of a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Cover,
    Page { document: usize, page: usize },
    Blank,
}

/// The sides of a set, front, reverse, front, …: the cover sheet first, and
/// every document beginning on a front.
///
/// A press that prints both sides takes the sides two by two, so whatever ends
/// on a front is followed by a blank reverse.
pub(super) fn sides(press: Press, duplex: bool, pages: &[usize]) -> Vec<Side> {
    let mut sides = vec![Side::Cover];
    for (document, count) in pages.iter().enumerate() {
        turn(press, &mut sides);
        for page in 0..*count {
            if !duplex {
                turn(press, &mut sides);
            }
            sides.push(Side::Page { document, page });
        }
    }
    turn(press, &mut sides);
    sides
}

/// Goes on at a front.
fn turn(press: Press, sides: &mut Vec<Side>) {
    if press == Press::TwoSided && sides.len() % 2 == 1 {
        sides.push(Side::Blank);
    }
}

impl Press {
    /// Whether the side at a place, from 0, is the front of its sheet.
    pub(super) fn is_front(self, place: usize) -> bool {
        match self {
            Self::OneSided => true,
            Self::TwoSided => place.is_multiple_of(2),
        }
    }

    /// How many sheets so many sides take.
    pub(super) fn sheets(self, sides: usize) -> usize {
        match self {
            Self::OneSided => sides,
            Self::TwoSided => sides.div_ceil(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// C cover, `-` blank, a1 the first page of the first document.
    fn drawn(press: Press, duplex: bool, pages: &[usize]) -> String {
        let side = |side: &Side| match side {
            Side::Cover => "C".to_owned(),
            Side::Blank => "-".to_owned(),
            Side::Page { document, page } => format!("{}{}", ["a", "b", "c"][*document], page + 1),
        };
        sides(press, duplex, pages).iter().map(side).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn reverses_are_blank_where_simplex_follows_duplex() {
        use Press::{OneSided, TwoSided};
        for (press, duplex, pages, expected) in [
            (OneSided, false, &[2_usize, 1][..], "C a1 a2 b1"),
            (TwoSided, true, &[2, 1], "C - a1 a2 b1 -"),
            (TwoSided, true, &[3, 2], "C - a1 a2 a3 - b1 b2"),
            (TwoSided, false, &[2, 1], "C - a1 - a2 - b1 -"),
            (TwoSided, true, &[], "C -"),
        ] {
            assert_eq!(drawn(press, duplex, pages), expected, "{press:?} {duplex} {pages:?}");
        }
    }

    proptest! {
        #[test]
        fn every_page_is_printed_once_and_every_document_begins_on_a_front(
            pages in prop::collection::vec(1_usize..9, 0..4), duplex: bool, two_sided: bool
        ) {
            // The press prints both sides whenever a letter wants it.
            let press = if two_sided || duplex { Press::TwoSided } else { Press::OneSided };
            let sides = sides(press, duplex, &pages);
            let mut found = Vec::new();
            for (place, side) in sides.iter().enumerate() {
                if let Side::Page { document, page } = side {
                    found.push((*document, *page));
                    prop_assert!(press.is_front(place) || (*page > 0 && duplex));
                }
            }
            let wanted: Vec<_> = pages.iter().enumerate()
                .flat_map(|(document, count)| (0..*count).map(move |page| (document, page)))
                .collect();
            prop_assert_eq!(found, wanted);
            prop_assert!(press == Press::OneSided || sides.len().is_multiple_of(2));
        }
    }
}
