//! Twelve agencies, one with two applications, and what they send.
//!
//! Types and applications look like those of the real mailbox; companies and
//! persons are invented.

/// A simulated agency: an organization with one application.
pub struct Agency {
    /// Enterprise number of the organization.
    pub organization: &'static str,
    /// Its name in French, Dutch, German and English.
    pub names: [&'static str; 4],
    /// Its application.
    pub application: &'static str,
    /// The online service its types belong to.
    pub service: &'static str,
    /// What it sends.
    pub types: &'static [Kind],
    /// How much of all mail comes from here.
    pub weight: u32,
}

impl Agency {
    /// The name of its online service in French, Dutch, German and English.
    #[must_use]
    pub fn service_names(&self) -> [&'static str; 4] {
        match self.service {
            "dimona" => ["Dimona"; 4],
            "dmfa" => ["DmfA"; 4],
            "holidays" => {
                ["Vacances annuelles", "Jaarlijkse vakantie", "Jahresurlaub", "Annual holidays"]
            }
            "taxation" => ["Impôts", "Belastingen", "Steuern", "Taxes"],
            "filings" => [
                "Dépôt des comptes",
                "Neerlegging van rekeningen",
                "Jahresabschlüsse",
                "Filing of accounts",
            ],
            "incapacity" => [
                "Incapacité de travail",
                "Arbeidsongeschiktheid",
                "Arbeitsunfähigkeit",
                "Incapacity for work",
            ],
            "accidents" => {
                ["Accidents du travail", "Arbeidsongevallen", "Arbeitsunfälle", "Work accidents"]
            }
            "permits" => ["Permis", "Vergunningen", "Genehmigungen", "Permits"],
            "procurement" => [
                "Marchés publics",
                "Overheidsopdrachten",
                "Öffentliche Aufträge",
                "Public procurement",
            ],
            "food" => [
                "Sécurité alimentaire",
                "Voedselveiligheid",
                "Lebensmittelsicherheit",
                "Food safety",
            ],
            _ => self.names,
        }
    }
}

/// A simulated message type.
pub struct Kind {
    /// Its id.
    pub id: &'static str,
    /// Its name in French, Dutch, German and English; also the subjects' beginning.
    pub names: [&'static str; 4],
    /// 1 or 2.
    pub level: u8,
    /// `exists`, `none` or `only`.
    pub form: &'static str,
    /// Whether registered items stay on paper.
    pub registered_on_paper: bool,
}

const fn kind(id: &'static str, names: [&'static str; 4], level: u8) -> Kind {
    Kind { id, names, level, form: "exists", registered_on_paper: false }
}

/// The agencies, the one with most mail first.
pub const AGENCIES: &[Agency] = &[
    Agency {
        organization: "0206731645",
        names: [
            "Office national de sécurité sociale",
            "Rijksdienst voor Sociale Zekerheid",
            "Landesamt für Soziale Sicherheit",
            "National Social Security Office",
        ],
        application: "onss:dimona:notification",
        service: "dimona",
        types: &[
            kind(
                "DIMONA1",
                [
                    "Notification Dimona",
                    "Dimona-kennisgeving",
                    "Dimona-Mitteilung",
                    "Dimona notification",
                ],
                1,
            ),
            kind(
                "DIMONA-ANOMALY",
                ["Anomalie Dimona", "Dimona-anomalie", "Dimona-Anomalie", "Dimona anomaly"],
                2,
            ),
        ],
        weight: 30,
    },
    Agency {
        organization: "0206731645",
        names: [
            "Office national de sécurité sociale",
            "Rijksdienst voor Sociale Zekerheid",
            "Landesamt für Soziale Sicherheit",
            "National Social Security Office",
        ],
        application: "onss:dmfa:declaration",
        service: "dmfa",
        types: &[
            kind(
                "DMFA-RECEIPT",
                [
                    "Accusé de réception DmfA",
                    "Ontvangstbewijs DmfA",
                    "Empfangsbestätigung DmfA",
                    "DmfA acknowledgement",
                ],
                2,
            ),
            kind(
                "DMFA-CONTRIBUTIONS",
                [
                    "Calcul des cotisations",
                    "Berekening van de bijdragen",
                    "Berechnung der Beiträge",
                    "Calculation of contributions",
                ],
                2,
            ),
            Kind {
                id: "C30bister2",
                names: [
                    "Avis de cotisation",
                    "Bijdragebericht",
                    "Beitragsbescheid",
                    "Contribution notice",
                ],
                level: 1,
                form: "exists",
                registered_on_paper: true,
            },
        ],
        weight: 20,
    },
    Agency {
        organization: "0212148896",
        names: [
            "Office national des vacances annuelles",
            "Rijksdienst voor Jaarlijkse Vakantie",
            "Landesamt für den Jahresurlaub",
            "National Office for Annual Holidays",
        ],
        application: "rjv-onva:workerholidayrights:cova2",
        service: "holidays",
        types: &[
            kind(
                "YearlyVacationAccountExtract",
                [
                    "Extrait de compte annuel de vacances",
                    "Jaarlijks uittreksel van de vakantierekening",
                    "Jährlicher Auszug des Urlaubskontos",
                    "Annual statement of the holiday account",
                ],
                1,
            ),
            kind(
                "YearlyVacationFiscalCertificate",
                [
                    "Attestation fiscale de vacances",
                    "Fiscaal vakantieattest",
                    "Steuerbescheinigung für Urlaub",
                    "Holiday tax certificate",
                ],
                1,
            ),
        ],
        weight: 8,
    },
    Agency {
        organization: "0308357159",
        names: ["SPF Finances", "FOD Financiën", "FÖD Finanzen", "FPS Finance"],
        application: "db2b.FISC.fgov.be",
        service: "taxation",
        types: &[
            kind(
                "VAT-ASSESSMENT",
                ["Décompte de TVA", "Btw-afrekening", "Mehrwertsteuerabrechnung", "VAT statement"],
                1,
            ),
            kind(
                "CORPORATE-TAX-NOTICE",
                [
                    "Avertissement-extrait de rôle",
                    "Aanslagbiljet",
                    "Steuerbescheid",
                    "Tax assessment notice",
                ],
                2,
            ),
        ],
        weight: 14,
    },
    Agency {
        organization: "0316380841",
        names: ["SPF Économie", "FOD Economie", "FÖD Wirtschaft", "FPS Economy"],
        application: "economie:cbe:register",
        service: "register",
        types: &[kind(
            "REGISTER-EXTRACT",
            [
                "Extrait du registre",
                "Uittreksel uit het register",
                "Registerauszug",
                "Extract from the register",
            ],
            1,
        )],
        weight: 4,
    },
    Agency {
        organization: "0207372439",
        names: ["SPF Emploi", "FOD Werkgelegenheid", "FÖD Beschäftigung", "FPS Employment"],
        application: "db2b.SPFETCS-FODWASO.fgov.be",
        service: "inspection",
        types: &[
            kind(
                "SpfFodSocialElections",
                ["Élections sociales", "Sociale verkiezingen", "Sozialwahlen", "Social elections"],
                1,
            ),
            kind(
                "LABOUR-INSPECTION",
                [
                    "Inspection du travail",
                    "Arbeidsinspectie",
                    "Arbeitsinspektion",
                    "Labour inspection",
                ],
                2,
            ),
        ],
        weight: 4,
    },
    Agency {
        organization: "0203201340",
        names: ["Banque nationale", "Nationale Bank", "Nationalbank", "National Bank"],
        application: "bnb:filing:notices",
        service: "filings",
        types: &[Kind {
            id: "FILING-NOTICE",
            names: [
                "Avis de dépôt des comptes",
                "Kennisgeving van neerlegging",
                "Hinterlegungsmitteilung",
                "Accounts filing notice",
            ],
            level: 1,
            form: "only",
            registered_on_paper: false,
        }],
        weight: 3,
    },
    Agency {
        organization: "0206737484",
        names: [
            "Office national de l'emploi",
            "Rijksdienst voor Arbeidsvoorziening",
            "Landesamt für Arbeitsbeschaffung",
            "National Employment Office",
        ],
        application: "employment:job-attest:werkkaart",
        service: "activation",
        types: &[kind(
            "WK1-ACTIVA",
            ["Carte Activa", "Activa-kaart", "Activa-Karte", "Activa card"],
            2,
        )],
        weight: 5,
    },
    Agency {
        organization: "0206653946",
        names: [
            "Institut national d'assurance maladie",
            "Rijksinstituut voor ziekteverzekering",
            "Landesinstitut für Krankenversicherung",
            "National Institute for Health Insurance",
        ],
        application: "inami:incapacity:flow",
        service: "incapacity",
        types: &[kind(
            "INCAPACITY-NOTICE",
            [
                "Incapacité de travail",
                "Arbeidsongeschiktheid",
                "Arbeitsunfähigkeit",
                "Incapacity for work",
            ],
            2,
        )],
        weight: 4,
    },
    Agency {
        organization: "0207494678",
        names: ["Fedris", "Fedris", "Fedris", "Fedris"],
        application: "fedris:accidents:reports",
        service: "accidents",
        types: &[kind(
            "ACCIDENT-DECISION",
            [
                "Décision accident du travail",
                "Beslissing arbeidsongeval",
                "Entscheidung Arbeitsunfall",
                "Decision on a work accident",
            ],
            2,
        )],
        weight: 3,
    },
    Agency {
        organization: "0216380472",
        names: ["Région de la Vallée", "Dalgewest", "Talregion", "Valley Region"],
        application: "region:permits:env",
        service: "permits",
        types: &[
            kind(
                "ENVIRONMENT-PERMIT",
                [
                    "Permis d'environnement",
                    "Omgevingsvergunning",
                    "Umweltgenehmigung",
                    "Environmental permit",
                ],
                1,
            ),
            Kind {
                id: "SEALED-DEED",
                names: ["Acte scellé", "Verzegelde akte", "Versiegelte Urkunde", "Sealed deed"],
                level: 1,
                form: "none",
                registered_on_paper: false,
            },
        ],
        weight: 3,
    },
    Agency {
        organization: "0240893560",
        names: [
            "Marché public fédéral",
            "Federale overheidsopdrachten",
            "Föderale Vergabestelle",
            "Federal Procurement",
        ],
        application: "procurement:awards",
        service: "procurement",
        types: &[kind(
            "AWARD-NOTICE",
            ["Avis d'attribution", "Gunningsbericht", "Zuschlagsbekanntmachung", "Award notice"],
            1,
        )],
        weight: 2,
    },
    Agency {
        organization: "0267387230",
        names: [
            "Agence pour la sécurité de la chaîne alimentaire",
            "Agentschap voor de veiligheid van de voedselketen",
            "Agentur für die Sicherheit der Nahrungsmittelkette",
            "Agency for the Safety of the Food Chain",
        ],
        application: "afsca:inspections:reports",
        service: "food",
        types: &[kind(
            "FOOD-INSPECTION",
            ["Rapport d'inspection", "Inspectieverslag", "Kontrollbericht", "Inspection report"],
            1,
        )],
        weight: 2,
    },
];

impl Agency {
    /// The broker account of its application.
    #[must_use]
    pub fn account(&self) -> String {
        format!("account-{}", self.application.replace([':', '.'], "-").to_lowercase())
    }
}
