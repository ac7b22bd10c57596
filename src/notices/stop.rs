//! The link by which whoever gets a notice stops the next ones, without
//! signing in: signed, good for one box and the address it was sent to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::EnterpriseNumber;
use crate::ledger::{Ledger, LedgerError, address_tag};

/// Writes and reads the links.
pub struct StopLinks {
    base_url: String,
    key: Vec<u8>,
}

/// Whom a link speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// Whose box.
    pub enterprise: EnterpriseNumber,
    /// What stands for the address.
    pub tag: [u8; 8],
}

impl StopLinks {
    /// Links to the pages at `base_url`, under the installation's own key.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn open(ledger: &Ledger, base_url: &str) -> Result<Self, LedgerError> {
        Ok(Self::new(base_url, ledger.secret("notices", rand::random()).await?))
    }

    pub(super) fn new(base_url: &str, key: Vec<u8>) -> Self {
        Self { base_url: base_url.to_owned(), key }
    }

    /// The link for a box and the address that is told.
    #[must_use]
    pub fn write(&self, enterprise: EnterpriseNumber, address: &str) -> String {
        let told = Addressee { enterprise, tag: address_tag(address) };
        let mac = self.mac(told).finalize().into_bytes();
        let (tag, mac) = (BASE64.encode(told.tag), BASE64.encode(mac));
        format!("{}/notices/stop?token={enterprise}.{tag}.{mac}", self.base_url)
    }

    /// Whom a token speaks of; none when it is not ours.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<Addressee> {
        let mut parts = token.split('.');
        let (enterprise, tag, mac) = (parts.next()?, parts.next()?, parts.next()?);
        let tag = BASE64.decode(tag).ok()?.try_into().ok()?;
        let told = Addressee { enterprise: enterprise.parse().ok()?, tag };
        // Compares in constant time.
        self.mac(told).verify_slice(&BASE64.decode(mac).ok()?).ok()?;
        parts.next().is_none().then_some(told)
    }

    fn mac(&self, told: Addressee) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("any key will do");
        mac.update(&told.enterprise.value().to_be_bytes());
        mac.update(&told.tag);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_speaks_of_one_box_and_one_address() {
        let links = StopLinks::new("https://box.example", vec![7; 32]);
        let number: EnterpriseNumber = "0852093431".parse().unwrap();
        let link = links.write(number, "a@b.example");
        let token = link.split_once("/notices/stop?token=").unwrap().1;
        assert_eq!(
            links.read(token),
            Some(Addressee { enterprise: number, tag: address_tag("a@b.example") })
        );
        let other = links.write("0406798006".parse().unwrap(), "a@b.example");
        let other = other.rsplit_once('.').unwrap().0;
        let forged = format!("{other}.{}", token.rsplit_once('.').unwrap().1);
        for wrong in ["", "0852093431", "a.b.c", &forged, &format!("{token}.x")] {
            assert_eq!(links.read(wrong), None, "{wrong}");
        }
        assert_eq!(StopLinks::new("https://box.example", vec![8; 32]).read(token), None);
    }
}
