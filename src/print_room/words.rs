//! What the cover sheet says, in the language of the company.

use crate::domain::{Language, PostalPriority};

/// The texts of one language.
pub(super) struct Words {
    pub(super) title: &'static str,
    /// `{sender}` and `{number}` stand for the sender's name and the company's
    /// number.
    pub(super) text: &'static str,
    pub(super) mailbox: &'static str,
    pub(super) enclosed: &'static str,
    pub(super) page: &'static str,
    pub(super) pages: &'static str,
    pub(super) date: &'static str,
    pub(super) company: &'static str,
    pub(super) kind: &'static str,
    pub(super) reference: &'static str,
    pub(super) service: &'static str,
    pub(super) registered: &'static str,
    pub(super) acknowledgement: &'static str,
    pub(super) prior: &'static str,
    pub(super) non_prior: &'static str,
    pub(super) letter: &'static str,
    pub(super) sheets: &'static str,
    pub(super) return_to: &'static str,
}

const FR: Words = Words {
    title: "Documents officiels pour votre entreprise",
    text: "Vous trouverez en annexe, sur papier, les documents que {sender} adresse à l’entreprise \
           portant le numéro {number}.",
    mailbox: "Les mêmes documents se trouvent dans l’e-Box de votre entreprise. Si vous \
              préférez ne plus recevoir de papier, vous pouvez y demander l’envoi \
              exclusivement numérique.",
    enclosed: "Annexes",
    page: "page",
    pages: "pages",
    date: "Date",
    company: "Entreprise",
    kind: "Type de document",
    reference: "Référence",
    service: "Envoi",
    registered: "RECOMMANDÉ",
    acknowledgement: "RECOMMANDÉ AVEC ACCUSÉ DE RÉCEPTION",
    prior: "Prioritaire",
    non_prior: "Non prioritaire",
    letter: "Lettre",
    sheets: "feuilles",
    return_to: "Retour",
};

const NL: Words = Words {
    title: "Officiële documenten voor uw onderneming",
    text: "Als bijlage vindt u op papier de documenten die {sender} richt aan de onderneming met \
           nummer {number}.",
    mailbox: "Dezelfde documenten staan in de e-Box van uw onderneming. Wilt u geen papier meer \
              ontvangen, dan kunt u daar kiezen voor uitsluitend digitale verzending.",
    enclosed: "Bijlagen",
    page: "pagina",
    pages: "pagina’s",
    date: "Datum",
    company: "Onderneming",
    kind: "Soort document",
    reference: "Referentie",
    service: "Zending",
    registered: "AANGETEKEND",
    acknowledgement: "AANGETEKEND MET ONTVANGSTBEWIJS",
    prior: "Prior",
    non_prior: "Non-prior",
    letter: "Brief",
    sheets: "bladen",
    return_to: "Retour",
};

const DE: Words = Words {
    title: "Amtliche Dokumente für Ihr Unternehmen",
    text: "Anbei erhalten Sie auf Papier die Dokumente, die {sender} an das Unternehmen mit der \
           Nummer {number} richtet.",
    mailbox: "Dieselben Dokumente liegen in der e-Box Ihres Unternehmens. Wenn Sie kein Papier \
              mehr wünschen, können Sie dort den ausschließlich digitalen Versand wählen.",
    enclosed: "Anlagen",
    page: "Seite",
    pages: "Seiten",
    date: "Datum",
    company: "Unternehmen",
    kind: "Art des Dokuments",
    reference: "Referenz",
    service: "Sendung",
    registered: "EINSCHREIBEN",
    acknowledgement: "EINSCHREIBEN MIT RÜCKSCHEIN",
    prior: "Prioritär",
    non_prior: "Nicht prioritär",
    letter: "Brief",
    sheets: "Blätter",
    return_to: "Zurück an",
};

const EN: Words = Words {
    title: "Official documents for your company",
    text: "Enclosed you find, on paper, the documents that {sender} addresses to the company with \
           number {number}.",
    mailbox: "The same documents lie in your company’s e-Box. If you would rather have no paper, \
              you can ask there for delivery in digital form only.",
    enclosed: "Enclosed",
    page: "page",
    pages: "pages",
    date: "Date",
    company: "Company",
    kind: "Type of document",
    reference: "Reference",
    service: "Sent as",
    registered: "REGISTERED",
    acknowledgement: "REGISTERED, WITH ACKNOWLEDGEMENT OF RECEIPT",
    prior: "Priority",
    non_prior: "Non-priority",
    letter: "Letter",
    sheets: "sheets",
    return_to: "Return to",
};

impl Words {
    /// The texts in a language.
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::Fr => &FR,
            Language::Nl => &NL,
            Language::De => &DE,
            Language::En => &EN,
        }
    }

    /// So many pages.
    pub(super) fn count(&self, pages: usize) -> String {
        format!("{pages} {}", if pages == 1 { self.page } else { self.pages })
    }

    /// The post's speed.
    pub(super) fn priority(&self, priority: PostalPriority) -> &'static str {
        match priority {
            PostalPriority::Prior => self.prior,
            PostalPriority::NonPrior => self.non_prior,
        }
    }

    /// What stands above the address of a registered item.
    pub(super) fn proof(&self, registered: bool, acknowledgement: bool) -> Option<&'static str> {
        match (registered, acknowledgement) {
            (true, true) => Some(self.acknowledgement),
            (true, false) => Some(self.registered),
            (false, _) => None,
        }
    }
}
