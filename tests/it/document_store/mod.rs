//! One suite for every place that documents may be kept in: a folder, and an S3
//! store that is not ours. The names begin with the place, so that a run can be
//! shown to have had both.

mod away;
mod cases;
mod memory;
pub(crate) mod places;

use anyhow::Result;

use places::{folder, s3};

/// Makes one test of a case for each place.
macro_rules! on_both_places {
    ($($case:ident: $folder:ident, $s3:ident;)+) => {$(
        #[tokio::test]
        async fn $folder() -> Result<()> {
            cases::$case(&folder()?).await
        }

        #[tokio::test]
        async fn $s3() -> Result<()> {
            cases::$case(&s3().await?).await
        }
    )+};
}

on_both_places! {
    what_was_put_is_read_and_deleted: folder_gives_back_what_it_took, s3_gives_back_what_it_took;
    applications_do_not_meet: folder_keeps_applications_apart, s3_keeps_applications_apart;
    many_are_put: folder_takes_many, s3_takes_many;
    largest_passes_in_pieces: folder_takes_the_largest, s3_takes_the_largest;
    content_at_fault_leaves_nothing: folder_keeps_nothing_faulty, s3_keeps_nothing_faulty;
    uploads_are_claimed_and_swept: folder_is_swept, s3_is_swept;
    it_can_be_proved: folder_proves_fit, s3_proves_fit;
}
