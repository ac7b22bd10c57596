//! Signed links: who may claim which job, and until when.
//!
//! The token is `printer.expiry.mac`: printer and MAC in base64url, the expiry
//! in seconds since 1970. The MAC is HMAC-SHA-256 (RFC 2104) over job, printer
//! and expiry, under a key that all engines share.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use uuid::Uuid;

/// Writes and reads links.
#[derive(Clone)]
pub struct Links {
    base: String,
    key: Vec<u8>,
    lifetime: SignedDuration,
}

/// Why a link opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It is not ours, or not for this job.
    #[error("the link is not valid for this job")]
    Forged,
    /// Its time is over; a new ticket follows for what was not claimed.
    #[error("the link has expired")]
    Expired,
}

impl Links {
    /// Links below an address, under a key, that hold for so long.
    #[must_use]
    pub fn new(base: &str, key: Vec<u8>, lifetime: SignedDuration) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), key, lifetime }
    }

    /// How long they hold.
    #[must_use]
    pub fn lifetime(&self) -> SignedDuration {
        self.lifetime
    }

    /// A link by which a printer claims a job, and when it ends.
    #[must_use]
    pub fn write(&self, job: Uuid, printer: &str, now: Timestamp) -> (String, Timestamp) {
        let expiry = (now + self.lifetime).as_second();
        let mac = self.mac(job, printer, expiry).finalize().into_bytes();
        let token = format!("{}.{expiry}.{}", BASE64.encode(printer), BASE64.encode(mac));
        let link = format!("{}/printers/jobs/{job}/package?token={token}", self.base);
        (link, Timestamp::from_second(expiry).unwrap_or(Timestamp::MAX))
    }

    /// The printer that a token names for a job.
    ///
    /// # Errors
    /// When the token is not ours, or its time is over.
    pub fn read(&self, job: Uuid, token: &str, now: Timestamp) -> Result<String, LinkError> {
        let mut parts = token.split('.');
        let (Some(printer), Some(expiry), Some(mac), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(LinkError::Forged);
        };
        let printer = BASE64.decode(printer).ok().and_then(|it| String::from_utf8(it).ok());
        let printer = printer.ok_or(LinkError::Forged)?;
        let expiry: i64 = expiry.parse().map_err(|_| LinkError::Forged)?;
        let mac = BASE64.decode(mac).map_err(|_| LinkError::Forged)?;
        // Compares in constant time.
        self.mac(job, &printer, expiry).verify_slice(&mac).map_err(|_| LinkError::Forged)?;
        if now.as_second() > expiry { Err(LinkError::Expired) } else { Ok(printer) }
    }

    fn mac(&self, job: Uuid, printer: &str, expiry: i64) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("any key will do");
        mac.update(job.as_bytes());
        mac.update(&expiry.to_be_bytes());
        mac.update(printer.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_its_job_for_its_printer_in_its_time() {
        let links = Links::new("http://x/", vec![7; 32], SignedDuration::from_hours(1));
        let (job, now) = (Uuid::from_u128(1), "2026-06-01T12:00:00Z".parse().unwrap());
        let (link, until) = links.write(job, "namur", now);
        assert!(
            link.starts_with(&format!("http://x/printers/jobs/{job}/package?token=")),
            "{link}"
        );
        let token = link.split_once("token=").unwrap().1;
        assert_eq!(links.read(job, token, now).as_deref(), Ok("namur"));
        assert_eq!(links.read(job, token, until).as_deref(), Ok("namur"));
        let later = until + SignedDuration::from_secs(1);
        assert_eq!(links.read(job, token, later), Err(LinkError::Expired));
        assert_eq!(links.read(Uuid::from_u128(2), token, now), Err(LinkError::Forged));
        let (_, rest) = token.split_once('.').unwrap();
        let other = format!("{}.{rest}", BASE64.encode("liege"));
        assert_eq!(links.read(job, &other, now), Err(LinkError::Forged));
        for broken in ["", "a.b", "a.b.c", "a.b.c.d"] {
            assert_eq!(links.read(job, broken, now), Err(LinkError::Forged), "{broken:?}");
        }
        let strange = Links::new("http://x", vec![8; 32], SignedDuration::from_hours(1));
        assert_eq!(strange.read(job, token, now), Err(LinkError::Forged));
    }
}
